import { readFile } from "node:fs/promises";

import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

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
export async function evaluateStack(stackFile: string, environment: string, answers: AzureAnswers): Promise<DeclaredResource[]> {
  const { config = {} } = parse(await readFile(stackFile, "utf8")) as { config?: Record<string, unknown> };
  const resources: DeclaredResource[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs, id }) => {
        const resource = { type, name, id: id === undefined || id === "" ? `/mock/${type}/${name}` : id, inputs: inputs as Record<string, unknown> };
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
    Object.fromEntries(Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)])),
  );
  await pulumi.runtime.runInPulumiStack(async () => (await import("../../stacks/index.ts")) as pulumi.Inputs);
  return resources;
}

/** What a provider adds to the inputs, as far as the program reads it. */
function outputsOf({ type, name, inputs }: DeclaredResource, { hostname }: AzureAnswers): Record<string, unknown> {
  if (type === "azure-native:eventgrid:Namespace") {
    const configuration = inputs["topicSpacesConfiguration"] as Record<string, unknown>;
    return { name, ...inputs, topicSpacesConfiguration: { ...configuration, hostname } };
  }
  return { name, ...inputs };
}
