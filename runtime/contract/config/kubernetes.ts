import type { Problem } from "../errors.ts";
import { authenticationMethods } from "./authentication.ts";
import { list, show } from "./field.ts";

/** A document in this project's own form, and where each part of it stood in what was read. */
export interface RawDocument {
  readonly document: unknown;
  /**
   * Path of an endpoint or a dataflow, and of the profile, in what the operator gave; or of its name there.
   * Without a name, the path of the list.
   */
  readonly pathOf: (part: NamedPart | "profile", name?: string, field?: "spec" | "metadata.name") => string;
  /** Resources that no relay runs, each with the reason. */
  readonly skipped: readonly string[];
  readonly problems: readonly Problem[];
}

/** Parts of a document whose keys are names. */
export type NamedPart = "endpoints" | "dataflows";

interface Resource {
  readonly path: string;
  readonly kind: string;
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

const kinds = ["DataflowEndpoint", "Dataflow", "DataflowProfile"];
const defaultProfile = "default";

/** Tells whether a document is Kubernetes' rather than this project's own. */
export function isKubernetesDocument(value: unknown): boolean {
  return isObject(value) && typeof value["kind"] === "string";
}

/**
 * Turns AIO's resources, as `kubectl get dataflowendpoints,dataflows,dataflowprofiles -o json` prints them, into
 * a document of this project. Metadata and status are ignored; what is not MQTT is skipped by name.
 *
 * @param profileName the profile whose dataflows are wanted; needed only where dataflows of several profiles are given
 */
export function fromKubernetes(value: unknown, profileName?: string): RawDocument {
  const { resources, problems } = readResources(value);
  const ofKind = (kind: string) => resources.filter((resource) => resource.kind === kind);
  const skipped: string[] = [];

  const endpoints = ofKind("DataflowEndpoint").filter(isMqtt);
  const others = ofKind("DataflowEndpoint").filter((resource) => !isMqtt(resource));
  for (const { name, spec } of others) {
    skipped.push(`endpoint "${name}" is of type ${JSON.stringify(spec["endpointType"])}, not Mqtt`);
  }
  const otherNames = new Set(others.map(({ name }) => name));
  const candidates = ofKind("Dataflow").filter((resource) => {
    const other = findReference(resource.spec, otherNames);
    if (other !== undefined)
      skipped.push(`dataflow "${resource.name}" uses the endpoint "${other}", which is not Mqtt`);
    return other === undefined;
  });

  const chosen = chooseProfile(candidates, profileName, problems);
  const dataflows = candidates.filter((resource) => {
    // Without a choice all of them are checked, so that the first run tells every problem.
    const isChosen = chosen === undefined || profileOf(resource) === chosen;
    if (!isChosen) skipped.push(`dataflow "${resource.name}" belongs to the profile "${profileOf(resource)}"`);
    return isChosen;
  });
  const profile = ofKind("DataflowProfile").find(({ name }) => name === chosen);

  const parts = { endpoints: byName(endpoints), dataflows: byName(dataflows) };
  return {
    document: {
      endpoints: Object.fromEntries(endpoints.map(({ name, spec }) => [name, canonicalWords(spec)])),
      ...(profile === undefined ? {} : { profile: canonicalWords(profile.spec) }),
      dataflows: Object.fromEntries(
        dataflows.map(({ name, spec }) => [name, canonicalWords(omit(spec, "profileRef"))]),
      ),
    },
    pathOf: (part, name, field = "spec") => {
      const resource = part === "profile" ? profile : parts[part].get(name ?? "");
      return resource === undefined ? "items" : `${resource.path}.${field}`;
    },
    skipped,
    problems,
  };
}

/** Resources by their names, which are each one's own as far as they could be read. */
function byName(resources: readonly Resource[]): ReadonlyMap<string, Resource> {
  return new Map(resources.toReversed().map((resource) => [resource.name, resource]));
}

function readResources(value: unknown): { resources: Resource[]; problems: Problem[] } {
  const items = isObject(value) && Array.isArray(value["items"]) ? (value["items"] as unknown[]) : undefined;
  const resources: Resource[] = [];
  const problems: Problem[] = [];
  for (const [index, item] of (items ?? [value]).entries()) {
    const path = items === undefined ? "resource" : `items[${index}]`;
    const kind = isObject(item) ? item["kind"] : undefined;
    if (typeof kind !== "string" || !kinds.includes(kind)) {
      problems.push({ path: `${path}.kind`, problem: `is ${show(kind)}`, remedy: `give ${list(kinds)}` });
      continue;
    }
    const metadata = isObject(item) ? item["metadata"] : undefined;
    const name = isObject(metadata) ? metadata["name"] : undefined;
    const spec = isObject(item) ? item["spec"] : undefined;
    if (typeof name !== "string")
      problems.push({ path: `${path}.metadata.name`, problem: "is missing", remedy: "add it" });
    else if (!isObject(spec)) problems.push({ path: `${path}.spec`, problem: "is missing", remedy: "add it" });
    else resources.push({ path, kind, name, spec });
  }
  return { resources, problems: [...problems, ...findTwins(resources)] };
}

/** `kubectl get --all-namespaces` prints several resources of one name, of which an object can hold just one. */
function findTwins(resources: readonly Resource[]): Problem[] {
  const first = new Map<string, string>();
  return resources.flatMap(({ path, kind, name }) => {
    const key = `${kind} ${name}`;
    const twin = first.get(key);
    if (twin === undefined) {
      first.set(key, path);
      return [];
    }
    const problem = `is "${name}", the name of the ${kind} at ${twin} too`;
    return [{ path: `${path}.metadata.name`, problem, remedy: "give the resources of one namespace" }];
  });
}

/** The profile whose dataflows are taken: the one that was asked for, or the only one; `undefined` when none is it. */
function chooseProfile(
  dataflows: readonly Resource[],
  asked: string | undefined,
  problems: Problem[],
): string | undefined {
  const names = [...new Set(dataflows.map(profileOf))].sort();
  if (asked === undefined && names.length > 1) {
    const remedy = "say with --profile which one this relay runs";
    problems.push({ path: "items", problem: `hold dataflows of the profiles ${list(names)}`, remedy });
    return undefined;
  }
  if (asked === undefined || names.length === 0 || names.includes(asked)) return asked ?? names[0] ?? defaultProfile;
  const problem = `hold no MQTT dataflow of the profile "${asked}"`;
  problems.push({ path: "items", problem, remedy: `choose the profile ${list(names)}` });
  return undefined;
}

/** A missing type is left for the schema to name. */
function isMqtt({ spec }: Resource): boolean {
  return spec["endpointType"] === undefined || isWord(spec["endpointType"], "Mqtt");
}

function profileOf({ spec }: Resource): string {
  return typeof spec["profileRef"] === "string" ? spec["profileRef"] : defaultProfile;
}

/** The first of these endpoints that a dataflow refers to; `undefined` when it refers to none. */
function findReference(spec: unknown, names: ReadonlySet<string>): string | undefined {
  if (typeof spec !== "object" || spec === null) return undefined;
  for (const [key, value] of Object.entries(spec)) {
    if (key === "endpointRef" && typeof value === "string") {
      if (names.has(value)) return value;
      continue;
    }
    const found = findReference(value, names);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Fields whose words AIO's operator takes in any case; its published manifests use both `Source` and `source`. */
const words = new Map<string, readonly string[]>(
  Object.entries({
    endpointType: ["Mqtt"],
    hostType: ["LocalBroker", "EventGrid", "CustomMqtt"],
    method: authenticationMethods,
    operationType: ["Source", "BuiltInTransformation", "Destination"],
    mode: ["Enabled", "Disabled"],
    protocol: ["Mqtt", "WebSockets"],
    retain: ["Keep", "Never"],
    cloudEventAttributes: ["Propagate", "CreateOrRemap"],
    serializationFormat: ["Json"],
  }),
);

function canonicalWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonicalWords);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      words.get(key)?.find((word) => isWord(inner, word)) ?? canonicalWords(inner),
    ]),
  );
}

function isWord(value: unknown, word: string): boolean {
  return typeof value === "string" && value.toLowerCase() === word.toLowerCase();
}

function omit(value: Readonly<Record<string, unknown>>, key: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
