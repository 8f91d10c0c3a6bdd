import { FilterTree, type Entry } from "../topic/filter-tree.ts";

/** Topics at a broker. */
export interface TopicsAt {
  /** The broker; the same text for the same broker. */
  readonly broker: string;
  /** Topic filters that are not shared. */
  readonly filters: readonly string[];
}

/** One way that messages go: the topics that it takes, and those that it may publish. */
export interface Way {
  readonly takes: TopicsAt;
  readonly gives: readonly TopicsAt[];
}

/**
 * Finds the ways on which a message may come back to where it was, each with the number of its circle: ways of one circle
 * lead to each other. `undefined` for a way that leads to no circle.
 *
 * These are the strongly connected components of the ways, found as Kosaraju does. A way leaves the trees as soon as it has
 * been met, so no pair of ways is looked at for its own sake: 1,000 ways that all lead to each other cost 1,000 looks.
 *
 * @param trees what is searched; given only to see what it has cost
 */
export function findCircles(ways: readonly Way[], trees = new Trees()): readonly (number | undefined)[] {
  const finished = trees.walk(ways.map(({ takes, gives }) => ({ at: [takes], next: gives })));
  const reversed = finished.flat().reverse();
  const groups = trees.walk(
    ways.map(({ takes, gives }) => ({ at: gives, next: [takes] })),
    reversed,
  );
  const circles: (number | undefined)[] = ways.map(() => undefined);
  for (const [circle, members] of groups.entries()) {
    const [only] = members;
    const isCircle = members.length > 1 || (only !== undefined && leadsToItself(ways[only], trees));
    if (isCircle) for (const member of members) circles[member] = circle;
  }
  return circles;
}

function leadsToItself(way: Way | undefined, trees: Trees): boolean {
  if (way === undefined) return false;
  const given = way.gives.filter(({ broker }) => broker === way.takes.broker).flatMap(({ filters }) => filters);
  return given.length > 0 && trees.share(way.takes.filters, given);
}

/** A way in one direction: where it is found, and where it leads. */
interface Step {
  readonly at: readonly TopicsAt[];
  readonly next: readonly TopicsAt[];
}

/** The topics of ways by broker, and what searching them has cost. */
export class Trees {
  /** Nodes and filters that were looked at. */
  steps = 0;

  /**
   * Walks depth first, from each way in turn that was not met before.
   * @returns for each start the ways that were met from there, each behind those that it leads to
   */
  walk(steps: readonly Step[], starts: readonly number[] = [...steps.keys()]): number[][] {
    const byBroker = new Map<string, FilterTree<number>>();
    const handles = steps.map(({ at }, index) => at.flatMap((topics) => addTo(byBroker, topics, index)));
    const meet = (index: number) => {
      for (const { tree, handle } of handles[index] ?? []) tree.remove(handle);
      return { index, next: neighbours(byBroker, steps[index]?.next ?? []) };
    };
    const isMet = new Set<number>();
    const walks = starts.flatMap((start) => {
      if (isMet.has(start)) return [];
      const met: number[] = [];
      isMet.add(start);
      const way = [meet(start)];
      for (let last = way.at(-1); last !== undefined; last = way.at(-1)) {
        const { value: next } = last.next.next();
        if (next === undefined) met.push(way.pop()?.index ?? start);
        else {
          isMet.add(next);
          way.push(meet(next));
        }
      }
      return [met];
    });
    for (const { steps: cost } of byBroker.values()) this.steps += cost;
    return walks;
  }

  /** Tells whether one of these filters shares topics with one of those. */
  share(these: readonly string[], those: readonly string[]): boolean {
    const tree = new FilterTree<true>();
    for (const filter of these) tree.add(filter, true);
    const isShared = those.some((filter) => tree.overlapping(filter).next().value === true);
    this.steps += tree.steps;
    return isShared;
  }
}

function addTo(byBroker: Map<string, FilterTree<number>>, { broker, filters }: TopicsAt, index: number) {
  const tree = byBroker.get(broker) ?? new FilterTree<number>();
  byBroker.set(broker, tree);
  return filters.map((filter): { tree: FilterTree<number>; handle: Entry<number> } => ({
    tree,
    handle: tree.add(filter, index),
  }));
}

function* neighbours(
  byBroker: ReadonlyMap<string, FilterTree<number>>,
  topics: readonly TopicsAt[],
): Generator<number, undefined> {
  for (const { broker, filters } of topics) {
    const tree = byBroker.get(broker);
    if (tree === undefined) continue;
    for (const filter of filters) yield* tree.overlapping(filter);
  }
  return undefined;
}
