import { quote, type Problem } from "../errors.ts";
import { maxTopicBytes } from "../topic/filter.ts";
import { FilterTree } from "../topic/filter-tree.ts";
import { resolveTopicTemplate } from "../topic/template.ts";
import type { Flow } from "./flows.ts";
import { outputsOf } from "./flows.ts";
import { findCircles } from "./ways.ts";

/** Characters of topics that are followed, for all dead letters together; what leads further ends by its hops. */
const maxFollowed = 2_000_000;
/** What a topic costs beside its characters. */
const stopCost = 100;

/** Dataflows of a way that a message names. */
const maxNamed = 5;

/** One dead letter on its way: the dataflow that takes it up, under which topic, and who brought it there. */
interface Stop {
  readonly flow: Flow;
  readonly topic: string;
  readonly before: Stop | undefined;
}

/**
 * Refuses dead letters that come back to the dataflow which published them, through other dataflows: one that can't be
 * delivered again would become a dead letter each time. Those that another dataflow carries elsewhere are left alone.
 * A dataflow that takes its own up directly is {@link checkUndeliverable}'s.
 *
 * @param pathOf the path of a dataflow in what the operator gave
 */
export function checkDeadLetterLoops(flows: readonly Flow[], pathOf: (name: string) => string): Problem[] {
  const circles = findCircles(
    flows.map((flow) => ({
      takes: { broker: flow.from, filters: flow.filters },
      gives: [
        { broker: flow.to, filters: outputsOf(flow) },
        ...(flow.deadLetter === undefined
          ? []
          : [{ broker: flow.deadLetter.broker, filters: [flow.deadLetter.topic] }]),
      ],
    })),
  );
  // Only what is in a circle can come back; the filters that led to it are wider than the topics, which are followed here.
  const inCircles = flows.filter((_flow, index) => circles[index] !== undefined);
  const followed = { left: maxFollowed };
  const follow = follower(inCircles);
  return inCircles.flatMap((flow) => {
    const way = flow.deadLetter === undefined ? undefined : follow(flow, flow.deadLetter, followed);
    // One that it takes up itself has a rule of its own.
    if (way === undefined || way.length === 1) return [];
    return [describeLoop(`${pathOf(flow.name)}.relay.deadLetter.topic`, flow, way)];
  });
}

type Place = NonNullable<Flow["deadLetter"]>;

/** Finds how a dead letter of a dataflow comes back to it: the dataflows on the way, with it as the last one. */
function follower(flows: readonly Flow[]) {
  const byBroker = new Map<string, FilterTree<Flow>>();
  for (const flow of flows) {
    const tree = byBroker.get(flow.from) ?? new FilterTree<Flow>();
    byBroker.set(flow.from, tree);
    for (const filter of flow.filters) tree.add(filter, flow);
  }
  return (start: Flow, place: Place, followed: { left: number }): readonly Stop[] | undefined => {
    const seen = new Set<string>();
    const open: [Place, Stop | undefined][] = [[place, undefined]];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const [{ broker, topic }, before] = next;
      for (const flow of byBroker.get(broker)?.overlapping(topic) ?? []) {
        const stop = { flow, topic, before };
        if (flow === start) return stopsUpTo(stop);
        const key = `${flow.name} ${topic}`;
        if (seen.has(key)) continue;
        if (followed.left <= 0) return undefined;
        followed.left -= topic.length + stopCost;
        seen.add(key);
        open.push(...placesAfter(stop).map((after): [Place, Stop] => [after, stop]));
      }
    }
    return undefined;
  };
}

/** Where a dataflow may bring what it has taken up: to its destination, or among its own dead letters. */
function placesAfter({ flow, topic }: Stop): Place[] {
  const output = resolveTopicTemplate(flow.template, topic);
  return [
    ...(output === undefined || output.length > maxTopicBytes ? [] : [{ broker: flow.to, topic: output }]),
    ...(flow.deadLetter === undefined ? [] : [flow.deadLetter]),
  ];
}

function stopsUpTo(last: Stop): readonly Stop[] {
  const stops: Stop[] = [];
  for (let stop: Stop | undefined = last; stop !== undefined; stop = stop.before) stops.push(stop);
  return stops.reverse();
}

function describeLoop(path: string, { deadLetter }: Flow, stops: readonly Stop[]): Problem {
  const others = stops.slice(0, -1).map(({ flow: { name } }) => `"${name}"`);
  const more = others.length > maxNamed ? ` and ${others.length - maxNamed} more` : "";
  const through = ` through ${others.slice(0, maxNamed).join(", ")}${more}`;
  const problem = `${quote(deadLetter?.topic ?? "")} leads back to this dataflow${through}, so a dead letter would go round without end`;
  return {
    path,
    problem,
    remedy:
      "give a topic that none of these dataflows subscribes to, or leave deadLetter out to write them to the disk",
  };
}
