import * as pulumi from "@pulumi/pulumi";
import * as v from "valibot";

import { block, choice, ConfigError, flag, integer, readFields, text } from "../components/stack-settings.ts";
import type { Problem } from "../components/stack-settings.ts";
import { platformContract } from "./platform.ts";
import type { Platform } from "./platform.ts";

const source = "This program";
const notEmpty = { pattern: /\S/, hint: "give a text" };
const wanted = (description: string) => text({ description, source }, notEmpty);

const privateEndpoint = block({
  subnetId: wanted("Resource ID of the subnet that the private endpoint gets its address in."),
  privateDnsZoneId: v.optional(
    wanted("Resource ID of the zone privatelink.ts.eventgrid.azure.net; when not given, names are up to others."),
  ),
});

const eventGrid = block({
  capacity: v.optional(integer({ min: 1, max: 40 }, { description: "Throughput units.", source })),
  maximumClientSessionsPerAuthenticationName: v.optional(
    integer({ min: 3, max: 100 }, { description: "Sessions of one identity, offline ones included.", source }),
  ),
  maximumSessionExpiryInHours: v.optional(
    integer({ min: 1, max: 8 }, { description: "Longest session expiry.", unit: "h", source }),
  ),
  publicNetworkAccess: v.optional(
    choice(["Enabled", "Disabled"], { description: "Whether public networks reach the namespace.", source }),
  ),
  privateEndpoint: v.optional(privateEndpoint),
  protect: v.optional(flag({ description: "Whether Pulumi refuses to delete the namespace.", source })),
});

const volume = block({
  sizeGibibytes: v.optional(
    integer({ min: 1, max: 65_536 }, { description: "Size of each volume.", unit: "GiB", source }),
  ),
  storageClassName: v.optional(wanted("Storage class of the volumes; the cluster's default one when not given.")),
  protect: v.optional(flag({ description: "Whether Pulumi refuses to let go of a volume.", source })),
});

const relay = block({
  image: wanted("Image of the relay, with a tag or a digest."),
  instanceCount: v.optional(integer({ min: 1, max: 20 }, { description: "Instances of the relay.", source })),
  logLevel: v.optional(
    choice(["trace", "debug", "info", "warn", "error"], { description: "Least severe level that is logged.", source }),
  ),
  memoryMebibytes: v.optional(
    integer({ min: 92, max: 65_536 }, { description: "Memory of a pod.", unit: "MiB", source }),
  ),
  drainTimeoutSeconds: v.optional(
    integer({ min: 1, max: 3600 }, { description: "Time to drain when a pod ends.", unit: "s", source }),
  ),
  volume: v.optional(volume),
});

const kubernetes = block({
  clusterIdentifier: v.optional(
    wanted("What tells this cluster from another, at any address; the site when not given."),
  ),
  context: v.optional(wanted("Context of the kubeconfig; its current one when this is not given.")),
  kubeconfig: v.optional(wanted("Text or path of the kubeconfig, to be kept as a secret; $KUBECONFIG when not given.")),
  enablePatchForce: v.optional(
    flag({ description: "Whether fields that others have changed by hand are taken back.", source }),
  ),
});

const facts = Object.entries(platformContract.outputs).map(
  ([name, { description }]) => [name, wanted(description)] as const,
);
const platform = block(Object.fromEntries(facts) as { [K in keyof Platform]: ReturnType<typeof wanted> });

/** The settings of one environment or site, as `Pulumi.<stack>.yaml` has them below the project's name. */
export const settingsSchema = block({
  site: wanted("Name of the site; client identifiers and topics in the cloud begin with it."),
  resourceGroupName: wanted("Resource group of the Event Grid namespace."),
  eventGrid: v.optional(eventGrid, {}),
  relay,
  kubernetes: v.optional(kubernetes, {}),
  platformStack: v.optional(wanted("Stack that exports the platform's facts, `<organization>/<project>/<stack>`.")),
  platform: v.optional(platform),
});

export type Settings = v.InferOutput<typeof settingsSchema>;

/**
 * Takes the settings from a stack's configuration; values that are objects are JSON there.
 * @throws {ConfigError} with every problem, each at its key
 */
export function parseSettings(project: string, stack: string, config: { readonly [key: string]: string }): Settings {
  const prefix = `${project}:`;
  const own = Object.entries(config).filter(([key]) => key.startsWith(prefix));
  const values = Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), parseValue(value)]));
  const read = readFields(settingsSchema, values);
  const problems = [...("problems" in read ? read.problems : []), ...checkPlatform(values)];
  const where = `stacks/Pulumi.${stack}.yaml`;
  if (!("value" in read) || problems.length > 0) {
    throw new ConfigError(
      where,
      problems.map(({ path, ...problem }) => ({ path: `${prefix}${path}`, ...problem })),
    );
  }
  return read.value;
}

/** What is no JSON stays a text, and the schema says what it should have been. */
function parseValue(value: string): unknown {
  if (!/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

function checkPlatform({ platformStack, platform: given }: { [key: string]: unknown }): Problem[] {
  if (platformStack === undefined && given === undefined) {
    const remedy = "name the stack that exports the platform's facts, or give them under platform";
    return [{ path: "platformStack", problem: "is missing", remedy }];
  }
  if (platformStack === undefined || given === undefined) return [];
  return [{ path: "platform", problem: "is set beside platformStack", remedy: "keep one of the two" }];
}

/** Reads the settings of the stack that is being deployed; what is wrong with them ends the deployment without a stack trace. */
export function readSettings(): Settings {
  try {
    return parseSettings(pulumi.getProject(), pulumi.getStack(), pulumi.runtime.allConfig());
  } catch (error) {
    throw error instanceof ConfigError ? new pulumi.RunError(error.message) : error;
  }
}
