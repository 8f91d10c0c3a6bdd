import { ownPath, type ParsedConfig, type PlacedRemark } from "../config.ts";
import { judgeDocument } from "../config/judge-document.ts";
import { depthProblem, sizeProblem } from "../config/limits.ts";
import { ConfigError, formatPlace, type Problem } from "../errors.ts";
import { checkWanted, type Choice } from "./choose.ts";
import { judgeResources, type PlacedProblem } from "./judge-resources.ts";
import { placer } from "./placer.ts";
import { readText } from "./parse-text.ts";
import { describeUnknownForm, isOwnDocument, readForeignDocument } from "./recognise.ts";
import { isObject, noFindings, type Findings, type Remark } from "./resource.ts";
import type { TextDocument } from "./text-document.ts";
import { noteReferences } from "./tolerance.ts";

/** A file as it was read. */
export interface SourceText {
  /** Its path, for messages; its ending tells JSON from YAML. */
  readonly file: string;
  readonly text: string;
}

/** How files are read. */
export interface ConfigurationOptions {
  /** What was given, for messages: the path of a file or a folder. */
  readonly where: string;
  /** In a folder there may be files that hold nothing of dataflows; they are left out by name. */
  readonly isFolder?: boolean;
  /** The profile whose dataflows are wanted; needed only where dataflows of several profiles are given. */
  readonly profile?: string | undefined;
  /** Names of the dataflows that are wanted; omitted or empty: all of them. */
  readonly dataflows?: readonly string[] | undefined;
}

/**
 * Reads a configuration in any form that people have: this project's own, resources of Azure IoT Operations as `kubectl`, `az`
 * and the REST API print or take them, templates of Azure Resource Manager, and declarations of Site Ops; in JSON or YAML, in
 * one file or several.
 *
 * This project's own form is judged strictly, however it is written: whatever is not known in it is an error. The other forms
 * are files that others wrote for AIO's own engine: what no relay can run is skipped by name, and what changes nothing for
 * messages is noted (`tolerance.ts` has all of it). A mistake in what is left, an unknown field or a wrong value of an endpoint
 * or a dataflow, is an error in every form. When nothing is left to run, that is an error too.
 *
 * @throws {ConfigError} with every problem, each with its file, line and column
 */
export function parseConfiguration(sources: readonly SourceText[], options: ConfigurationOptions): ParsedConfig {
  const { where, isFolder = false, profile, dataflows = [] } = options;
  const documents = readAll(sources, where);
  const own = new Set(documents.filter((document) => isOwnDocument(document) && (!isFolder || hasParts(document))));
  const [first] = own;
  if (first !== undefined && documents.length === 1) return parseOwn(first, where, dataflows);
  const findings = noFindings();
  for (const document of documents) {
    if (own.has(document)) refuseBeside(document, findings);
    else if (!readForeignDocument(document, findings)) refuseUnknown(document, isFolder, findings);
  }
  const isAlone = own.size === 1 && findings.resources.length === 0 && isFolder;
  if (isAlone && first !== undefined) return parseOwn(first, where, dataflows, findings);
  return parseForeign(findings, where, { profile, dataflows });
}

/** @throws {ConfigError} naming every file that can't be read as JSON or YAML, and every document beyond its bounds */
function readAll(sources: readonly SourceText[], where: string): TextDocument[] {
  const problems: Problem[] = [];
  const documents = sources.flatMap(({ file, text }) => {
    const tooLarge = sizeProblem(text);
    if (tooLarge !== undefined) {
      problems.push({ ...tooLarge, at: { file, line: 1, column: 1 } });
      return [];
    }
    const read = readText(text, file);
    if ("problem" in read) {
      const { problem, remedy, line, column } = read;
      problems.push({ path: "document", problem, remedy, at: { file, line, column } });
      return [];
    }
    return [...read];
  });
  const tooDeep = documents.flatMap((document): PlacedProblem[] => {
    const problem = depthProblem(document.value);
    return problem === undefined ? [] : [{ problem, spot: { document, path: problem.path.replace(/^document/, "") } }];
  });
  if (documents.length === 0 && problems.length === 0) {
    problems.push({ path: "document", problem: "holds nothing", remedy: "give a configuration" });
  }
  const all = [...problems, ...withPlaces(tooDeep)];
  if (all.length > 0) throw new ConfigError(where, all);
  return documents;
}

function hasParts({ value }: TextDocument): boolean {
  return isObject(value) && ("endpoints" in value || "dataflows" in value);
}

function refuseBeside(document: TextDocument, { problems }: Findings): void {
  const problem = "is a configuration of the relay, and there are other documents beside it";
  problems.push({ spot: { document, path: "" }, problem, remedy: "give it alone" });
}

