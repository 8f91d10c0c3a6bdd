import { firstLines } from "../../runtime/contract/errors.ts";
import type { Explanation, NotTaken, Taken } from "./explain.ts";
import type { Right } from "./rights.ts";

/** Dataflows that don't take a message and are named: the nearest say enough. */
const maxNotTaken = 5;

/** Writes an explanation for a terminal, one line of text each. What came from a file is for the caller to escape. */
export function explanationLines({ topic, problem, taken, notTaken }: Explanation): string[] {
  if (problem !== undefined) return [problem];
  const lines = taken.flatMap((one) => [...takenLines(one, ""), ""]);
  if (taken.length === 0) lines.push(`no dataflow takes ${topic}`, "");
  if (notTaken.length > 0 && taken.length > 0) lines.push("not taken by");
  lines.push(...notTaken.slice(0, maxNotTaken).map((one) => `  ${notTakenLine(one)}`));
  if (notTaken.length > maxNotTaken) lines.push(`  and ${notTaken.length - maxNotTaken} more, which are farther`);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function takenLines(taken: Taken, indent: string): string[] {
  const { dataflow, source, filters, outcome, rights, next, loops } = taken;
  const lines = [`${dataflow} takes it from ${source.endpoint} (${source.host}) by ${filters.join(" and by ")}`];
  if (filters.length > 1) lines.push("  a broker may send it once for each of these filters");
  lines.push(...outcomeLines(taken).map((line) => `  ${line}`));
  lines.push(...rights.map((right) => `  needs ${rightText(right)}`));
  if (outcome.kind === "delivered") lines.push(...outcome.notes.map((note) => `  note: ${note}`));
  lines.push(...loops.map((other) => `  comes back to ${other}: the dataflows go round in a loop`));
  lines.push(...next.flatMap((one) => ["  and from there", ...takenLines(one, "    ")]));
  return lines.map((line) => `${indent}${line}`);
}

function outcomeLines({ outcome, destination }: Taken): string[] {
  if (outcome.kind === "undeliverable") return [`can't be delivered: ${outcome.reason}`, outcome.consequence];
  const { message, generated } = outcome;
  const { topic, qos, retain, contentType, userProperties, messageExpirySeconds } = message;
  const flags = `QoS ${qos}, ${retain ? "retained" : "not retained"}`;
  return [
    `arrives at ${destination.endpoint} (${destination.host}) as ${topic}, ${flags}`,
    ...(contentType === undefined ? [] : [`  content type: ${contentType}`]),
    ...(messageExpirySeconds === undefined ? [] : [`  expires after: ${messageExpirySeconds} s`]),
    ...firstLines(userProperties, ([name, value]) => {
      const made = generated[name];
      if (made === "") return `  user property ${name}: made anew for each message`;
      return `  user property ${name}: ${value}${made === undefined ? "" : " (added by the relay)"}`;
    }),
  ];
}

function rightText({ endpoint, act, topic, identity, grant, topicSpaces }: Right): string {
  const what = act === "subscribe" ? `to subscribe to ${topic}` : `to publish to ${topic}`;
  return `at ${endpoint} the right ${what}: ${grant}, for ${identity}${spacesText(topicSpaces)}`;
}

function spacesText(topicSpaces: readonly string[] | undefined): string {
  if (topicSpaces === undefined) return "";
  if (topicSpaces.length === 0) return "; no topic space of the file takes it in: add a topic template that does";
  return `; it is in the topic space ${topicSpaces.join(", and in ")}`;
}

function notTakenLine({ dataflow, source, reason, nearest }: NotTaken): string {
  const where = reason === "another source" ? `its source ${source.endpoint} is another broker` : undefined;
  const state = reason === "disabled" ? "it is disabled" : undefined;
  const near = nearest === undefined ? undefined : `nearest filter ${nearest.filter}: ${nearest.difference}`;
  return `${dataflow}: ${[where, state, near].filter((part) => part !== undefined).join("; ")}`;
}
