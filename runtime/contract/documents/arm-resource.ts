import { show } from "../config/field.ts";
import { isUnknown } from "./arm-expression.ts";
import { defaultProfile, isObject, type Findings, type ResourceKind, type Spot, type Unresolved } from "./resource.ts";
import { step } from "./text-document.ts";

/** A resource as Azure Resource Manager has it. */
export interface ArmResource {
  readonly type: string;
  /** With the names of the resources that it is in, `site/default/telemetry-up`, or without. */
  readonly name: string;
  /** The name as the document has it. */
  readonly written: string;
  /** Resource identifier, which names the profile where the name does not. */
  readonly id?: string;
  readonly properties: unknown;
  readonly spot: Spot;
  readonly unresolved: readonly Unresolved[];
}

const instances = "microsoft.iotoperations/instances/";
/** The types that dataflows are made of. @see Azure REST API, Microsoft.IoTOperations 2026-07-01 */
const kinds = new Map<string, ResourceKind>([
  [`${instances}dataflowendpoints`, "DataflowEndpoint"],
  [`${instances}dataflowprofiles`, "DataflowProfile"],
  [`${instances}dataflowprofiles/dataflows`, "Dataflow"],
]);

/**
 * Adds a resource to the findings, or what keeps it from being read.
 * @returns whether it is one that dataflows are made of, or a graph
 */
export function addArmResource(resource: ArmResource, findings: Findings): boolean {
  const { type, name, written, id, properties, spot, unresolved } = resource;
  const plainType = type.toLowerCase().replace(/@.*$/, "");
  const names = name.split("/");
  const ownName = names.at(-1) ?? "";
  if (plainType === `${instances}dataflowprofiles/dataflowgraphs`) {
    findings.skipped.push({ spot, text: describeGraph(isUnknown(ownName) ? "" : ownName) });
    return true;
  }
  const kind = kinds.get(plainType);
  if (kind === undefined) return false;
  const nameSpot = { document: spot.document, path: step(spot.path, "name") };
  const propertiesSpot = { document: spot.document, path: step(spot.path, "properties") };
  const profile = kind === "Dataflow" ? profileOf(id, names) : defaultProfile;
  if (isUnknown(ownName) || isUnknown(profile)) {
    const text = `the ${kind} has the name ${show(written)}, which only a deployment resolves`;
    findings.skipped.push({ spot: nameSpot, text });
  } else if (ownName === "") {
    findings.problems.push({ spot: nameSpot, problem: "is missing", remedy: "add it" });
  } else if (isObject(properties)) {
    const found = { kind, name: ownName, nameSpot, profile, spec: properties, spot: propertiesSpot, unresolved };
    findings.resources.push(found);
  } else if (isUnknown(properties)) {
    const text = `the ${kind} "${ownName}" has properties that only a deployment resolves`;
    findings.skipped.push({ spot: propertiesSpot, text });
  } else {
    findings.problems.push({ spot: propertiesSpot, problem: "is missing", remedy: "add it" });
  }
  return true;
}

/** Says why a graph of AIO is not run. */
export function describeGraph(name: string): string {
  const which = name === "" ? "a data flow graph" : `the data flow graph "${name}"`;
  return `${which} is run by AIO's own engine only`;
}

/** The profile by the identifier, or by the name before the dataflow's own. */
function profileOf(id: string | undefined, names: readonly string[]): string {
  return /\/dataflowProfiles\/([^/]+)\//i.exec(id ?? "")?.[1] ?? names.at(-2) ?? defaultProfile;
}
