import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import sdk from "@pulumi/kubernetes/package.json" with { type: "json" };

import type { ConfiguredProvider, ProviderPlugin, ResourceName, ResourceState } from "../provider-server.ts";
import { digitsFrom } from "../random-name.ts";
import { compareValues, hasUnknown, isSecret, isValues, revealValues, secret, textOf } from "../values.ts";
import type { Value, Values } from "../values.ts";
import { KubernetesError, openCluster, readKubeconfig } from "./client.ts";
import type { ClusterAccess, KubernetesClient, KubernetesObject } from "./client.ts";
import { checkRenderSettings, renderManifests } from "./render.ts";
import { isReplacedFor } from "./replacement.ts";

/**
 * A stand-in for Pulumi's Kubernetes provider, on a real API server. It keeps that provider's ways (4.32): names made up
 * where none is given, server-side apply under a field manager of each resource's own, a dry run in previews, and the
 * replacement of a ConfigMap or Secret whose content changes unless `enableConfigMapMutable` and `enableSecretMutable`
 * are set. It waits for nothing: no controller runs behind this API server, so no pod would ever be ready.
 */
export function createKubernetesProvider(defaultKubeconfig: string, programFolder: () => string): ProviderPlugin {
  return {
    name: "kubernetes",
    keepsSecrets: true,
    version: sdk.version,
    checkConfig: (settings) => checkRenderSettings(revealValues(settings)),
    isElsewhere: (before, after) => {
      const [old, wanted] = [revealValues(before), revealValues(after)];
      const [from, to] = [old, wanted].map((settings) => settingOf(settings, "renderYamlToDirectory"));
      if (from !== undefined || to !== undefined) return from !== to;
      const [known, changed] = [settingOf(old, "clusterIdentifier"), settingOf(wanted, "clusterIdentifier")];
      // One that is given decides; adding or removing it is no reason.
      if (known !== undefined && changed !== undefined) return known !== changed;
      return accessOf(old, defaultKubeconfig).server !== accessOf(wanted, defaultKubeconfig).server;
    },
    configure: (settings) => {
      const given = revealValues(settings);
      const folder = settingOf(given, "renderYamlToDirectory");
      if (folder === undefined) return configure(given, defaultKubeconfig);
      return renderManifests({
        folder: path.resolve(programFolder(), folder),
        isAlways: settingOf(given, "alwaysRender") === "true",
        isInReach: defaultKubeconfig !== "" && !isValues(given["kubeconfig"] ?? ""),
        check: (resource, before, inputs) => ({ inputs: check(resource, before, inputs, undefined), failures: [] }),
      });
    },
  };
}

function configure(settings: Values, defaultKubeconfig: string): ConfiguredProvider {
  const text = (name: string) => settingOf(settings, name);
  const cluster = openCluster(accessOf(settings, defaultKubeconfig));
  const mutable = {
    configMaps: text("enableConfigMapMutable") === "true",
    secrets: text("enableSecretMutable") === "true",
  };
  const forceAll = text("enablePatchForce") === "true";
  return {
    check: (resource, before, inputs) => ({ inputs: check(resource, before, inputs, text("namespace")), failures: [] }),
    diff: (resource, before, inputs) => {
      const wanted = normalize(revealValues(inputs));
      const live = pruneTo(revealValues(before.outputs), normalize(revealValues(before.inputs)));
      const { apiVersion, kind, metadata } = wanted as KubernetesObject;
      const differences = compareValues(live, wanted).map(({ path: at, kind: change }) => ({
        path: at,
        kind: change,
        replaces: isReplacedFor(apiVersion, isPatch(resource) ? `${kind}Patch` : kind, at, mutable),
        isOfInputs: change === "delete",
      }));
      const keepsName =
        nameOf(wanted) === nameOf(live) && metadata.namespace === (live["metadata"] as Values)["namespace"];
      const deleteBeforeReplace = differences.some(({ replaces }) => replaces) && keepsName && !isAutonamed(wanted);
      return { differences, deleteBeforeReplace };
    },
    create: async (resource, inputs, isPreview) => {
      const { name } = resource;
      const wanted = revealValues(inputs) as KubernetesObject;
      const isUnseen = isPreview && (isPatch(resource) || hasUnknown(wanted) || !(await cluster.knows(wanted)));
      if (isUnseen) return { id: "", outputs: inputs };
      const fieldManager = `pulumi-kubernetes-${digitsFrom(name, String(Math.random())).slice(0, 8)}`;
      try {
        const isThere = !isPatch(resource) && (await cluster.get(wanted)) !== undefined;
        if (isThere && isPreview) await tryReplacing(cluster, wanted, fieldManager);
        if (isThere) throw new KubernetesError(409, alreadyExists(wanted));
        const force = forceAll || isForced(wanted);
        const live = await cluster.apply(wanted, { fieldManager, force, dryRun: isPreview });
        return { id: isPreview ? "" : idOf(live), outputs: checkpoint(live, inputs, fieldManager, isPreview) };
      } catch (error) {
        // What the server has yet to get, or keeps from us, is no reason to end a preview.
        const isExpected = error instanceof KubernetesError && [403, 404, 409].includes(error.status);
        if (isPreview && isExpected) return { id: "", outputs: inputs };
        throw sayFailure("created", wanted, fieldManager, error);
      }
    },
    update: async (_, before, inputs, isPreview) => {
      const wanted = revealValues(inputs) as KubernetesObject;
      if (isPreview && hasUnknown(wanted)) return inputs;
      const fieldManager = textOf(before.outputs["__fieldManager"]);
      const force = forceAll || isForced(wanted) || (!isPreview && (await isKubectls(cluster, wanted, fieldManager)));
      try {
        const live = await cluster.apply(wanted, { fieldManager, force, dryRun: isPreview });
        return checkpoint(live, inputs, fieldManager, isPreview);
      } catch (error) {
        throw sayFailure("updated", wanted, fieldManager, error);
      }
    },
    read: (resource, before) => read(cluster, resource, before),
    delete: async (_, before) => {
      await cluster.delete(revealValues(before.outputs) as KubernetesObject);
    },
    invoke: async (token) => {
      throw new Error(`kubernetes: the stand-in has no answer to ${token}`);
    },
  };
}

