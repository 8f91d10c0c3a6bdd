import { list } from "../config/field.ts";
import { addArmResource } from "./arm-resource.ts";
import { isArmTemplate, readArmTemplate } from "./arm-template.ts";
import { addBareProperties, isBareProperties } from "./bare-properties.ts";
import { addKubernetesResource } from "./kubernetes-resource.ts";
import { countOther, isObject, type Findings, type Spot } from "./resource.ts";
import { isSiteopsDocument, readSiteops } from "./siteops.ts";
import { step, type TextDocument } from "./text-document.ts";

/** The keys of this project's own form. */
const ownKeys = ["schemaVersion", "endpoints", "profile", "dataflows", "relay"];

/**
 * Tells whether a document has this project's own form. What is no object has: it is refused as one, and so is an object
 * without any key.
 */
export function isOwnDocument({ value }: TextDocument): boolean {
  if (Array.isArray(value)) return false;
  if (!isObject(value)) return true;
  if (isSiteopsDocument(value) || typeof value["kind"] === "string") return false;
  const keys = Object.keys(value);
  return keys.length === 0 || keys.some((key) => ownKeys.includes(key));
}

/**
 * Finds AIO's resources in a document, in any of the forms that other tools write.
 * @returns whether the document has one of those forms
 */
export function readForeignDocument(document: TextDocument, findings: Findings): boolean {
  const { value } = document;
  if (isObject(value) && isSiteopsDocument(value)) return readSiteops(document, findings);
  if (isObject(value) && isArmTemplate(value)) {
    readArmTemplate(document, findings);
    return true;
  }
  return readItem(value, { document, path: "" }, findings);
}

/** One resource, or a list of them: `kind: List`, the page of a REST API, or a list of JSON. */
function readItem(item: unknown, spot: Spot, findings: Findings): boolean {
  if (Array.isArray(item)) return readItems(item, spot, findings);
  if (!isObject(item)) return false;
  const { kind, items, value } = item;
  if (typeof kind === "string") {
    if (kind.endsWith("List") && Array.isArray(items)) return readItems(items, below(spot, "items"), findings);
    addKubernetesResource(item, spot, findings);
    return true;
  }
  if (typeof item["type"] === "string" && typeof item["name"] === "string") {
    addShownResource(item, spot, findings);
    return true;
  }
  if (isBareProperties(item)) {
    addBareProperties(item, spot, findings);
    return true;
  }
  return Array.isArray(value) && value.every(isObject) ? readItems(value, below(spot, "value"), findings) : false;
}

/**
 * What is in a list and is nothing that is known here is refused; of many in one list, the first. A list of nothing else has no
 * form that is known.
 */
function readItems(items: readonly unknown[], spot: Spot, findings: Findings): boolean {
  const unknown = [...items.entries()].filter(([index, item]) => {
    return !readItem(item, { document: spot.document, path: `${spot.path}[${index}]` }, findings);
  });
  const [first] = unknown;
  if (first === undefined) return true;
  if (unknown.length === items.length) return false;
  const rest = unknown.length === 1 ? "" : `, nor are ${unknown.length - 1} more of its list`;
  const at = { document: spot.document, path: `${spot.path}[${first[0]}]` };
  const problem = `is no resource of Azure IoT Operations${rest}`;
  findings.problems.push({ spot: at, problem, remedy: "take it out" });
  return true;
}

function below({ document, path }: Spot, key: string): Spot {
  return { document, path: step(path, key) };
}

/** A resource as `az iot ops … show -o json` and the REST API give it. */
function addShownResource(item: Readonly<Record<string, unknown>>, spot: Spot, findings: Findings): void {
  const { type, name, id, properties } = item;
  const written = String(name);
  const identified = typeof id === "string" ? { id } : {};
  const resource = { type: String(type), name: written, written, ...identified, properties, spot, unresolved: [] };
  if (!addArmResource(resource, findings)) countOther(findings, String(type), spot);
}

/** Says of a document that has no known form what forms there are. */
export function describeUnknownForm({ value }: TextDocument): { readonly problem: string; readonly remedy: string } {
  const what = isObject(value) ? `its fields are ${list(Object.keys(value))}` : "it is a list of something else";
  return {
    problem: `is nothing that holds dataflows (${what})`,
    remedy:
      "give a configuration of the relay, resources of Azure IoT Operations as kubectl or az print them, or a template with them",
  };
}
