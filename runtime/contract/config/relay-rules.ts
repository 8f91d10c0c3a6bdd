import { quote, type Problem } from "../errors.ts";
import { topicNameProblem } from "../topic/filter.ts";
import { checkReference } from "./dataflow-rules.ts";
import type { RelayConfig } from "./document.ts";

/** Lists what is wrong with the relay's own settings; empty when all is well. */
export function checkRelay({ reconnect, status }: RelayConfig["relay"], endpointNames: ReadonlySet<string>): Problem[] {
  const problems: Problem[] = [];
  const { minDelayMs, maxDelayMs } = reconnect;
  if (minDelayMs > maxDelayMs) {
    const problem = `is ${minDelayMs} ms, more than maxDelayMs (${maxDelayMs} ms)`;
    problems.push({ path: "relay.reconnect.minDelayMs", problem, remedy: "make it the smaller one" });
  }
  if (status === undefined) return problems;
  problems.push(...checkReference("relay.status.endpointRef", status.endpointRef, { endpointNames }));
  const problem = topicNameProblem(status.topic);
  if (problem !== undefined) {
    const remedy = "give a topic name to publish to";
    problems.push({ path: "relay.status.topic", problem: `${quote(status.topic)} ${problem}`, remedy });
  }
  return problems;
}
