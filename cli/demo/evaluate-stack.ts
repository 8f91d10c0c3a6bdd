import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";

import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

import { describeError } from "../../runtime/errors.ts";

/** A resource that the program declared, as the provider would have got it. */
export interface DeclaredResource {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What the stack program needs from Azure and does not decide itself. */
export interface AzureAnswers {
  /** Host name that Event Grid gives to a namespace. */
  readonly hostname: string;
}

const project = "mqtt-dataflow";

/**
 * Runs the stack program in this process, with its settings of one environment, and records what it declares. Nothing
 * is created: no Pulumi command line and no cloud take part.
 *
 * @param stackFile a `Pulumi.<environment>.yaml`
 */
export async function evaluateStack(
  stackFile: string,
  environment: string,
  answers: AzureAnswers,
): Promise<DeclaredResource[]> {
  const { config = {} } = parse(await readFile(stackFile, "utf8")) as { config?: Record<string, unknown> };
  const resources: DeclaredResource[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, id }) => {
        const declared = { type, name, inputs: inputs as Record<string, unknown> };
        const resource = { ...declared, id: id === undefined || id === "" ? idOf(declared) : id };
        resources.push(resource);
        return { id: resource.id, state: outputsOf(resource, answers) };
      },
      call: ({ token }) => {
        throw new Error(`the program asked for ${token}, which the demo has no answer to`);
      },
    },
    project,
    environment,
    false,
  );
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
  );
  await withRejections(async () => {
    await pulumi.runtime.runInPulumiStack(async () => (await import("../../stacks/index.ts")) as pulumi.Inputs);
    await pulumi.runtime.disconnect(); // resolves once every resource is registered
  });
  return resources;
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
  const texts = new Set(failures.map(describeError));
  throw new Error([...texts].join("\n"), { cause: failures[0] });
}

/** IDs in the form of the provider's: the program reads the subscription out of Azure's. */
function idOf({ type, name, inputs }: Omit<DeclaredResource, "id">): string {
  if (type !== "azure-native:eventgrid:TopicSpace") return `${type}/${name}`;
  const group = `/subscriptions/${randomUUID()}/resourceGroups/${String(inputs["resourceGroupName"])}`;
  return `${group}/providers/Microsoft.EventGrid/namespaces/${String(inputs["namespaceName"])}/topicSpaces/${name}`;
}

/** What a provider adds to the inputs, as far as the program reads it. */
function outputsOf({ type, name, inputs }: DeclaredResource, { hostname }: AzureAnswers): Record<string, unknown> {
  if (type === "azure-native:eventgrid:Namespace") {
    const configuration = inputs["topicSpacesConfiguration"] as Record<string, unknown>;
    return { name, ...inputs, topicSpacesConfiguration: { ...configuration, hostname } };
  }
  if (!type.startsWith("kubernetes:")) return { name, ...inputs };
  const metadata = (inputs["metadata"] ?? {}) as Record<string, unknown>;
  return { ...inputs, metadata: { name, ...metadata } };
}
