import path from "node:path";

import { Candidate } from "../measure/candidate.ts";
import { window } from "../measure/brokers.ts";
import type { PeerName, Route } from "../peers/peer.ts";
import type { Bench } from "./scenario.ts";

/** The bridges that take part wherever one of them can. */
export const closestPeers = [
  "relay",
  "plain-mqttjs",
  "mosquitto",
  "rumqttc",
  "paho",
] as const satisfies readonly PeerName[];

/** What it takes to start a bridge, see a message cross it, and end it. */
export const startSeconds = 1.5;

export interface CandidateOptions {
  readonly scenario: string;
  readonly peers: readonly PeerName[];
  readonly tls?: boolean;
  readonly qos?: 0 | 1;
  readonly isEnriched?: boolean;
}

/** Topic of the load of a bridge, or of the load that goes back from its destination to its source. */
export function loadTopic(name: string, index = 0, way: "load" | "back" = "load"): string {
  return `${way}/${name}/${index}`;
}

/** Starts bridges side by side, each with topics of its own. One that doesn't start is recorded, and left out. */
export async function startCandidates(bench: Bench, options: CandidateOptions): Promise<Candidate[]> {
  const started: Candidate[] = [];
  for (const name of options.peers) {
    const candidate = await startCandidate(bench, options, name);
    if (candidate !== undefined) started.push(candidate);
  }
  return started;
}

/** What one bridge of several of its kind is started with. */
interface Shape {
  /** @default the peer's name */
  readonly label?: string;
  /** @default 1 */
  readonly dataflows?: number;
  /** Dataflows from the destination to the source; the relay's only. @default 0 */
  readonly reverseDataflows?: number;
  /** Whether to wait until a message of each dataflow has crossed it. @default true */
  readonly isProbed?: boolean;
  /** Topic filters of each dataflow; the relay's only. @default 1 */
  readonly filters?: number;
}

/** Starts one bridge; `undefined` when it is not installed, or does not start. */
export async function startCandidate(
  bench: Bench,
  { scenario, tls = false, qos = 1, isEnriched = false }: CandidateOptions,
  name: PeerName,
  { label = name, dataflows = 1, reverseDataflows = 0, isProbed = true, filters = 1 }: Shape = {},
): Promise<Candidate | undefined> {
  const installed = bench.installed.get(name);
  if (installed === undefined) return undefined; // its reason stands in the list of peers
  const side = tls ? "tls" : "plain";
  const topics = Array.from({ length: dataflows }, (_, index) => loadTopic(label, index));
  const route: Route = {
    folder: path.join(bench.folder, `${scenario}-${label}`),
    source: bench.brokers.source[side],
    destination: bench.brokers.destination[side],
    filters: dataflows === 1 ? [`load/${label}/#`] : topics,
    reverseFilters: Array.from({ length: reverseDataflows }, (_, index) => loadTopic(label, index, "back")),
    // They take nothing in, and each message is held against them.
    idleFilters: Array.from({ length: filters - 1 }, (_, index) => `idle/${label}/${index}/#`),
    qos,
    window,
    isEnriched,
  };
  const outputFilter = `${isEnriched ? "sites/oslo" : "load"}/${label}/#`;
  const outputPort = bench.brokers.destination.plain.port;
  try {
    const probes = { publisher: bench.publisher, topics: isProbed ? topics : [], outputFilter, outputPort };
    return await Candidate.start(name, installed, route, probes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    bench.fail({ scenario, candidate: label, reason });
    return undefined;
  }
}

/** The bridges in the order of a round: each round begins with another, so that none always runs behind the same one. */
export function rotated<T>(items: readonly T[], round: number): T[] {
  const first = items.length === 0 ? 0 : round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
