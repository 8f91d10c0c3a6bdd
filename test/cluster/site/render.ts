import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import * as pulumi from "@pulumi/pulumi";

import type { MqttBridgeArgs } from "../../../components/bridge/settings.ts";
import { MqttBridge } from "../../../components/mqtt-bridge.ts";
import { describeError } from "../../../runtime/contract/errors.ts";

/*
 * node test/cluster/site/render.ts < declaration.json
 *
 * Runs the component as a Pulumi program does, and prints the Kubernetes objects that it declares as a list. A program of its
 * own, since a program declares each bridge once. What the engine and the provider do, such as names, is done as they do it.
 */

/** What to render. */
export interface RenderRequest {
  readonly name: string;
  readonly args: MqttBridgeArgs;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string };
  readonly data?: unknown;
}

/** @see Pulumi, specialSigKey */
const secretMark = "4dabf18193072939515e22adb298388d";

const manifests: Manifest[] = [];

function newResource({ type, name, inputs, custom }: pulumi.runtime.MockResourceArgs) {
  if (!type.startsWith("kubernetes:") || custom !== true) return { id: name, state: inputs as object };
  const { metadata, ...rest } = unwrapped(inputs) as Manifest;
  const named = { ...rest, metadata: { ...metadata, name: metadata.name ?? `${name}-${suffixOf(name, rest)}` } };
  manifests.push(named);
  return { id: `${String(metadata.namespace)}/${named.metadata.name}`, state: named };
}

/** A value without the wrapping of its secrets, which the provider gets without it too. */
function unwrapped(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unwrapped);
  if (secretMark in value) return unwrapped((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}

/**
 * Random with Pulumi. Another content of a ConfigMap is another ConfigMap there, so its name follows from it here; where manifests
 * become files, it keeps its name.
 */
function suffixOf(name: string, { data }: Omit<Manifest, "metadata">): string {
  return createHash("sha256")
    .update(JSON.stringify(args.gitOps === undefined ? [name, data] : [name]))
    .digest("hex")
    .slice(0, 8);
}

process.on("unhandledRejection", (reason) => {
  process.stderr.write(`${describeError(reason)}\n`);
  process.exit(1);
});

const { name, args } = JSON.parse(readFileSync(0, "utf8")) as RenderRequest;
const call = ({ token }: pulumi.runtime.MockCallArgs) => {
  throw new Error(`nobody answers ${token} here`);
};
await pulumi.runtime.setMocks({ newResource, call }, "cluster", "test", false);
await pulumi.runtime.runInPulumiStack(() => {
  new MqttBridge(name, args);
  return Promise.resolve();
});
await pulumi.runtime.disconnect();
process.stdout.write(JSON.stringify({ apiVersion: "v1", kind: "List", items: manifests }));