/** A resource such as `ConfigMapPatch` takes over what is there, and changes all but its name in place. */
function isPatch({ type }: ResourceName): boolean {
  return type.endsWith("Patch");
}

/** Settings are texts, whatever they mean; what is no text is a setting that a preview does not know. */
function settingOf(settings: Values, name: string): string | undefined {
  const value = settings[name];
  return typeof value === "string" ? value : undefined;
}

function accessOf(settings: Values, defaultKubeconfig: string): ClusterAccess {
  const given = settingOf(settings, "kubeconfig");
  const kubeconfig = given === undefined || given === "" ? defaultKubeconfig : given;
  return readKubeconfig(
    existsSync(kubeconfig) ? readFileSync(kubeconfig, "utf8") : kubeconfig,
    settingOf(settings, "context"),
  );
}

const autonamed = "pulumi.com/autonamed";

function check(
  { name, randomSeed }: { readonly name: string; readonly randomSeed: Uint8Array },
  before: Values | undefined,
  given: Values,
  namespace: string | undefined,
): Values {
  const wanted = revealValues(given);
  const metadata = (wanted["metadata"] ?? {}) as Values;
  const old = before === undefined ? undefined : revealValues(before);
  const adopted = old !== undefined && isAutonamed(old) ? nameOf(old) : undefined;
  const made = { name: adopted ?? `${name}-${digitsFrom(randomSeed, name).slice(0, 8)}` };
  const annotations = { ...((metadata["annotations"] ?? {}) as Values), [autonamed]: "true" };
  const inputs = {
    ...wanted,
    metadata: {
      ...(namespace === undefined ? {} : { namespace }),
      ...metadata,
      ...(metadata["name"] === undefined ? { ...made, annotations } : {}),
    },
  };
  return markSecrets(normalize(inputs), given);
}

function nameOf(object: Values): Value | undefined {
  return (object["metadata"] as Values | undefined)?.["name"];
}

function isAutonamed(object: Values): boolean {
  const metadata = object["metadata"] as Values | undefined;
  return (metadata?.["annotations"] as Values | undefined)?.[autonamed] === "true";
}

/** Whether the object takes its fields from other field managers. */
function isForced({ metadata }: KubernetesObject): boolean {
  return (metadata["annotations"] as Values | undefined)?.["pulumi.com/patchForce"] === "true";
}

function idOf({ metadata }: KubernetesObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** Says an object as the API server keeps it: empty lists left out, and `stringData` as `data`, in base64. */
function normalize(object: Values): Values {
  if (hasUnknown(object)) return object;
  const filled = withoutEmptyLists(object) as Values;
  if (filled["kind"] !== "Secret" || !isValues(filled["stringData"])) return filled;
  const { stringData, data = {}, ...others } = filled;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(textOf(value)).toString("base64"),
  ]);
  return { ...others, data: { ...(data as Values), ...(Object.fromEntries(encoded) as Values) } };
}

function withoutEmptyLists(value: Value): Value {
  if (Array.isArray(value)) return (value as readonly Value[]).map(withoutEmptyLists);
  if (!isValues(value)) return value;
  const filled = Object.entries(value).filter(([, entry]) => !Array.isArray(entry) || entry.length > 0);
  return Object.fromEntries(filled.map(([name, entry]) => [name, withoutEmptyLists(entry)]));
}

/** Marks what was secret in the inputs, and a Secret's content in any case. */
function markSecrets(values: Values, inputs: Values): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const given = inputs[name];
      const isContent = values["kind"] === "Secret" && (name === "data" || name === "stringData");
      if (isContent || isSecret(given)) return [name, secret(value)];
      return [name, isValues(value) && isValues(given) ? markSecrets(value, given) : value];
    }),
  );
}

