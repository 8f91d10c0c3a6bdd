import { defaultProfile, isObject, type Findings, type ResourceKind, type Spot, type Unresolved } from "./resource.ts";
import { step, type TextDocument } from "./text-document.ts";

const lists: readonly (readonly [key: string, kind: ResourceKind])[] = [
  ["dataflowEndpoints", "DataflowEndpoint"],
  ["dataflowProfiles", "DataflowProfile"],
  ["dataflows", "Dataflow"],
];

/**
 * Tells whether a value is a declaration of Site Ops: lists of resources with `name`, `properties` and, for a dataflow,
 * `profileRef`.
 * @see Azure/digital-ops-scale-kit, docs/resource-catalog.md and docs/dataflows.md (2026)
 */
export function isSiteopsDocument(value: Readonly<Record<string, unknown>>): boolean {
  return !("endpoints" in value) && lists.some(([key]) => Array.isArray(value[key]));
}

/** Finds the resources of a declaration. `{{ site.name }}` and the like are known only for one site, when it is deployed. */
export function readSiteops(document: TextDocument, findings: Findings): true {
  const { value } = document;
  for (const [key, kind] of lists) {
    const entries = isObject(value) && Array.isArray(value[key]) ? (value[key] as unknown[]) : [];
    for (const [index, entry] of entries.entries())
      addEntry(entry, kind, { document, path: `${key}[${index}]` }, findings);
  }
  return true;
}

function addEntry(entry: unknown, kind: ResourceKind, spot: Spot, findings: Findings): void {
  const { name, properties, profileRef } = isObject(entry) ? entry : {};
  const nameSpot = { document: spot.document, path: step(spot.path, "name") };
  const at = { document: spot.document, path: step(spot.path, "properties") };
  if (typeof name !== "string") findings.problems.push({ spot: nameSpot, problem: "is missing", remedy: "add it" });
  else if (!isObject(properties)) findings.problems.push({ spot: at, problem: "is missing", remedy: "add it" });
  else if (name.includes("{{")) {
    findings.skipped.push({
      spot: nameSpot,
      text: `the ${kind} has the name "${name}", which only a deployment resolves`,
    });
  } else {
    const profile = typeof profileRef === "string" ? profileRef : defaultProfile;
    const unresolved = findTemplates(properties, at.path);
    findings.resources.push({ kind, name, nameSpot, profile, spec: properties, spot: at, unresolved });
  }
}

function findTemplates(value: unknown, path: string): Unresolved[] {
  if (typeof value === "string") return /\{\{.*\}\}/.test(value) ? [{ path, expression: value }] : [];
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => findTemplates(item, step(path, index)));
  return isObject(value) ? Object.entries(value).flatMap(([key, inner]) => findTemplates(inner, step(path, key))) : [];
}
