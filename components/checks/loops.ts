import type { Problem } from "../../runtime/errors.ts";
import { destinationFilter, intersectFilters, unsharedFilter } from "../topic-sets.ts";
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
 * Refuses dataflows that would bring a message back to where it came from, one after the other: each round makes one more
 * copy, without end. Follows the topics from filter to filter, so that ways which only share a broker are no loop.
 */
export function checkLoops(flows: readonly Flow[]): Problem[] {
  const problems = flows.flatMap((start, index) => {
    // Each loop is found once, from the first dataflow in it.
    const others = flows.slice(index + 1);
    for (const source of start.dataSources) {
      const chain = findLoop(start, unsharedFilter(source), others);
      if (chain !== undefined) return [describeLoop(chain)];
    }
    return [];
  });
  return byRule("loop", problems);
}

/** One dataflow of a loop, and the topics that it passes on in it. */
interface Hop {
  readonly flow: Flow;
  readonly published: string;
}

/** Goes on from each topic that is published, breadth first, so that the shortest loop is the one that is shown. */
function findLoop(start: Flow, source: string, others: readonly Flow[]): Hop[] | undefined {
  const chains: Hop[][] = [[{ flow: start, published: destinationFilter(start.dataDestination, source) }]];
  const seen = new Set<string>();
  for (let chain = chains.shift(); chain !== undefined; chain = chains.shift()) {
    const last = chain.at(-1);
    if (last === undefined) continue;
    const isJudgedElsewhere = chain.length === 1 && start.isWithinEndpoint;
    if (!isJudgedElsewhere && taken(start, last).length > 0) return chain;
    for (const flow of others) {
      for (const filter of taken(flow, last)) {
        const key = `${flow.name} ${filter}`;
        if (seen.has(key)) continue;
        seen.add(key);
        chains.push([...chain, { flow, published: destinationFilter(flow.dataDestination, filter) }]);
      }
    }
  }
  return undefined;
}

/** The topics of a hop that a dataflow takes up, as filters. */
function taken(flow: Flow, { flow: before, published }: Hop): string[] {
  if (flow.sourceBroker !== before.destinationBroker) return [];
  return flow.dataSources.flatMap((source) => intersectFilters(unsharedFilter(source), published) ?? []);
}

function describeLoop(chain: readonly Hop[]): Problem {
  const [first] = chain;
  const name = first?.flow.name ?? "";
  const way = chain.map(({ flow, published }) => `"${flow.name}" publishes "${published}"`).join(", ");
  const problem = `leads back to dataflow "${name}" itself (${way})`;
  const remedy = "give one of them topics that the next does not subscribe to, such as a first level of its own";
  return { path: `dataflows.${name}.dataDestination`, problem, remedy };
}
