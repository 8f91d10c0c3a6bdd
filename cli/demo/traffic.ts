import { setTimeout as delay } from "node:timers/promises";

import { describeError } from "../../runtime/contract/errors.ts";
import type { Ledger } from "./ledger.ts";
import type { Crossing, Route } from "./routes.ts";

/** A client of one of the brokers, as far as traffic needs it. */
export interface TrafficClient {
  /** Resolves once the broker has acknowledged the message. @throws when it refuses */
  readonly publish: (message: Outgoing) => Promise<void>;
  /** Resolves once the broker has granted all topics. @throws when it refuses one */
  readonly subscribe: (topics: readonly string[], onMessage: (message: Incoming) => void) => Promise<void>;
}

/** A message of a demo client. */
export interface Outgoing {
  readonly topic: string;
  readonly payload: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** A message as it came. */
export interface Incoming {
  readonly topic: string;
  readonly payload: string;
  readonly properties: Readonly<Record<string, string | string[]>>;
  readonly contentType: string | undefined;
}

/** The client that publishes, and the one that waits, for each machine and direction. */
export type ClientFor = (route: Route, machine: string) => Promise<TrafficClient>;

/** A message that has crossed, shown in full. */
export interface Arrival extends Crossing, Omit<Incoming, "topic"> {
  readonly dataflow: string;
}

/** Payload of a demo message; `n` is its number in the ledger. */
interface Reading {
  readonly n: number;
  readonly dataflow: string;
  readonly machine: string;
  readonly at: string;
  readonly value: number;
  readonly unit: string;
}

/** Publishing ticks in a second. */
const ticksPerSecond = 20;

/**
 * Waits at the destinations: subscribes to just the topics that the dataflows should bring, machine by machine. A
 * message counts where its dataflow was to bring it, and nowhere else.
 */
export async function watchArrivals(
  routes: readonly Route[],
  clientFor: ClientFor,
  ledger: Ledger,
  onArrival: (arrival: Arrival) => void,
): Promise<void> {
  for (const route of routes) {
    const { dataflow, crossings } = route;
    for (const machine of new Set(crossings.map((crossing) => crossing.machine))) {
      const topics = new Set(crossings.filter((crossing) => crossing.machine === machine).map(({ to }) => to));
      const client = await clientFor(route, machine);
      await client.subscribe([...topics], ({ topic, payload, properties, contentType }) => {
        const reading = parseReading(payload);
        if (reading?.dataflow !== dataflow) return;
        const crossing = crossingOf(route, reading.n);
        if (crossing?.machine !== machine || crossing.to !== topic) return;
        ledger.noteArrived(dataflow, reading.n, performance.now());
        onArrival({ ...crossing, dataflow, payload, properties, contentType });
      });
    }
  }
}

/** How much is published on one route. */
export interface Load {
  readonly route: Route;
  readonly perSecond: number;
  /** Messages in all; `Infinity` until `signal` aborts. */
  readonly total: number;
}

/**
 * Publishes believable readings, evenly, to the topics of a route in turn. Does not wait for the acknowledgements: the
 * ledger gets them.
 */
export async function publishLoad(
  { route, perSecond, total }: Load,
  clientFor: ClientFor,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const { dataflow } = route;
  const startMs = performance.now();
  for (let sent = 0; sent < total && !signal.aborted;) {
    const due = Math.min(total, Math.ceil(((performance.now() - startMs) / 1000 + 1 / ticksPerSecond) * perSecond));
    for (; sent < due; sent++) {
      const number = ledger.notePublished(dataflow, performance.now());
      publishOne(route, number, clientFor).then(
        () => {
          ledger.noteAccepted(dataflow, number);
        },
        (reason: unknown) => {
          ledger.noteRefused(dataflow, number, describeError(reason));
        },
      );
    }
    await delay(1000 / ticksPerSecond, undefined, { signal }).catch(() => undefined);
  }
}

async function publishOne(route: Route, number: number, clientFor: ClientFor): Promise<void> {
  const crossing = crossingOf(route, number);
  if (crossing === undefined) throw new TypeError(`dataflow "${route.dataflow}" has no topics`);
  const { machine, from } = crossing;
  const client = await clientFor(route, machine);
  const payload = JSON.stringify(makeReading(route, crossing, number));
  await client.publish({ topic: from, payload, properties: { machine } });
}

/** The topics that a message crosses between follow from its number. */
function crossingOf({ crossings }: Route, number: number): Crossing | undefined {
  return crossings[number % crossings.length];
}

/** A value that drifts as a machine's would, around what is usual for it. */
function makeReading({ dataflow, direction }: Route, { machine, from }: Crossing, n: number): Reading {
  const at = new Date().toISOString();
  if (direction === "to the edge") return { n, dataflow, machine, at, value: 40 + (n % 5), unit: "setpoint %" };
  const usual = from.endsWith("temperature")
    ? ([68, 6, "°C"] as const)
    : from.endsWith("vibration")
      ? ([2.4, 0.8, "mm/s"] as const)
      : ([12, 3, "kW"] as const);
  const value = usual[0] + usual[1] * Math.sin(n / 40);
  return { n, dataflow, machine, at, value: Number(value.toFixed(2)), unit: usual[2] };
}

function parseReading(text: string): Reading | undefined {
  try {
    const reading = JSON.parse(text) as Reading | null;
    return typeof reading?.n === "number" ? reading : undefined;
  } catch {
    return undefined; // another client's message
  }
}
