import type { Dataflow, DataflowChange, Side } from "../review.ts";
import { code, literal, row } from "./escape.ts";
import type { Block } from "./page.ts";

/** What changes for messages: a row for each dataflow that comes, goes or changes. */
export function dataflowBlock(changes: readonly DataflowChange[], isDrift: boolean): Block {
  const owners = new Set(changes.map(({ owner }) => owner));
  const head = ["", "dataflow", "from", "to", "QoS", "retain", "engine"];
  return {
    open: [
      "",
      `#### ${isDrift ? "What was changed for messages" : "What changes for messages"}`,
      "",
      row(head),
      row(head.map(() => "---")),
    ],
    rows: changes.map((change) => row(cellsOf(change, owners.size > 1))),
    close: [],
  };
}

function cellsOf(change: DataflowChange, namesOwner: boolean): string[] {
  const { before, after, name, owner } = change;
  const owned = namesOwner ? `${code(name)}\n${literal(owner)}` : code(name);
  const pair = (read: (flow: Dataflow) => string) => between(before && read(before), after && read(after));
  return [
    wordOf(change),
    owned,
    pair((flow) => sideText(flow.source, flow.topicsFrom)),
    pair((flow) => sideText(flow.destination, [flow.topicTo])),
    pair(qosOf),
    pair(({ destination }) => (destination.retain === undefined ? "" : literal(destination.retain))),
    [pair(engineOf), ...othersOf(change)].filter((part) => part !== "").join("\n"),
  ];
}

function wordOf({ change, before, after }: DataflowChange): string {
  if (before?.isEnabled === true && after?.isEnabled === false) return "**disabled**";
  if (before?.isEnabled === false && after?.isEnabled === true) return "enabled";
  return change === "removed" ? "**removed**" : change;
}

/** What a cell was, and what it becomes. */
function between(before: string | undefined, after: string | undefined): string {
  if (before === undefined || after === undefined || before === after) return after ?? before ?? "";
  if (after === "" || before === "") return after === "" ? before : after;
  return `${before}\n→ ${after}`;
}

const mostTopics = 5;

function sideText({ endpoint, host }: Side, topics: readonly string[]): string {
  const shown = topics.slice(0, mostTopics).map(code);
  const rest = topics.length - shown.length;
  const place = host === undefined ? code(endpoint) : `${code(endpoint)} (${code(host)})`;
  return [place, ...shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join("\n");
}

function qosOf({ source, destination }: Dataflow): string {
  const values = [source.qos, destination.qos];
  if (values.every((qos) => qos === undefined)) return "";
  return values[0] === values[1] ? String(values[0]) : `${values[0] ?? "?"} in, ${values[1] ?? "?"} out`;
}

function engineOf({ engine, usesDisk }: Dataflow): string {
  const name = engine === "Relay" ? "relay" : "AIO";
  return usesDisk === true ? `${name}, with disk` : name;
}

const shownInCells =
  /^(topicsFrom|topicTo|usesDisk|isEnabled|engine|(source|destination)\.(endpoint|host|qos|retain))$/;

/** How the dataflow delivers, as far as no column has it. */
function othersOf({ changed }: DataflowChange): string[] {
  const others = changed.filter((field) => !shownInCells.test(field));
  return others.length === 0 ? [] : [`changes ${others.map(code).join(", ")}`];
}
