import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import { describeError } from "../../runtime/contract/errors.ts";
import { describeReasonCode } from "../../runtime/contract/reason-codes.ts";
import type { PublishAnswer } from "../client/open-client.ts";
import { Arrivals, arrivalOf, markProperty, type Arrival } from "./arrivals.ts";
import { watch, type ProbeClient, type ProbeClients, type Watch } from "./clients.ts";
import type { ProbePlan } from "./plan.ts";
import { askRelay, type RelaySaying } from "./relay-page.ts";
import { judgeHops, type Evidence, type Sight } from "./judge-hops.ts";
import type { ProbeResult } from "./result.ts";

/** How a dataflow is tested. */
export interface ProbeOptions {
  readonly clients: ProbeClients;
  readonly timeoutMs: number;
  /** Where the relay serves probes and metrics. */
  readonly relayUrl: string;
}

/** The source's broker does not let this identity publish. */
export const mayNotPublish = "may not publish";

/**
 * Publishes one marked message and watches for it hop by hop.
 * @returns what it came to; {@link mayNotPublish} where the broker refuses it to this identity
 */
export async function probeByPublishing(
  plan: ProbePlan & { readonly topic: string },
  options: ProbeOptions,
): Promise<ProbeResult | typeof mayNotPublish> {
  const { clients } = options;
  const { parts, outcome, topic } = plan;
  const arrivesAs = outcome?.kind === "delivered" ? outcome.message.topic : undefined;
  const [atSource, atDestination] = [new Arrivals(), new Arrivals()];
  const toDestination = await clients.get("destination", parts.destination.endpointRef);
  const destination = await watch(
    toDestination,
    arrivesAs === undefined ? [] : [arrivesAs],
    collectInto(atDestination),
  );
  const toSource = await clients.get("source", parts.source.endpointRef);
  const source = await watch(toSource, [topic], collectInto(atSource));
  try {
    if (typeof toSource === "string") return judgeHops(plan, { unreachable: toSource, how: "published" });
    return await publishAndWatch(plan, { toSource, source, destination, atSource, atDestination }, options);
  } finally {
    await source.end();
    await destination.end();
  }
}

interface Stage {
  readonly toSource: ProbeClient;
  readonly source: Watch;
  readonly destination: Watch;
  readonly atSource: Arrivals;
  readonly atDestination: Arrivals;
}

/** The message outlives the wait by it: the relay is asked then why it does not deliver it, and has to have it still. */
const questionSeconds = 10;

async function publishAndWatch(
  plan: ProbePlan & { readonly topic: string },
  { toSource, source, destination, atSource, atDestination }: Stage,
  { timeoutMs, relayUrl }: ProbeOptions,
): Promise<ProbeResult | typeof mayNotPublish> {
  const mark = randomUUID();
  const before = await askRelay(relayUrl, plan.dataflow);
  const startedMs = performance.now();
  const published = await publish(toSource, plan.topic, mark, Math.ceil(timeoutMs / 1000) + questionSeconds);
  if (typeof published !== "string" && published.reasonCode === notAuthorized) return mayNotPublish;
  const isPublished = typeof published !== "string" && published.isAccepted;
  const waitMs = isPublished ? timeoutMs : 0;
  const find = (all: readonly Arrival[]) => all.find((arrival) => arrival.mark === mark);
  const [seenAtSource, seenAtDestination] = await Promise.all([
    source.blind === undefined ? atSource.until(find, waitMs) : undefined,
    destination.blind === undefined && plan.outcome?.kind === "delivered"
      ? atDestination.until(find, waitMs)
      : undefined,
  ]);
  const isDelivered = seenAtDestination !== undefined;
  const after = isDelivered ? before : await askUntilKnown(relayUrl, plan.dataflow, before, startedMs + waitMs);
  const evidence: Evidence = {
    how: "published",
    published: isPublished ? { afterMs: published.tookMs } : { refusal: refusalOf(published) },
    source: seen(seenAtSource, startedMs, source),
    destination: seen(seenAtDestination, startedMs, destination),
    timeoutMs,
    ...relayEvidence(before, after),
  };
  return judgeHops(plan, evidence);
}

const askAgainMs = 200;

/** Asks a relay until it has delivered something, or says why it does not; at the deadline it is asked for the last time. */
async function askUntilKnown(
  url: string,
  dataflow: string,
  before: RelaySaying | undefined,
  deadlineMs: number,
): Promise<RelaySaying | undefined> {
  for (;;) {
    const after = await askRelay(url, dataflow);
    if (before === undefined || after === undefined) return after;
    if (after.unready !== undefined || after.delivered > before.delivered || performance.now() >= deadlineMs)
      return after;
    await delay(askAgainMs);
  }
}

/** Reason code: Not authorized. */
const notAuthorized = 0x87;

async function publish(
  { client }: ProbeClient,
  topic: string,
  mark: string,
  expirySeconds: number,
): Promise<PublishAnswer | string> {
  try {
    const payload = JSON.stringify({ [markProperty]: mark });
    return await client.publish({ topic, payload, userProperties: { [markProperty]: mark }, expirySeconds });
  } catch (cause) {
    return describeError(cause);
  }
}

function refusalOf(published: PublishAnswer | string): string {
  return typeof published === "string" ? published : describeReasonCode("PUBACK", published.reasonCode);
}

function seen(arrival: Arrival | undefined, startedMs: number, place: Watch): Sight {
  return arrival === undefined ? blindnessOf(place) : { afterMs: arrival.atMs - startedMs };
}

/** Why nothing can be seen at a place. */
export function blindnessOf({ blind, isUnreachable }: Watch): Sight {
  return {
    ...(blind === undefined ? {} : { blind }),
    ...(isUnreachable === undefined ? {} : { isUnreachable }),
  };
}

/** What the relay's own counters say between two looks. */
export function relayEvidence(
  before: RelaySaying | undefined,
  after: RelaySaying | undefined,
): Pick<Evidence, "relay"> {
  if (before === undefined || after === undefined) return {};
  const received = after.received - before.received;
  const delivered = after.delivered - before.delivered;
  return { relay: { received, delivered, ...(after.unready === undefined ? {} : { unready: after.unready }) } };
}

function collectInto(arrivals: Arrivals): Parameters<typeof watch>[2] {
  return (view) => {
    arrivals.add(arrivalOf(view));
  };
}
