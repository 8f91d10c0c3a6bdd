import { outputFilter } from "../../runtime/contract/topic/output-filter.ts";
import { filtersOverlap } from "../../runtime/contract/topic/overlap.ts";
import { parseTopicTemplate } from "../../runtime/contract/topic/template.ts";
import type { TopicFlow } from "./bridge-topics.ts";

/** Relays that a message of a flow may have passed before; `undefined` where nothing comes back. */
export type HopLimit = (flow: TopicFlow) => number | undefined;

/**
 * Finds the flows whose messages another one of their connection takes back to the broker that they came from, under the same
 * topic or another, and bounds both: what has passed one relay goes no further. mosquitto never sends a bridge what it brought. What another connection brought to the local broker still goes out, as it does with mosquitto, and comes once more to
 * the broker that it came from.
 */
export function limitHops(flows: readonly TopicFlow[], ofOthers: readonly TopicFlow[]): HopLimit {
  const brought = ofOthers.filter(({ direction }) => direction === "in");
  return (flow) => {
    const opposite = flows.filter(({ direction }) => direction !== flow.direction);
    if (!opposite.some((other) => isTakenBy(flow, other) || isTakenBy(other, flow))) return undefined;
    return flow.direction === "out" && brought.some((other) => isTakenBy(other, flow)) ? 2 : 1;
  };
}

function isTakenBy(giver: TopicFlow, taker: TopicFlow): boolean {
  const template = parseTopicTemplate(giver.dataDestination);
  if ("problem" in template) return false;
  const made = outputFilter(template, giver.filter);
  return made !== undefined && filtersOverlap(made, taker.filter);
}
