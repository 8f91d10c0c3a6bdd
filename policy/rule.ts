import type {
  EnforcementLevel,
  PolicyConfigSchema,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  Severity,
} from "@pulumi/policy";

import { formatProblem } from "../runtime/contract/errors.ts";
import type { Problem } from "../runtime/contract/errors.ts";

/** A resource as the engine shows it to a policy, before anything happens to it. */
export interface CheckedResource {
  /** Pulumi's type, such as `azure-native:eventgrid:Namespace`. */
  readonly type: string;
  /** Name of the stack. */
  readonly stack: string;
  /** Inputs; reading one that only the deployment tells ends the rule, which Pulumi then reports as not run. */
  readonly props: Inputs;
}

/** The inputs of any resource: written by others, so that nothing of it is certain. */
export interface Inputs {
  readonly [name: string]: unknown;
}

/** Something that a platform team asks of every stack. */
export interface Rule {
  readonly name: string;
  readonly description: string;
  /** Where the rule comes from, with its date. */
  readonly source: string;
  readonly enforcementLevel: EnforcementLevel;
  readonly severity: Severity;
  /** What a team can set for the rule, with its defaults. */
  readonly configSchema?: PolicyConfigSchema;
  /** Lists what is wrong with a resource; empty when all is well or the rule is about other types. */
  readonly check: (resource: CheckedResource, config: Inputs) => Problem[];
}

/** Makes a rule what Pulumi's policy server runs; every problem is a violation of its own. */
export function buildPolicy({ check, source, configSchema, ...rule }: Rule): ResourceValidationPolicy {
  return {
    ...rule,
    description: `${rule.description} Source: ${source}`,
    ...(configSchema === undefined ? {} : { configSchema }),
    validateResource: (args: ResourceValidationArgs, reportViolation) => {
      const { type, urn, props } = args;
      const config = { ...defaultsOf(configSchema), ...args.getConfig<Inputs>() };
      for (const problem of check({ type, stack: stackOf(urn), props }, config))
        reportViolation(formatProblem(problem));
    },
  };
}

/** The engine fills in defaults only where a configuration is given. */
function defaultsOf(schema: PolicyConfigSchema | undefined): Inputs {
  return Object.fromEntries(
    Object.entries(schema?.properties ?? {}).map(([name, { default: value }]) => [name, value]),
  );
}

/** `urn:pulumi:<stack>::<project>::…` → `<stack>` */
function stackOf(urn: string): string {
  return /^urn:pulumi:([^:]+)::/.exec(urn)?.[1] ?? "";
}
