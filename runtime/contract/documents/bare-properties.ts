import { describeGraph } from "./arm-resource.ts";
import { defaultProfile, isObject, type Findings, type ResourceKind, type Spot } from "./resource.ts";
import { step } from "./text-document.ts";

/**
 * Tells whether a value is a resource without its name: the properties alone, as `az iot ops dataflow apply --config-file`
 * takes them, or the body of a request, `{"properties": …}`.
 * @see Azure CLI, az iot ops dataflow apply, az iot ops dataflow endpoint apply
 */
export function isBareProperties(value: Readonly<Record<string, unknown>>): boolean {
  return kindOf(isObject(value["properties"]) ? value["properties"] : value) !== undefined;
}

/** Adds properties to the findings; their name is the one of the file, without its folder and ending. */
export function addBareProperties(value: Readonly<Record<string, unknown>>, spot: Spot, findings: Findings): void {
  const { document } = spot;
  const properties = value["properties"];
  const isBody = isObject(properties);
  const spec = isBody ? properties : value;
  const at = isBody ? { document, path: step(spot.path, "properties") } : spot;
  const name = nameOfFile(document.file);
  const kind = kindOf(spec);
  if (kind === "DataflowGraph" || kind === undefined) {
    findings.skipped.push({ spot, text: describeGraph(name) });
    return;
  }
  findings.notes.push({ spot, text: `the ${kind} has no name here; it is called "${name}", as its file is` });
  findings.resources.push({ kind, name, nameSpot: spot, profile: defaultProfile, spec, spot: at, unresolved: [] });
}

function kindOf(spec: Readonly<Record<string, unknown>>): ResourceKind | "DataflowGraph" | undefined {
  if (Array.isArray(spec["operations"])) return "Dataflow";
  if (Array.isArray(spec["nodes"])) return "DataflowGraph";
  if (typeof spec["endpointType"] === "string") return "DataflowEndpoint";
  return typeof spec["instanceCount"] === "number" ? "DataflowProfile" : undefined;
}

function nameOfFile(file: string): string {
  const base = file.split(/[/\\]/).at(-1) ?? file;
  return base.replace(/(?<=.)\.[^.]*$/, "");
}
