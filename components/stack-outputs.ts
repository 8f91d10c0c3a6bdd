import * as pulumi from "@pulumi/pulumi";

import { ConfigError } from "../runtime/contract/errors.ts";
import type { Problem } from "../runtime/contract/errors.ts";
import { keepText } from "./keep-text.ts";

/** One output of a stack. */
export interface OutputDescription {
  /** A text, or texts by name: `{"telemetry": "/subscriptions/…"}`. */
  readonly type: "text" | "texts";
  /** What it is, for the message that asks for it. */
  readonly description: string;
}

/** The outputs that one stack promises to others. What it exports beyond them is its own. */
export interface OutputContract {
  /** Raised when an output changes its meaning or goes; the output `contractVersion` has it, and 1 where there is none. */
  readonly version: number;
  /**
   * Oldest version whose stacks have all of these outputs, in the same meaning: they can be read too.
   * @default the contract's own version
   */
  readonly readsFrom?: number;
  readonly outputs: { readonly [name: string]: OutputDescription };
}

/** The outputs of a contract, as they are when they are known. */
export type StackOutputs<C extends OutputContract> = {
  readonly [K in keyof C["outputs"]]: C["outputs"][K]["type"] extends "text"
    ? string
    : { readonly [name: string]: string };
};

/** The outputs of a contract, as resources take them. */
export type StackOutputInputs<C extends OutputContract> = {
  readonly [K in keyof C["outputs"]]: pulumi.Output<StackOutputs<C>[K]>;
};

/**
 * Takes the outputs of a stack.
 * @param who the stack in messages: `platform stack "contoso/platform/oslo"`
 * @throws {ConfigError} naming the stack, each output that is missing or of another type, and what it should be
 */
export function parseOutputs<C extends OutputContract>(
  who: string,
  contract: C,
  values: { readonly [name: string]: unknown },
): StackOutputs<C> {
  const problems = [
    ...checkVersion(contract, values["contractVersion"]),
    ...Object.entries(contract.outputs).flatMap(([name, output]) => checkOutput(name, output, values[name])),
  ];
  if (problems.length > 0) throw new ConfigError(who, problems);
  return values as StackOutputs<C>;
}

function checkVersion({ version, readsFrom = version }: OutputContract, given: unknown): Problem[] {
  // A stack that says nothing is of version 1.
  const found = given ?? 1;
  if (typeof found === "number" && found >= readsFrom && found <= version) return [];
  const read = readsFrom === version ? `version ${version}` : `versions ${readsFrom} to ${version}`;
  const problem = `is ${JSON.stringify(found)}, and this program reads ${read} of these outputs`;
  const remedy = "deploy that stack and this program with releases that go together";
  return [{ path: "contractVersion", problem, remedy }];
}

function checkOutput(name: string, { type, description }: OutputDescription, value: unknown): Problem[] {
  if (type === "text" ? isText(value) : isTexts(value)) return [];
  const wanted = type === "text" ? "a text" : "texts by name";
  const remedy = `export this output there as ${wanted}: ${description}`;
  return [{ path: name, problem: describe(type, value), remedy }];
}

function describe(type: OutputDescription["type"], value: unknown): string {
  if (value === undefined) return "is missing";
  if (value === "") return "is empty";
  const kind = Array.isArray(value) ? "a list" : typeof value;
  return type === "text" ? `is no text but ${kind}` : `is no texts by name but ${kind}`;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isTexts(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(isText);
}

/**
 * Reads the outputs of a stack; what is missing there ends the deployment without a stack trace.
 * @param kind what the stack is, for messages: `platform`
 */
export function referToOutputs<C extends OutputContract>(
  kind: string,
  stack: string,
  contract: C,
): StackOutputInputs<C> {
  const reference = new pulumi.StackReference(stack);
  const names = ["contractVersion", ...Object.keys(contract.outputs)];
  // Output by output: taken together they would all be secret as soon as one of that stack's is.
  const outputs = Object.fromEntries(names.map((name) => [name, reference.getOutput(name) as pulumi.Output<unknown>]));
  const parsed = pulumi.all(outputs).apply((values) => {
    try {
      return parseOutputs(`${kind} stack "${stack}"`, contract, values);
    } catch (error) {
      throw error instanceof ConfigError ? keepText(new pulumi.RunError(error.message)) : error;
    }
  }) as pulumi.Output<{ readonly [name: string]: unknown }>;
  return Object.fromEntries(
    Object.keys(contract.outputs).map((name) => [name, parsed.apply((known) => known[name])]),
  ) as unknown as StackOutputInputs<C>;
}

/** The JSON Schema of a stack's outputs, for readers that are no Pulumi programs. @see JSON Schema 2020-12 */
export function outputSchema(title: string, { version, readsFrom = version, outputs }: OutputContract): object {
  const text = { type: "string", minLength: 1 } as const;
  const properties = Object.entries(outputs).map(([name, { type, description }]) => [
    name,
    type === "text" ? { ...text, description } : { type: "object", additionalProperties: text, description },
  ]);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title,
    type: "object",
    properties: {
      contractVersion: readsFrom === version ? { const: version } : { enum: range(readsFrom, version) },
      ...(Object.fromEntries(properties) as { [name: string]: object }),
    },
    required: [...(readsFrom === 1 ? [] : ["contractVersion"]), ...Object.keys(outputs)],
  };
}

/** Whole numbers, both bounds inclusive. */
function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
