import type { Problem } from "../../runtime/contract/errors.ts";
import type { EngineEvent } from "./engine-events.ts";
import type { PreviewEvents } from "./index.ts";
import { fieldsAt, isFields, listAt, textAt } from "./values.ts";
import type { Fields } from "./values.ts";

/** What a file holds: the previews of one stack or several, or why it can't be read. */
export type ReadText = { readonly previews: readonly PreviewEvents[] } | { readonly problem: Problem };

const forms =
  "give the output of pulumi preview --json, or the event log that PULUMI_DEBUG_COMMANDS=true pulumi preview --event-log <file> writes";

/**
 * Reads what the engine wrote: its event log, one event a line, or the one document of `preview --json`. Logs may stand one after
 * the other in one text.
 * @param file for messages, and what a preview is called that ended before its first resource
 */
export function readPreviewText(file: string, text: string): ReadText {
  // What else a pipeline's step has printed comes before it.
  const start = text.search(/^\{/m);
  if (start < 0) return wrong(file, text.trim() === "" ? "is empty" : "holds no JSON");
  const body = text.slice(start);
  const document = parse(body);
  if (document !== undefined && !isEvent(document)) {
    if (!Array.isArray(document["steps"]) && !Array.isArray(document["diagnostics"]))
      return wrong(file, "is JSON without the steps of a preview");
    return { previews: [{ stack: file, events: eventsOfDocument(document) }] };
  }
  return readLog(file, body);
}

function wrong(file: string, problem: string): ReadText {
  return { problem: { path: file, problem, remedy: forms } };
}

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEvent(value: Fields): boolean {
  return "sequence" in value || Object.keys(value).some((key) => key.endsWith("Event"));
}

function readLog(file: string, text: string): ReadText {
  const lines = text.split("\n").map((line) => line.trim());
  const previews: EngineEvent[][] = [];
  // The engine's last event, whatever came before.
  let hasEnded = true;
  for (const [index, line] of lines.entries()) {
    if (line === "") continue;
    const event = parse(line);
    // The last line of a log whose engine was killed: the preview is told as one that did not come to its end.
    if (event === undefined && lines.slice(index + 1).every((later) => later === "") && previews.length > 0) break;
    if (event === undefined || !isEvent(event))
      return wrong(file, `has no event of Pulumi's engine in line ${index + 1} of its JSON`);
    if (hasEnded) previews.push([]);
    previews.at(-1)?.push(event);
    hasEnded = "cancelEvent" in event;
  }
  return { previews: previews.map((events) => ({ stack: file, events })) };
}

/** `preview --json` says the same as the events, in other words. Policy violations are not in it. */
function eventsOfDocument(document: Fields): EngineEvent[] {
  const steps = listAt(document, "steps").map(eventOfStep);
  const diagnostics = listAt(document, "diagnostics").map(eventOfDiagnostic);
  const resourceChanges = fieldsAt(document, "changeSummary") as { readonly [operation: string]: number };
  return [...steps, ...diagnostics, { summaryEvent: { resourceChanges } }];
}

function eventOfStep(step: Fields): EngineEvent {
  const [old, next] = [stateOf(step["oldState"]), stateOf(step["newState"])];
  const paths = Object.entries(fieldsAt(step, "detailedDiff")).map(([path, diff]) => [
    path,
    { diffKind: textAt(diff, "kind") ?? "update" },
  ]);
  const metadata = {
    op: textAt(step, "op") ?? "",
    urn: textAt(step, "urn") ?? "",
    type: old?.type ?? next?.type ?? "",
    ...(old === undefined ? {} : { old }),
    ...(next === undefined ? {} : { new: next }),
    keys: listOf(step["replaceReasons"]),
    diffs: listOf(step["diffReasons"]),
    detailedDiff: Object.fromEntries(paths) as { [path: string]: { diffKind: string } },
  };
  return { resourcePreEvent: { metadata } };
}

function stateOf(state: unknown) {
  if (!isFields(state)) return undefined;
  return {
    type: textAt(state, "type") ?? "",
    urn: textAt(state, "urn") ?? "",
    parent: textAt(state, "parent") ?? "",
    protect: state["protect"] === true,
    inputs: fieldsAt(state, "inputs"),
    outputs: fieldsAt(state, "outputs"),
  };
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

function eventOfDiagnostic(diagnostic: Fields): EngineEvent {
  const urn = textAt(diagnostic, "urn");
  const message = (textAt(diagnostic, "message") ?? "").replace(/^(?:error|warning): /, "");
  return {
    diagnosticEvent: { ...(urn === undefined ? {} : { urn }), message, severity: textAt(diagnostic, "severity") ?? "" },
  };
}
