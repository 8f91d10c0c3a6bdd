import { describeGraph } from "./arm-resource.ts";
import { countOther, defaultProfile, isObject, type Findings, type ResourceKind, type Spot } from "./resource.ts";
import { step } from "./text-document.ts";

/** AIO's kinds in lower case: the previews of 2024 wrote `DataFlow`. */
const kinds = new Map<string, ResourceKind>(
  (["DataflowEndpoint", "Dataflow", "DataflowProfile"] as const).map((kind) => [kind.toLowerCase(), kind]),
);
const apiGroup = "connectivity.iotoperations.azure.com/";

/**
 * Adds a resource of Kubernetes to the findings. Metadata and status are ignored; a kind that has nothing to do with dataflows
 * is counted.
 */
export function addKubernetesResource(item: Readonly<Record<string, unknown>>, spot: Spot, findings: Findings): void {
  const { apiVersion, metadata, spec } = item;
  const isForeign = typeof apiVersion === "string" && !apiVersion.startsWith(apiGroup);
  const written = String(item["kind"]);
  const kind = isForeign ? undefined : kinds.get(written.toLowerCase());
  const name = isObject(metadata) ? metadata["name"] : undefined;
  if (!isForeign && written.toLowerCase() === "dataflowgraph") {
    findings.skipped.push({ spot, text: describeGraph(typeof name === "string" ? name : "") });
    return;
  }
  if (kind === undefined) {
    // Others have kinds of these names too.
    countOther(findings, kinds.has(written.toLowerCase()) ? `${written} (${String(apiVersion)})` : written, spot);
    return;
  }
  const at = (path: string): Spot => ({ document: spot.document, path: step(spot.path, path) });
  if (typeof name !== "string" || name === "") missing(findings, at("metadata.name"));
  else if (!isObject(spec)) missing(findings, at("spec"));
  else {
    const { profileRef, ...rest } = spec;
    const profile = typeof profileRef === "string" ? profileRef : defaultProfile;
    const own = kind === "Dataflow" ? rest : spec;
    const [nameSpot, specSpot] = [at("metadata.name"), at("spec")];
    findings.resources.push({ kind, name, nameSpot, profile, spec: own, spot: specSpot, unresolved: [] });
  }
}

function missing({ problems }: Findings, spot: Spot): void {
  problems.push({ spot, problem: "is missing", remedy: "add it" });
}
