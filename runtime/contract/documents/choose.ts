import { show, list, nearestName } from "../config/field.ts";
import { firstLines, quote, type Problem } from "../errors.ts";
import { isObject, type Findings, type Resource } from "./resource.ts";
import { isWord } from "./tolerance.ts";

/** What the command line asks for of all that was read. */
export interface Choice {
  /** The profile whose dataflows are wanted; needed only where dataflows of several profiles are given. */
  readonly profile?: string | undefined;
  /** Names of the dataflows that are wanted; empty: all of them. */
  readonly dataflows: readonly string[];
}

/** Endpoints and dataflows that are left once everything that can't be run has been taken out. */
export interface Chosen {
  readonly endpoints: readonly Resource[];
  readonly dataflows: readonly Resource[];
  readonly profile: Resource | undefined;
  readonly problems: readonly Problem[];
}

/** Says of each wanted dataflow that there is none of its name, and which was probably meant. */
export function checkWanted(wanted: readonly string[], names: readonly string[]): Problem[] {
  return wanted.flatMap((name) => {
    if (names.includes(name)) return [];
    const nearest = nearestName(name, names);
    const known = names.length === 0 ? "leave it out" : `use one of ${list(names)}`;
    const remedy = nearest === undefined ? known : `did you mean "${nearest}"?`;
    return [{ path: "--dataflow", problem: `names the dataflow ${quote(name)}, which does not exist`, remedy }];
  });
}

/** Chooses what may be run, and adds to the findings what can't be, by name and with the reason. */
export function choose(findings: Findings, { profile: asked, dataflows: wanted }: Choice): Chosen {
  const ofKind = (kind: string) => findings.resources.filter((resource) => resource.kind === kind);
  const all = ofKind("Dataflow");
  const named = [...all.map(({ name }) => name), ...findings.skipped.flatMap(({ dataflow }) => dataflow ?? [])];
  const problems = checkWanted(wanted, [...new Set(named)]);
  const unusable = new Map<string, string>();
  const endpoints = ofKind("DataflowEndpoint").filter((endpoint) => isUsable(endpoint, unusable, findings));
  const candidates = all
    .filter(({ name }) => wanted.length === 0 || wanted.includes(name))
    .filter((dataflow) => isRunnable(dataflow, unusable, findings));
  const { chosen, problem } = chooseProfile(candidates, asked);
  const dataflows = candidates.filter((dataflow) => {
    // Without a choice all of them are checked, so that the first run tells every problem.
    if (chosen === undefined || dataflow.profile === chosen) return true;
    const text = `dataflow "${dataflow.name}" belongs to the profile "${dataflow.profile}"`;
    findings.skipped.push({ spot: dataflow.spot, text, dataflow: dataflow.name });
    return false;
  });
  return {
    endpoints: withoutTwins(endpoints, findings),
    dataflows: withoutTwins(dataflows, findings),
    profile: withoutTwins(
      ofKind("DataflowProfile").filter(({ name }) => name === chosen),
      findings,
    )[0],
    problems: [...problems, ...problem],
  };
}

function isUsable(
  { name, spec, spot, unresolved }: Resource,
  unusable: Map<string, string>,
  findings: Findings,
): boolean {
  const type = spec["endpointType"];
  const [first] = unresolved;
  // A missing type is left for the schema to name.
  if (
    type !== undefined &&
    type !== null &&
    !isWord(type, "Mqtt") &&
    !unresolved.some(({ path }) => path.endsWith(".endpointType"))
  ) {
    findings.skipped.push({ spot, text: `endpoint "${name}" is of type ${show(type)}, not Mqtt` });
    unusable.set(name, "is not Mqtt");
    return false;
  }
  if (first === undefined) return true;
  const at = { document: spot.document, path: first.path };
  findings.skipped.push({ spot: at, text: `endpoint "${name}" ${describeUnresolved(unresolved)}` });
  unusable.set(name, "can't be read");
  return false;
}

function isRunnable(
  { name, spec, spot, unresolved }: Resource,
  unusable: ReadonlyMap<string, string>,
  findings: Findings,
): boolean {
  const skip = (text: string, path = spot.path) => {
    const at = { document: spot.document, path };
    findings.skipped.push({ spot: at, text: `dataflow "${name}" ${text}`, dataflow: name });
    return false;
  };
  if (unresolved[0] !== undefined) return skip(describeUnresolved(unresolved), unresolved[0].path);
  const endpoint = endpointsOf(spec).find((reference) => unusable.has(reference));
  if (endpoint === undefined) return true;
  return skip(`uses the endpoint "${endpoint}", which ${unusable.get(endpoint) ?? "is not Mqtt"}`);
}

function describeUnresolved(unresolved: Resource["unresolved"]): string {
  const parts = firstLines(unresolved.slice(0, 3), ({ path, expression }) => `${path} is ${show(expression)}`);
  return `holds what only a deployment resolves: ${parts.join(", ")}`;
}

/** The endpoints that a dataflow refers to. */
export function endpointsOf(spec: unknown): string[] {
  if (Array.isArray(spec)) return spec.flatMap(endpointsOf);
  if (!isObject(spec)) return [];
  return Object.entries(spec).flatMap(([key, value]) =>
    key === "endpointRef" ? (typeof value === "string" ? [value] : []) : endpointsOf(value),
  );
}

/** The profile whose dataflows are taken: the one that was asked for, or the only one; `undefined` when none is it. */
function chooseProfile(
  dataflows: readonly Resource[],
  asked: string | undefined,
): { readonly chosen: string | undefined; readonly problem: readonly Problem[] } {
  const names = [...new Set(dataflows.map(({ profile }) => profile))].sort();
  if (asked === undefined && names.length > 1) {
    const problem = `holds dataflows of the profiles ${list(names)}`;
    const remedy = "say with --profile which one this relay runs";
    return { chosen: undefined, problem: [{ path: "document", problem, remedy }] };
  }
  if (asked === undefined || names.length === 0 || names.includes(asked))
    return { chosen: asked ?? names[0], problem: [] };
  const problem = `names the profile ${quote(asked)}, which has no MQTT dataflow here`;
  return { chosen: undefined, problem: [{ path: "--profile", problem, remedy: `use one of ${list(names)}` }] };
}

/** Takes out what is there twice and the same; of what is not the same, an object of names can hold just one. */
function withoutTwins(resources: readonly Resource[], findings: Findings): Resource[] {
  const first = new Map<string, Resource>();
  for (const resource of resources) {
    const { kind, name, nameSpot, spec } = resource;
    const twin = first.get(name);
    if (twin === undefined) first.set(name, resource);
    else if (JSON.stringify(twin.spec) !== JSON.stringify(spec)) {
      const problem = `is "${name}", the name of another ${kind} too`;
      findings.problems.push({ spot: nameSpot, problem, remedy: "give the resources of one namespace or instance" });
    }
  }
  return [...first.values()];
}
