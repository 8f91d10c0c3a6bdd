import type { Dataflow, DataflowChange } from "../review.ts";
import { code, literal, row } from "./escape.ts";
import type { Block } from "./page.ts";

/** What changes for messages: a row for each dataflow that comes, goes or changes. */
export function dataflowBlock(changes: readonly DataflowChange[], isDrift: boolean): Block {
  const owners = new Set(changes.map(({ owner }) => owner));
  const head = ["dataflow", "from", "to", "delivery"];
  const heading = isDrift ? "What was changed for messages" : "What changes for messages";
  return {
    open: ["", `#### ${heading}`, "", row(head), row(head.map(() => "---"))],
    rows: changes.map((change) => row(cellsOf(change, owners.size > 1))),
    close: [],
  };
}

function cellsOf(change: DataflowChange, namesOwner: boolean): string[] {
  const { name, owner } = change;
  const delivery = [...qosLines(change), ...retainLine(change), between(change, engineOf), ...othersOf(change)];
  return [
    [wordOf(change), code(name), ...(namesOwner ? [`in ${code(owner)}`] : [])].join("\n"),
    sideLines(change, "source"),
    sideLines(change, "destination"),
    delivery.filter((part) => part !== "").join("\n"),
  ];
}

function wordOf({ change, before, after }: DataflowChange): string {
  if (before?.isEnabled === true && after?.isEnabled === false) return "**disabled**";
  if (before?.isEnabled === false && after?.isEnabled === true) return "enabled";
  return change === "removed" ? "**removed**" : change;
}

/** What a value was, and what it becomes; once where it stays, or where one of the two is not known. */
function between({ before, after }: DataflowChange, read: (flow: Dataflow) => string): string {
  const [old, next] = [before, after].map((flow) => (flow === undefined ? "" : read(flow)));
  if (old === undefined || next === undefined || old === next || old === "" || next === "") {
    return next === undefined || next === "" ? (old ?? "") : next;
  }
  return `${old} → ${next}`;
}

/** Endpoint and topics, each before and after. A host is worth a line only where it changes. */
function sideLines(change: DataflowChange, side: "source" | "destination"): string {
  const host = change.changed.includes(`${side}.host`)
    ? [between(change, (flow) => (flow[side].host === undefined ? "" : code(flow[side].host)))]
    : [];
  const topics = (flow: Dataflow) => topicsOf(side === "source" ? flow.topicsFrom : [flow.topicTo]);
  return [between(change, (flow) => code(flow[side].endpoint)), ...host, between(change, topics)].join("\n");
}

const mostTopics = 5;

function topicsOf(topics: readonly string[]): string {
  const rest = topics.length - mostTopics;
  return [...topics.slice(0, mostTopics).map(code), ...(rest > 0 ? [`and ${rest} more`] : [])].join(", ");
}

/** One number where both sides have it and it stays; else each side that is known. */
function qosLines(change: DataflowChange): string[] {
  const [from = "", to = ""] = (["source", "destination"] as const).map((side) =>
    between(change, (flow) => String(flow[side].qos ?? "")),
  );
  if (from === to) return from === "" ? [] : [unbroken(`QoS ${from}`)];
  return [
    ...(from === "" ? [] : [unbroken(`QoS ${from} at source`)]),
    ...(to === "" ? [] : [unbroken(`QoS ${to} at destination`)]),
  ];
}

function retainLine(change: DataflowChange): string[] {
  const retain = between(change, ({ destination }) => literal(destination.retain ?? ""));
  return retain === "" ? [] : [unbroken(`retain ${retain}`)];
}

/** In a narrow column a host breaks lines at every space. */
function unbroken(text: string): string {
  return text.replaceAll(" ", "&nbsp;");
}

function engineOf({ engine, usesDisk }: Dataflow): string {
  const name = engine === "Relay" ? "relay" : "AIO";
  return usesDisk === true ? `${name} with disk` : name;
}

const shownInCells =
  /^(topicsFrom|topicTo|usesDisk|isEnabled|engine|(source|destination)\.(endpoint|host|qos|retain))$/;

/** How the dataflow delivers, as far as no column has it. */
function othersOf({ changed }: DataflowChange): string[] {
  const others = changed.filter((field) => !shownInCells.test(field));
  return others.length === 0 ? [] : [`changes ${others.map(code).join(", ")}`];
}
