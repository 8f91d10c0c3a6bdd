import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { stringify } from "yaml";

import type { CheckFailure, ConfiguredProvider } from "../provider-server.ts";
import { compareValues, hasUnknown, revealValues } from "../values.ts";
import type { Values } from "../values.ts";
import type { KubernetesObject } from "./client.ts";
import { isReplacedFor } from "./replacement.ts";

/** How manifests are rendered. */
export interface RenderOptions {
  /** The setting `renderYamlToDirectory` as an absolute path. */
  readonly folder: string;
  /** The setting `alwaysRender`. */
  readonly isAlways: boolean;
  /** Whether a cluster can be reached. */
  readonly isInReach: boolean;
  readonly check: ConfiguredProvider["check"];
}

/**
 * What the Kubernetes provider (4.32) does where `renderYamlToDirectory` is set: a file for each object, written when the object is
 * created or changed, and with `alwaysRender` at each update. It never reads the files back. Without a cluster a refresh fails; with
 * one in reach a preview writes files too. @see pulumi-kubernetes, provider.go: Diff, Create, Read, Update, renderYaml
 */
export function renderManifests({ folder, isAlways, isInReach, check }: RenderOptions): ConfiguredProvider {
  const write = (inputs: Values) => {
    const object = revealValues(inputs) as KubernetesObject;
    const file = fileOf(folder, object);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, stringify(object));
    return { id: `${object.metadata.namespace ?? "default"}/${object.metadata.name}`, outputs: inputs };
  };
  const isLeft = (inputs: Values, isPreview: boolean) => isPreview && (!isInReach || hasUnknown(inputs));
  return {
    check,
    diff: (_, before, inputs) => {
      const wanted = revealValues(inputs) as KubernetesObject;
      const differences = compareValues(revealValues(before.inputs), wanted).map(({ path: at, kind }) => ({
        path: at,
        kind,
        replaces: isReplacedFor(wanted.apiVersion, wanted.kind, at, { configMaps: true, secrets: true }),
        isOfInputs: true,
      }));
      return { differences, deleteBeforeReplace: false, hasChanges: isAlways };
    },
    create: (_, inputs, isPreview) =>
      Promise.resolve(isLeft(inputs, isPreview) ? { id: "", outputs: inputs } : write(inputs)),
    update: (_, __, inputs, isPreview) => Promise.resolve(isLeft(inputs, isPreview) ? inputs : write(inputs).outputs),
    read: (_, before) => (isInReach ? Promise.resolve(before) : Promise.reject(new Error(unreachable))),
    delete: (_, before) => {
      rmSync(fileOf(folder, revealValues(before.outputs) as KubernetesObject), { force: true });
      return Promise.resolve();
    },
    invoke: (token) => Promise.reject(new Error(`kubernetes: the stand-in has no answer to ${token}`)),
  };
}

/** What it says to a refresh, word for word. */
const unreachable =
  "failed to read resource state due to unreachable cluster. If the cluster was deleted, you can remove this resource from Pulumi " +
  'state by rerunning the operation with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"';

function fileOf(folder: string, { apiVersion, kind, metadata }: KubernetesObject): string {
  const name = `${apiVersion.replaceAll("/", "_")}-${kind.toLowerCase()}-${metadata.namespace ?? "default"}-${metadata.name}`;
  return path.join(folder, "1-manifest", `${name}.yaml`);
}

/**
 * Refuses a cluster beside a folder, as 4.31 does wherever the kubeconfig comes from, and 4.32 unless it is the provider's own. A
 * kubeconfig that is an object passes.
 */
export function checkRenderSettings(settings: Values): CheckFailure[] {
  if (settings["renderYamlToDirectory"] === undefined) return [];
  return ["cluster", "context", "kubeconfig"]
    .filter((property) => typeof settings[property] === "string" && settings[property] !== "")
    .map((property) => ({ property, reason: `"${property}" arg is not compatible with "renderYamlToDirectory" arg` }));
}
