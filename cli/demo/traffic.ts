import { setTimeout as delay } from "node:timers/promises";

import type { MqttClient } from "../../runtime/mqtt-client.ts";
import type { Ledger } from "./ledger.ts";
import type { Crossing, Route } from "./routes.ts";

/** The client that publishes, and the one that waits, for each machine and direction. */
export type ClientFor = (route: Route, machine: string) => Promise<MqttClient>;

/** A message that has crossed, shown in full. */
export interface Arrival {
  readonly dataflow: string;
  readonly from: string;
  readonly topic: string;
  readonly properties: Readonly<Record<string, string | string[]>>;
  readonly contentType: string | undefined;
  readonly payload: string;
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

/** Waits at the destinations: subscribes to just the topics that the dataflow should bring, machine by machine. */
export async function watchArrivals(
  routes: readonly Route[],
  clientFor: ClientFor,
  ledger: Ledger,
  onArrival: (arrival: Arrival) => void,
): Promise<void> {
  for (const route of routes) {
    for (const [machine, crossings] of groupByMachine(route)) {
      const client = await clientFor(route, machine);
      const origins = new Map(crossings.map(({ from, to }) => [to, from]));
      client.on("message", (topic, payload, { properties }) => {
        const from = origins.get(topic);
        const text = payload.toString("utf8");
        const reading = parseReading(text);
        if (from === undefined || reading?.dataflow !== route.dataflow) return;
        ledger.noteArrived(route.dataflow, reading.n, performance.now());
        const { userProperties = {}, contentType } = properties ?? {};
        onArrival({
          dataflow: route.dataflow,
          from,
          topic,
          properties: { ...userProperties },
          contentType,
          payload: text,
        });
      });
      const granted = await client.subscribeAsync([...origins.keys()], { qos: 1, rap: true });
      const refused = granted.find(({ qos }) => qos > 1);
      if (refused !== undefined) throw new Error(`the broker refused a subscription to "${refused.topic}"`);
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

/** Publishes believable readings, evenly, to the topics of a route in turn. */
export async function publishLoad(
  { route, perSecond, total }: Load,
  clientFor: ClientFor,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const publishing: Promise<unknown>[] = [];
  const startMs = performance.now();
  let sent = 0;
  while (sent < total && !signal.aborted) {
    const due = Math.min(total, Math.ceil(((performance.now() - startMs) / 1000 + 1 / ticksPerSecond) * perSecond));
    for (; sent < due; sent++) {
      const crossing = route.crossings[sent % route.crossings.length];
      if (crossing === undefined) return;
      const client = await clientFor(route, crossing.machine);
      const number = sent;
      ledger.notePublished(route.dataflow, number, performance.now());
      publishing.push(
        client
          .publishAsync(crossing.from, JSON.stringify(makeReading(route, crossing, number)), {
            qos: 1,
            properties: { contentType: "application/json", userProperties: { machine: crossing.machine } },
          })
          .then(() => {
            ledger.noteAccepted(route.dataflow, number);
          }),
      );
    }
    await delay(1000 / ticksPerSecond, undefined, { signal }).catch(() => undefined);
  }
  await Promise.allSettled(publishing);
}

function groupByMachine({ crossings }: Route): Map<string, Crossing[]> {
  const groups = new Map<string, Crossing[]>();
  for (const crossing of crossings) groups.set(crossing.machine, [...(groups.get(crossing.machine) ?? []), crossing]);
  return groups;
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
    return JSON.parse(text) as Reading;
  } catch {
    return undefined; // another client's message
  }
}