function refuseUnknown(document: TextDocument, isFolder: boolean, { skipped, problems }: Findings): void {
  const spot = { document, path: "" };
  const { problem, remedy } = describeUnknownForm(document);
  if (isFolder) skipped.push({ spot, text: `a document of this folder ${problem}` });
  else problems.push({ spot, problem, remedy });
}

function parseOwn(
  document: TextDocument,
  where: string,
  wanted: readonly string[],
  { skipped }: Findings = noFindings(),
): ParsedConfig {
  const { value } = document;
  const given = isObject(value) && isObject(value["dataflows"]) ? value["dataflows"] : undefined;
  const unknown = given === undefined ? [] : checkWanted(wanted, Object.keys(given));
  const isSelected = given !== undefined && wanted.length > 0 && unknown.length === 0;
  const kept = Object.entries(given ?? {}).filter(([name]) => !isSelected || wanted.includes(name));
  const selected = isSelected && isObject(value) ? { ...value, dataflows: Object.fromEntries(kept) } : value;
  const { config, problems, warnings } = judgeDocument({ document: selected, pathOf: ownPath });
  const placed = (list: readonly Problem[]) =>
    withPlaces(list.map((problem) => ({ problem, spot: { document, path: problem.path.replace(/^document$/, "") } })));
  if (unknown.length + problems.length > 0) throw new ConfigError(where, [...unknown, ...placed(problems)]);
  const notes = kept.flatMap(([name, dataflow]) =>
    noteReferences(name, isObject(dataflow) ? dataflow["operations"] : [], { document, path: `dataflows.${name}` }),
  );
  return { config, warnings: placed(warnings), ...withLines(skipped, notes) };
}

function parseForeign(findings: Findings, where: string, choice: Choice): ParsedConfig {
  const judged = judgeResources(findings, choice);
  const { config, warnings } = judged;
  const problems = [...judged.problems, ...refuseSkipped(findings, choice.dataflows)];
  if (problems.length > 0) throw new ConfigError(where, withPlaces(problems));
  if (Object.keys(config.dataflows).length === 0) throw new ConfigError(where, nothingLeft(findings));
  const others = [...findings.others].map(([kind, { spot, count }]) => ({
    spot,
    text: `${count === 1 ? "a resource" : `${count} resources`} of the kind ${kind}, which no relay reads`,
  }));
  return {
    config,
    warnings: withPlaces(warnings),
    ...withLines(findings.skipped, [...findings.notes, ...others]),
  };
}

/** Whoever asks for a dataflow by name doesn't want it skipped. */
function refuseSkipped({ skipped }: Findings, wanted: readonly string[]): PlacedProblem[] {
  return skipped.flatMap(({ spot, text, dataflow }) => {
    if (dataflow === undefined || !wanted.includes(dataflow)) return [];
    const problem = `asks for what can't be run: ${text}`;
    return [{ spot, problem: { path: "--dataflow", problem, remedy: "choose another, or change it" } }];
  });
}

function nothingLeft({ skipped, others }: Findings): Problem[] {
  const kinds = [...others.keys()].slice(0, 5).join(", ");
  const only = kinds === "" ? "" : `, and of other kinds only ${kinds}`;
  const problem = `holds no dataflow that a relay can run${only}`;
  const remedy = "give one that passes messages on between MQTT endpoints";
  const reasons = skipped.map(({ spot, text }) => ({
    spot,
    problem: { path: "skipped", problem: text, remedy: "change it, or leave it to AIO's own engine" },
  }));
  return [{ path: "document", problem, remedy }, ...withPlaces(reasons)];
}

function withPlaces(problems: readonly PlacedProblem[]): Problem[] {
  const placeOf = placer(problems.flatMap(({ spot }) => spot ?? []));
  return problems.map(({ problem, spot }) => (spot === undefined ? problem : { ...problem, at: placeOf(spot) }));
}

/** Remarks one by one, and as lines that end with the place, as a sentence in a log has it. */
function withLines(
  skipped: readonly Remark[],
  notes: readonly Remark[],
): Pick<ParsedConfig, "skipped" | "notes" | "remarks"> {
  const placeOf = placer([...skipped, ...notes].map(({ spot }) => spot));
  const placed = (kind: PlacedRemark["kind"], remarks: readonly Remark[]) =>
    remarks.map(({ spot, text }): PlacedRemark => ({ kind, text, at: placeOf(spot) }));
  const line = ({ text, at }: PlacedRemark) => `${text} (${formatPlace(at)})`;
  const remarks = { skipped: placed("skipped", skipped), notes: placed("note", notes) };
  return {
    skipped: remarks.skipped.map(line),
    notes: remarks.notes.map(line),
    remarks: [...remarks.skipped, ...remarks.notes],
  };
}
