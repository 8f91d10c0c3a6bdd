import { outputFilter } from "../../runtime/contract/topic/output-filter.ts";
import { unsharedFilter } from "../../runtime/contract/topic/overlap.ts";
import { parseTopicTemplate } from "../../runtime/contract/topic/template.ts";
import { PublishView } from "../../runtime/mqtt/publish.ts";
import { createPatch, planPatch } from "../../runtime/rewrite/patch.ts";
import { Arrivals, arrivalOf, type Arrival } from "./arrivals.ts";
import { watch, type Watch } from "./clients.ts";
import { judgeHops } from "./judge-hops.ts";
import type { ProbePlan } from "./plan.ts";
import { blindnessOf, relayEvidence, type ProbeOptions } from "./publish-probe.ts";
import { askRelay } from "./relay-page.ts";
import type { ProbeResult } from "./result.ts";

/** A message that was seen at the source, and what it has to look like at the destination. */
interface Expected {
  readonly arrival: Arrival;
  readonly topic: string;
  readonly digest: string;
}

/** Messages of the source that are looked for at the destination. */
const maxExpected = 1000;

/**
 * Publishes nothing: takes messages of others as they pass the source, and watches for what the relay's own rewriting makes of
 * them at the destination.
 */
export async function probeByListening(plan: ProbePlan, options: ProbeOptions): Promise<ProbeResult> {
  const { clients, timeoutMs } = options;
  const { parts } = plan;
  const filters = parts.source.dataSources.map(unsharedFilter);
  const template = parseTopicTemplate(parts.destination.dataDestination);
  const outputs = "problem" in template ? [] : filters.flatMap((filter) => outputFilter(template, filter) ?? []);
  const expected: Expected[] = [];
  const arrived = new Arrivals();
  const toDestination = await clients.get("destination", parts.destination.endpointRef);
  const destination = await watch(toDestination, [...new Set(outputs)], (view) => {
    if (!view.retain) arrived.add(arrivalOf(view));
  });
  const toSource = await clients.get("source", parts.source.endpointRef);
  const look = expectIn(plan, expected, arrived);
  const source = await watch(toSource, filters, look);
  try {
    if (typeof toSource === "string") return judgeHops(plan, { unreachable: toSource, how: "listened" });
    return await compare(plan, { source, destination, expected, arrived }, { ...options, timeoutMs });
  } finally {
    await source.end();
    await destination.end();
  }
}

/** Notes each message of the source; retained ones may be of any age, and their way is over. */
function expectIn(plan: ProbePlan, expected: Expected[], arrived: Arrivals): (view: PublishView) => void {
  const patch = createPatch(planPatch(plan.parts, plan.destination, plan.settings.relay.maxHops));
  return (view) => {
    if (view.retain || expected.length >= maxExpected) return;
    const arrival = arrivalOf(view);
    const made = patch(view);
    if ("undeliverable" in made) return;
    const { topic, digest } = arrivalOf(new PublishView().readPacket(made.packet));
    expected.push({ arrival, topic, digest });
    arrived.look();
  };
}

interface Scene {
  readonly source: Watch;
  readonly destination: Watch;
  readonly expected: readonly Expected[];
  readonly arrived: Arrivals;
}

async function compare(
  plan: ProbePlan,
  { source, destination, expected, arrived }: Scene,
  { timeoutMs, relayUrl }: ProbeOptions,
): Promise<ProbeResult> {
  const before = await askRelay(relayUrl, plan.dataflow);
  const match = await arrived.until((all) => {
    for (const one of expected) {
      const found = all.find(({ topic, digest }) => topic === one.topic && digest === one.digest);
      if (found !== undefined) return { one, found };
    }
    return undefined;
  }, timeoutMs);
  const first = match?.one ?? expected[0];
  const after = match === undefined ? await askRelay(relayUrl, plan.dataflow) : before;
  const { outcome: _planned, topic: _made, ...rest } = plan;
  const seenPlan = first === undefined ? rest : { ...rest, topic: first.arrival.topic };
  const result = judgeHops(seenPlan, {
    how: "listened",
    source: first === undefined ? blindnessOf(source) : { afterMs: 0 },
    destination:
      match === undefined ? blindnessOf(destination) : { afterMs: match.found.atMs - match.one.arrival.atMs },
    timeoutMs,
    ...relayEvidence(before, after),
  });
  return first === undefined ? result : { ...result, arrivesAs: first.topic };
}
