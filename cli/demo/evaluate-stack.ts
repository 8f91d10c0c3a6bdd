import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";

import * as pulumi from "@pulumi/pulumi";

import { describeError } from "../../runtime/contract/errors.ts";
import { readStackConfig } from "./stack-file.ts";

/** A resource that the program declared, as the provider would have got it. */
export interface DeclaredResource {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What the stack program needs from elsewhere and does not decide itself. */
export interface DemoAnswers {
  /** Host name that Event Grid gives to a namespace. */
  readonly hostname: string;
  /** Outputs of whatever stack the program refers to, by output name. */
  readonly platform: Readonly<Record<string, unknown>>;
}

/** What came of running the program. */
export interface Evaluation {
  /** What providers would create; components, and what only reads, are not in it. */
  readonly resources: readonly DeclaredResource[];
  /** Stacks that it refers to. */
  readonly references: readonly string[];
  /** Warnings of its components, each once. */
  readonly warnings: readonly string[];
}

const project = "mqtt-dataflow";

/**
 * Runs the stack program in this process, with its settings of one environment, and records what it declares. Nothing
 * is created: no Pulumi command line and no cloud take part. Runs once in a process, since a program is a module.
 *
 * @param stackFile a `Pulumi.<environment>.yaml`
 * @throws with all that the program refuses, in its own words
 */
export async function evaluateStack(stackFile: string, environment: string, answers: DemoAnswers): Promise<Evaluation> {
  const config = await readStackConfig(stackFile);
  const resources: DeclaredResource[] = [];
  const references: string[] = [];
  const newResource = ({ type, name, inputs, id, custom }: pulumi.runtime.MockResourceArgs) => {
    if (type === "pulumi:pulumi:StackReference") {
      references.push(name);
      return { id: name, state: { name, outputs: answers.platform, secretOutputNames: [] } };
    }
    const declared = { type, name, inputs: inputs as Record<string, unknown> };
    const resource = { ...declared, id: id === undefined || id === "" ? idOf(declared) : id };
    // A provider is a resource of Pulumi's own: it creates, and nobody creates it.
    if (custom === true && !type.startsWith("pulumi:providers:")) resources.push(resource);
    return { id: resource.id, state: outputsOf(resource, answers) };
  };
  const call = ({ token }: pulumi.runtime.MockCallArgs) => {
    throw new Error(`the stack: asks for ${token}, which the demo has no answer to; declare it as a setting`);
  };
  await pulumi.runtime.setMocks({ newResource, call }, project, environment, false);
  pulumi.runtime.setAllConfig(config);
  const warnings = await collectWarnings(() =>
    withRejections(async () => {
      await pulumi.runtime.runInPulumiStack(async () => (await import("../../stacks/index.ts")) as pulumi.Inputs);
      await pulumi.runtime.disconnect(); // resolves once every resource is registered
    }),
  );
  return { resources, references, warnings };
}

/** Takes the warnings that Pulumi, without an engine to give them to, writes with `console.warn`. */
async function collectWarnings(run: () => Promise<void>): Promise<string[]> {
  const warnings = new Set<string>();
  const { warn } = console;
  console.warn = (text: unknown) => {
    warnings.add(String(text).replace(/^warning: \[runtime\] /, ""));
  };
  try {
    await run();
  } finally {
    console.warn = warn;
  }
  return [...warnings];
}

/**
 * Runs Pulumi's part and throws what it leaves unhandled: a problem that a component finds when a value becomes known
 * rejects promises of the engine's client that nobody else awaits.
 */
async function withRejections(run: () => Promise<void>): Promise<void> {
  const failures: unknown[] = [];
  const note = (failure: unknown) => {
    failures.push(failure);
  };
  process.on("unhandledRejection", note);
  try {
    await run().catch(note);
    await setImmediate();
  } finally {
    process.off("unhandledRejection", note);
  }
  if (failures.length === 0) return;
  const texts = new Set(failures.map(sayFailure));
  throw new Error([...texts].join("\n"), { cause: failures[0] });
}

/** The words of whoever failed first: Pulumi puts a resource's every property that depends on it before them. */
function sayFailure(failure: unknown): string {
  return describeError(failure).replace(/^(?:error serializing property "[^"]+": )+/, "");
}

/** IDs in the form of the provider's: the program reads the subscription out of Azure's. */
function idOf({ type, name, inputs }: Omit<DeclaredResource, "id">): string {
  if (type !== "azure-native:eventgrid:TopicSpace") return `${type}/${name}`;
  const group = `/subscriptions/${randomUUID()}/resourceGroups/${String(inputs["resourceGroupName"])}`;
  return `${group}/providers/Microsoft.EventGrid/namespaces/${String(inputs["namespaceName"])}/topicSpaces/${name}`;
}

/** What a provider adds to the inputs, as far as the program reads it. */
function outputsOf({ type, name, inputs }: DeclaredResource, { hostname }: DemoAnswers): Record<string, unknown> {
  if (type === "azure-native:eventgrid:Namespace") {
    const configuration = inputs["topicSpacesConfiguration"] as Record<string, unknown>;
    return { name, ...inputs, topicSpacesConfiguration: { ...configuration, hostname } };
  }
  if (!type.startsWith("kubernetes:")) return { name, ...inputs };
  const metadata = (inputs["metadata"] ?? {}) as Record<string, unknown>;
  return { ...inputs, metadata: { name, ...metadata } };
}