/** What is kept of an object: as it is in the cluster, and who has applied it. */
function checkpoint(live: KubernetesObject, inputs: Values, fieldManager: string, isPreview: boolean): Values {
  const { status, ...others } = live as Values;
  const known = isPreview || status === undefined ? others : { ...others, status };
  return { ...markSecrets(known, inputs), __fieldManager: fieldManager, __initialApiVersion: live.apiVersion };
}

async function read(
  cluster: KubernetesClient,
  resource: ResourceName,
  { id, inputs, outputs }: ResourceState,
): Promise<ResourceState | undefined> {
  if (outputs["kind"] === undefined) return importObject(cluster, resource, id);
  const live = await cluster.get(revealValues(outputs) as KubernetesObject);
  if (live === undefined) return undefined;
  const pruned = pruneTo(live, normalize(revealValues(inputs)));
  return {
    id,
    inputs: markSecrets(pruned, inputs),
    outputs: checkpoint(live, inputs, textOf(outputs["__fieldManager"]), false),
  };
}

/** Of an object that is imported, or that a program gets, the provider takes the name and the namespace as given, and nothing else (tried with 4.34.2). */
async function importObject(
  cluster: KubernetesClient,
  { type, name }: ResourceName,
  id: string,
): Promise<ResourceState | undefined> {
  const [, version = "", kind = ""] = type.split(":");
  const [objectName = "", namespace] = id.split("/").reverse();
  const inputs = {
    apiVersion: version.replace(/^core\//, ""),
    kind,
    metadata: { name: objectName, ...(namespace === undefined ? {} : { namespace }) },
  };
  const live = await cluster.get(inputs);
  if (live === undefined) return undefined;
  const fieldManager = `pulumi-kubernetes-${digitsFrom(name, id).slice(0, 8)}`;
  return { id, inputs, outputs: checkpoint(live, inputs, fieldManager, false) };
}

/** Keeps of what is in the cluster only that which the program speaks of. */
function pruneTo(live: Values, inputs: Values): Values {
  return pruneValue(live, inputs) as Values;
}

function pruneValue(live: Value, inputs: Value): Value {
  if (Array.isArray(live) && Array.isArray(inputs)) {
    const items = live as readonly Value[];
    return (inputs as readonly Value[])
      .slice(0, items.length)
      .map((input, index) => pruneValue(items[index] ?? null, input));
  }
  if (!isValues(live) || !isValues(inputs)) return live;
  const kept = Object.entries(live).filter(([name]) => inputs[name] !== undefined);
  return Object.fromEntries(kept.map(([name, value]) => [name, pruneValue(value, inputs[name] ?? null)]));
}

function alreadyExists({ kind, metadata }: KubernetesObject) {
  return { reason: "AlreadyExists", message: `${kind.toLowerCase()}s "${metadata.name}" already exists` };
}

/**
 * Whether all fields in dispute are kubectl's, and not those of `kubectl scale`. The provider then takes them over, at an update and not at its preview.
 * @see pulumi-kubernetes, await.go, fixCSAFieldManagers
 */
async function isKubectls(cluster: KubernetesClient, wanted: KubernetesObject, fieldManager: string): Promise<boolean> {
  try {
    await cluster.apply(wanted, { fieldManager, dryRun: true });
    return false;
  } catch (error) {
    const message = error instanceof KubernetesError && error.reason === "Conflict" ? error.message : "";
    const managers = [...message.matchAll(/conflicts? with "([^"]+)"( with subresource)?/g)];
    return (
      managers.length > 0 && managers.every(([, name = "", part]) => name.startsWith("kubectl") && part === undefined)
    );
  }
}

/**
 * Asks the server whether an object could take the place of one of its name, as the provider does in the preview of a replacement. It
 * knows that fields are immutable, and not that a StatefulSet's are forbidden. @see pulumi-kubernetes, await.go, Creation
 */
async function tryReplacing(cluster: KubernetesClient, wanted: KubernetesObject, fieldManager: string): Promise<void> {
  try {
    await cluster.apply(wanted, { fieldManager, force: true, dryRun: true });
  } catch (error) {
    if (error instanceof KubernetesError && error.message.includes("field is immutable")) return;
    throw error;
  }
}

const conflictHelp =
  "https://www.pulumi.com/registry/packages/kubernetes/how-to-guides/managing-resources-with-server-side-apply/#handle-field-conflicts-on-existing-resources";

function sayFailure(action: string, object: KubernetesObject, fieldManager: string, error: unknown): unknown {
  if (!(error instanceof KubernetesError)) return error;
  if (error.reason !== "Conflict") {
    const where = `resource "${idOf(object)}" was not successfully ${action} by the Kubernetes API server`;
    return new Error(`${where}: ${error.message}`);
  }
  const where = `the Kubernetes API server reported that "${idOf(object)}" failed to fully initialize or become live`;
  const conflict = `Server-Side Apply field conflict detected. See ${conflictHelp} for troubleshooting help.`;
  const cause = `The resource managed by field manager "${fieldManager}" had an apply conflict: ${error.message}`;
  return new Error(`${where}: ${conflict}\n${cause}`);
}
