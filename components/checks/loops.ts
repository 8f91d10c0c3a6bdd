import type { Problem } from "../../runtime/contract/errors.ts";
import { intersectFilters, unsharedFilter } from "../../runtime/contract/topic/overlap.ts";
import { destinationFilter } from "../topic-sets.ts";
import { byRule } from "./rules.ts";

/** A dataflow between two brokers, as far as a loop is concerned. */
export interface Flow {
  readonly name: string;
  /** Broker that it subscribes at; the same text for the same broker, whatever endpoint leads there. */
  readonly sourceBroker: string;
  readonly dataSources: readonly string[];
  readonly destinationBroker: string;
  /** Whether both ends are one endpoint: the configuration's own rule then judges a loop of this dataflow alone. */
  readonly isWithinEndpoint: boolean;
  readonly dataDestination: string;
}

/**
 * Times that topics come back to where they started before they are taken to come back for ever. Each round either fixes
 * a level, of which Event Grid's topics have 15, or makes the topic longer.
 */
const maxRounds = 16;

/** Hops that are followed from one dataflow; far more than any way through dataflows that a person wrote. */
const maxHops = 10_000;

/**
 * Refuses dataflows that would bring a message back to where it came from, one after the other, round after round: each
 * makes one more copy, without end. Follows the topics from filter to filter, so that ways which only share a broker, or
 * which end after a round or two, are no loop.
 */
export function checkLoops(flows: readonly Flow[]): Problem[] {
  const problems = flows.flatMap((start, index) => {
    // Each loop is found once, from the first dataflow in it.
    const chain = findLoop(flows.slice(index));
    return chain === undefined ? [] : [describeLoop(start.name, chain)];
  });
  return byRule("loop", problems);
}

/** One dataflow on the way of a message, with the topics that it takes up and publishes there. */
interface Hop {
  readonly flow: Flow;
  readonly taken: string;
  readonly published: string;
}

/** The hops of a loop through the first of these dataflows, from there and back to it. */
function findLoop(flows: readonly Flow[]): readonly Hop[] | undefined {
  const [start] = flows;
  const seen = new Set<string>();
  /** Follows a way depth first, up to where it begins to repeat itself. */
  const follow = (way: readonly Hop[], hop: Hop): readonly Hop[] | undefined => {
    const longer = [...way, hop];
    const before = way.findIndex(({ flow, taken }) => flow === hop.flow && taken === hop.taken);
    if (before >= 0) return fromStart(way.slice(before), flows);
    if (longer.filter(({ flow }) => flow === start).length > maxRounds) return lastRound(way, flows);
    const key = `${hop.flow.name} ${hop.taken}`;
    if (seen.has(key) || seen.size >= maxHops) return undefined;
    seen.add(key);
    return firstLoop(nextHops(flows, longer), (next) => follow(longer, next));
  };
  return start && firstLoop(start.dataSources, (source) => follow([], hopOf(start, unsharedFilter(source))));
}

function firstLoop<T>(
  steps: readonly T[],
  follow: (step: T) => readonly Hop[] | undefined,
): readonly Hop[] | undefined {
  for (const step of steps) {
    const loop = follow(step);
    if (loop !== undefined) return loop;
  }
  return undefined;
}

/** The hops of a loop, from the first dataflow on; it is in it, since none of the others comes twice without it. */
function fromStart(loop: readonly Hop[], [start]: readonly Flow[]): readonly Hop[] {
  const index = loop.findIndex(({ flow }) => flow === start);
  return [...loop.slice(index), ...loop.slice(0, index)];
}

function lastRound(way: readonly Hop[], [start]: readonly Flow[]): readonly Hop[] {
  return way.slice(way.findLastIndex(({ flow }) => flow === start));
}

/** Where the topics of the last hop go on: to the first dataflow, or to one that this round has not met yet. */
function nextHops(flows: readonly Flow[], way: readonly Hop[]): Hop[] {
  const [start] = flows;
  const last = way.at(-1);
  if (start === undefined || last === undefined) return [];
  const round = lastRound(way, flows).map(({ flow }) => flow);
  return flows
    .filter((flow) => flow.sourceBroker === last.flow.destinationBroker)
    .filter((flow) => !(flow === last.flow && flow.isWithinEndpoint))
    .filter((flow) => flow === start || !round.includes(flow))
    .flatMap((flow) => flow.dataSources.map((source) => [flow, unsharedFilter(source)] as const))
    .flatMap(([flow, source]) => {
      const taken = intersectFilters(source, last.published);
      return taken === undefined ? [] : [hopOf(flow, taken)];
    });
}

function hopOf(flow: Flow, taken: string): Hop {
  return { flow, taken, published: destinationFilter(flow.dataDestination, taken) };
}

function describeLoop(name: string, chain: readonly Hop[]): Problem {
  const way = chain.map(({ flow, published }) => `"${flow.name}" publishes "${published}"`).join(", ");
  const problem = `leads back to dataflow "${name}" itself (${way})`;
  const remedy = "give one of them topics that the next does not subscribe to, such as a first level of its own";
  return { path: `dataflows.${name}.dataDestination`, problem, remedy };
}
