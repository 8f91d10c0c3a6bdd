import { splitRemedy } from "../../runtime/contract/errors.ts";
import type { ProbePlan } from "./plan.ts";
import type { Hop, HopName, ProbeResult } from "./result.ts";

/** What was seen of a message at one place. */
export interface Sight {
  /** Milliseconds until it was seen; omitted: it was not. */
  readonly afterMs?: number;
  /** Why nothing can be seen there. */
  readonly blind?: string;
  /** Nothing can be seen there, since the broker can't be reached at all. */
  readonly isUnreachable?: true;
}

/** What is known of one message. */
export interface Evidence {
  readonly how: ProbeResult["how"];
  /** Of a message that was published: the PUBACK, or why there is none. */
  readonly published?: { readonly afterMs?: number; readonly refusal?: string };
  readonly source?: Sight;
  readonly destination?: Sight;
  /** What the relay has counted meanwhile, for all messages of the dataflow; omitted: no relay answers. */
  readonly relay?: { readonly received: number; readonly delivered: number; readonly unready?: string };
  readonly timeoutMs?: number;
  /** Why the source can't be reached at all. */
  readonly unreachable?: string;
}

/** Puts together what was seen, and says where the message stops and why. */
export function judgeHops(plan: ProbePlan, evidence: Evidence): ProbeResult {
  const { topic, outcome, dataflow } = plan;
  const arrivesAs = outcome?.kind === "delivered" ? outcome.message.topic : undefined;
  const base = {
    dataflow,
    how: evidence.how,
    ...(topic === undefined ? {} : { topic }),
    ...(arrivesAs === undefined ? {} : { arrivesAs }),
  };
  if (evidence.unreachable !== undefined) {
    const stop = stopAfter("start", evidence.unreachable);
    return { ...base, outcome: "stopped", hops: [hop("published", "missing", stop.why)], stop };
  }
  const hops = hopsOf(plan, evidence);
  if (evidence.destination?.afterMs !== undefined) return { ...base, outcome: "delivered", hops };
  const stop = findStop(plan, evidence);
  return {
    ...base,
    outcome: stop === undefined ? "unknown" : "stopped",
    hops,
    ...(stop === undefined ? {} : { stop }),
  };
}

function hopsOf({ parts }: ProbePlan, evidence: Evidence): Hop[] {
  const { published, source = {}, destination = {}, relay } = evidence;
  const [from, to] = [parts.source.endpointRef, parts.destination.endpointRef];
  const isDelivered = destination.afterMs !== undefined;
  const hops: Hop[] = [];
  if (published !== undefined) {
    const { afterMs, refusal } = published;
    hops.push(
      refusal === undefined
        ? hop("published", "seen", `${from} has acknowledged it`, afterMs)
        : hop("published", "missing", `${from}: ${splitRemedy(refusal).problem}`),
    );
  }
  const isImplied = isDelivered || (relay?.received ?? 0) > 0;
  hops.push(sightHop("source", source, `seen at ${from}`, isImplied));
  hops.push(
    isDelivered
      ? hop("accepted", "implied", `${to} has it from the relay`)
      : relay === undefined
        ? hop("accepted", "unknown", "no relay answers that could say")
        : hop(
            "accepted",
            relay.delivered > 0 ? "seen" : "missing",
            `the relay has counted ${relay.received} received and ${relay.delivered} delivered of this dataflow meanwhile`,
          ),
  );
  hops.push(sightHop("destination", destination, `seen at ${to}`, false));
  return hops;
}

function sightHop(name: HopName, { afterMs, blind }: Sight, text: string, isImplied: boolean): Hop {
  if (afterMs !== undefined) return hop(name, "seen", text, afterMs);
  if (blind !== undefined)
    return hop(name, isImplied ? "implied" : "unknown", `can't look there: ${splitRemedy(blind).problem}`);
  return isImplied ? hop(name, "implied", `not ${text}`) : hop(name, "missing", `not ${text}`);
}

function hop(name: HopName, state: Hop["state"], text: string, afterMs?: number): Hop {
  return { hop: name, state, text, ...(afterMs === undefined ? {} : { afterMs: Math.round(afterMs) }) };
}

type Stop = NonNullable<ProbeResult["stop"]>;

/** Where a message that did not arrive has stopped; `undefined` where nothing tells. */
function findStop(plan: ProbePlan, evidence: Evidence): Stop | undefined {
  const { published, source = {}, destination = {}, relay } = evidence;
  const [from, to] = [plan.parts.source.endpointRef, plan.parts.destination.endpointRef];
  if (published?.refusal !== undefined) return stopAfter("start", `${from} does not take it: ${published.refusal}`);
  if (plan.outcome?.kind === "undeliverable") {
    const { reason, consequence } = plan.outcome;
    return {
      after: "source",
      why: `the dataflow can't deliver it: ${reason}`,
      remedy: `choose another topic: ${consequence}`,
    };
  }
  const isAtSource = source.afterMs !== undefined;
  if (evidence.how === "listened" && !isAtSource) return undefined;
  if (relay !== undefined) return stopAtRelay(plan, evidence, relay);
  if (!isAtSource && source.blind === undefined) {
    const why = `${from} has acknowledged it and passes it to no subscriber of its topic`;
    return { after: "published", why, remedy: "let this identity read the topic: see the broker's access control" };
  }
  if (destination.isUnreachable === true) return stopAfter("source", destination.blind ?? "");
  if (destination.blind !== undefined) return undefined;
  const why = `nothing has come to ${to} within ${evidence.timeoutMs ?? 0} ms, and no relay answers that could say why`;
  const remedy = "see that the relay runs, and give the address of its probes and metrics with --relay";
  return { after: isAtSource ? "source" : "published", why, remedy };
}

function stopAtRelay(plan: ProbePlan, evidence: Evidence, relay: NonNullable<Evidence["relay"]>): Stop | undefined {
  const [from, to] = [plan.parts.source.endpointRef, plan.parts.destination.endpointRef];
  const isAtSource = evidence.source?.afterMs !== undefined;
  const after = isAtSource ? "source" : "published";
  if (relay.unready !== undefined) return stopAfter(after, `the relay is not ready: ${relay.unready}`);
  if (relay.received === 0) {
    if (!isAtSource && evidence.source?.blind === undefined && evidence.how === "published") {
      const why = `${from} has acknowledged it and passes it neither to the relay nor to another subscriber`;
      return { after, why, remedy: "let this identity read the topic: see the broker's access control" };
    }
    const why = `the relay has received nothing of this dataflow, though it is connected to ${from}`;
    return { after, why, remedy: "see whether that relay runs this configuration, and which rights its identity has" };
  }
  if (relay.delivered === 0) {
    const why = `the relay has received it, and ${to} has acknowledged nothing`;
    return { after: "source", why, remedy: "see /readyz and the log of the relay" };
  }
  if (evidence.destination?.blind !== undefined) return undefined;
  const why = `${to} has acknowledged messages of this dataflow and shows this identity none under the expected topic`;
  return { after: "accepted", why, remedy: "let this identity read there, or see what else takes the topic" };
}

function stopAfter(after: Stop["after"], text: string): Stop {
  const { problem, ...rest } = splitRemedy(text);
  return { after, why: problem, ...rest };
}
