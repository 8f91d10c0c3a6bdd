import { findCircles } from "../../runtime/contract/config/ways.ts";
import { firstLines, quote, type Problem } from "../../runtime/contract/errors.ts";
import { FilterTree } from "../../runtime/contract/topic/filter-tree.ts";
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

/**
 * Steps of the search in all: far more than any dataflows that a person wrote need. Where they are used up, what is not found
 * ends at run time: the relay counts the hops of messages wherever its dataflows may lead back.
 */
const maxSteps = 200_000;

/** What is left of {@link maxSteps}. */
interface Budget {
  steps: number;
}

/**
 * Refuses dataflows that would bring a message back to where it came from, one after the other, round after round: each
 * makes one more copy, without end. Follows the topics from filter to filter, so that ways which only share a broker, or
 * which end after a round or two, are no loop.
 */
export function checkLoops(flows: readonly Flow[], budget: Budget = { steps: maxSteps }): Problem[] {
  const problems: Problem[] = [];
  // Each loop is found once, from the first dataflow in it; then the others are looked at without that one.
  for (const open = listCircles(flows, budget); budget.steps > 0;) {
    const [start, ...others] = open.pop() ?? [];
    if (start === undefined) break;
    const chain = findLoop([start, ...others], budget);
    if (chain !== undefined) problems.push(describeLoop(start.name, chain));
    open.push(...listCircles(others, budget));
  }
  return byRule("loop", problems);
}

/** The dataflows that may lead to each other, group by group with the first one last. Nothing else can be in a loop. */
function listCircles(flows: readonly Flow[], budget: Budget): (readonly Flow[])[] {
  budget.steps -= flows.length;
  const circles = findCircles(
    flows.map(({ sourceBroker, dataSources, destinationBroker, dataDestination }) => ({
      takes: { broker: sourceBroker, filters: dataSources.map(unsharedFilter) },
      gives: [
        { broker: destinationBroker, filters: dataSources.map((source) => destinationFilter(dataDestination, source)) },
      ],
    })),
  );
  const groups = new Map<number, Flow[]>();
  for (const [index, flow] of flows.entries()) {
    const circle = circles[index];
    if (circle === undefined) continue;
    const group = groups.get(circle) ?? [];
    groups.set(circle, group);
    group.push(flow);
  }
  return [...groups.values()].reverse();
}

/** One dataflow on the way of a message, with the topics that it takes up and publishes there. */
interface Hop {
  readonly flow: Flow;
  readonly taken: string;
  readonly published: string;
  readonly before: Hop | undefined;
  /** How often the first dataflow has been met, this hop included. */
  readonly rounds: number;
}

/** The hops of a loop through the first of these dataflows, from there and back to it. Needs no stack. */
function findLoop(flows: readonly Flow[], budget: Budget): readonly Hop[] | undefined {
  const [start] = flows;
  if (start === undefined) return undefined;
  const seen = new Set<string>();
  const onWay = new Map<string, Hop>();
  const nextHops = hopFinder(flows, budget);
  const sources = start.dataSources.map((source) => hopOf(start, unsharedFilter(source), undefined, start));
  /** Ways that are open, depth first: a hop, and where it goes on. */
  const open: { readonly hop: Hop | undefined; readonly next: Hop[] }[] = [{ hop: undefined, next: sources.reverse() }];
  for (let last = open.at(-1); last !== undefined && budget.steps > 0; last = open.at(-1)) {
    const hop = last.next.pop();
    if (hop === undefined) {
      open.pop();
      if (last.hop !== undefined) onWay.delete(keyOf(last.hop));
      continue;
    }
    const before = onWay.get(keyOf(hop));
    // It begins to repeat itself; the first dataflow is in that loop, since none of the others comes twice without it.
    if (before !== undefined) return fromStart(hopsFrom(before, hop.before), start);
    if (hop.rounds > maxRounds) return lastRound(hop.before, start);
    if (seen.has(keyOf(hop))) continue;
    seen.add(keyOf(hop));
    onWay.set(keyOf(hop), hop);
    open.push({ hop, next: nextHops(hop).reverse() });
  }
  return undefined;
}

function keyOf({ flow, taken }: Hop): string {
  return `${flow.name} ${taken}`;
}

/** The hops from one to another that lies behind it. */
function hopsFrom(first: Hop, last: Hop | undefined): readonly Hop[] {
  const hops: Hop[] = [];
  for (let hop = last; hop !== undefined && hop !== first; hop = hop.before) hops.push(hop);
  return [...hops, first].reverse();
}

function fromStart(loop: readonly Hop[], start: Flow): readonly Hop[] {
  const index = loop.findIndex(({ flow }) => flow === start);
  return [...loop.slice(index), ...loop.slice(0, index)];
}

/** The hops since the first dataflow was met last, that one included. */
function lastRound(last: Hop | undefined, start: Flow): readonly Hop[] {
  const hops: Hop[] = [];
  for (let hop = last; hop !== undefined; hop = hop.flow === start ? undefined : hop.before) hops.push(hop);
  return hops.reverse();
}

/** Finds where the topics of a hop go on: to the first dataflow, or to one that this round has not met yet. */
function hopFinder(flows: readonly Flow[], budget: Budget): (last: Hop) => Hop[] {
  const [start] = flows;
  const places = new Map(flows.map((flow, index) => [flow, index]));
  const byBroker = new Map<string, FilterTree<readonly [Flow, string]>>();
  for (const flow of flows) {
    const tree = byBroker.get(flow.sourceBroker) ?? new FilterTree<readonly [Flow, string]>();
    byBroker.set(flow.sourceBroker, tree);
    for (const source of flow.dataSources.map(unsharedFilter)) tree.add(source, [flow, source]);
  }
  return (last) => {
    if (start === undefined) return [];
    const round = new Set(lastRound(last, start).map(({ flow }) => flow));
    const found = [...(byBroker.get(last.flow.destinationBroker)?.overlapping(last.published) ?? [])];
    // Hops have to be as cheap as steps, however long the round is and however many dataflows go on from here.
    budget.steps -= 1 + Math.ceil((round.size + found.length) / 50);
    return found
      .filter(([flow]) => !(flow === last.flow && flow.isWithinEndpoint))
      .filter(([flow]) => flow === start || !round.has(flow))
      .sort(([one], [other]) => (places.get(one) ?? 0) - (places.get(other) ?? 0))
      .flatMap(([flow, source]) => {
        const taken = intersectFilters(source, last.published);
        return taken === undefined ? [] : [hopOf(flow, taken, last, start)];
      });
  };
}

function hopOf(flow: Flow, taken: string, before: Hop | undefined, start: Flow): Hop {
  const rounds = (before?.rounds ?? 0) + (flow === start ? 1 : 0);
  return { flow, taken, published: destinationFilter(flow.dataDestination, taken), before, rounds };
}

function describeLoop(name: string, chain: readonly Hop[]): Problem {
  const way = firstLines(chain, ({ flow, published }) => `"${flow.name}" publishes ${quote(published)}`).join(", ");
  const problem = `leads back to dataflow "${name}" itself (${way})`;
  const remedy =
    "give one of them topics that the next does not subscribe to, such as a first level of its own, or narrow the next one's dataSources";
  return { path: `dataflows.${name}.dataDestination`, problem, remedy };
}
