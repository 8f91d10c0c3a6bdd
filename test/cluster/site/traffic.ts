import { setTimeout as delay } from "node:timers/promises";

import type { MqttClient } from "mqtt";

import { connectMqttClient } from "../../support/mqtt-clients.ts";
import { untilTrue } from "../../support/patience.ts";
import { bridge } from "../node/places.ts";
import type { Brokers } from "./brokers.ts";
import { edgeHost, machine } from "./brokers.ts";
import { addAccounts, Ledger } from "./ledger.ts";
import type { Account } from "./ledger.ts";

/** Messages of a site: from its machines to the plant's broker and back, evenly, until it is stopped. */
export interface Traffic {
  /** What was published from now on, until {@link TrafficAccount.close}. */
  open(): TrafficAccount;
  stop(): Promise<void>;
}

export interface TrafficAccount {
  /** Ends it for what is published from now on, and waits until all of it has arrived; for so long at most. */
  close(waitMs?: number): Promise<void>;
  /** As it stands now: duplicates may come late. */
  read(): Account;
}

export interface TrafficOptions {
  readonly site: string;
  /** Messages a second in each direction. */
  readonly perSecond: number;
  /** Bytes of each message. */
  readonly bytes?: number;
  /** Topics beside each other in each direction, each of its own dataflow. */
  readonly topics?: number;
  /** What the machines' topic has before it at the plant's broker, where no dataflow leads back; omitted: there is one each way. */
  readonly oneWayTo?: string;
}

/** Topics of a site's messages, and what is subscribed to. */
export const topicsOf = (site: string) => ({
  telemetry: `plant/${site}/telemetry`,
  telemetryAtPlant: `sites/plant/${site}/telemetry`,
  commands: `commands/${site}`,
  commandsAtEdge: `plant/commands/${site}`,
});

interface Direction {
  readonly ledger: Ledger;
  readonly publisher: MqttClient;
  readonly topic: string;
}

/** Longest wait for what was published before an account was closed, in milliseconds of an idle machine. */
const settleMs = 45_000;

export async function startTraffic(brokers: Brokers, options: TrafficOptions): Promise<Traffic> {
  const topics = topicsOf(options.site);
  const [edge, plant] = [edgeClient(brokers, options.site), plantClient(brokers, options.site)];
  const up = { ledger: new Ledger(), publisher: await edge("publisher"), topic: topics.telemetry };
  const { oneWayTo } = options;
  const arrivesAt = oneWayTo === undefined ? topics.telemetryAtPlant : `${oneWayTo}/${topics.telemetry}`;
  await subscribe(await plant("subscriber"), `${arrivesAt}/#`, up.ledger);
  const directions: Direction[] = [up];
  if (oneWayTo === undefined) {
    const down = { ledger: new Ledger(), publisher: await plant("publisher"), topic: topics.commands };
    await subscribe(await edge("subscriber"), `${topics.commandsAtEdge}/#`, down.ledger);
    directions.push(down);
  }
  const aborter = new AbortController();
  const publishing = Promise.all(directions.map((direction) => publish(direction, options, aborter.signal)));
  return {
    open: () => openAccount(directions),
    stop: async () => {
      aborter.abort();
      await publishing;
    },
  };
}

type Connect = (role: "publisher" | "subscriber") => Promise<MqttClient>;

const edgeClient =
  ({ edgePort, edgeAuthority }: Brokers, site: string): Connect =>
  (role) =>
    connectMqttClient({
      port: edgePort,
      clientId: `${site}-machine-${role}`,
      isPersistent: true,
      connect: {
        host: bridge.address,
        protocol: "mqtts",
        servername: edgeHost,
        ca: edgeAuthority.certificate,
        ...machine,
      },
    });

const plantClient =
  ({ plant }: Brokers, site: string): Connect =>
  (role) =>
    connectMqttClient({ port: plant.ports.machines, clientId: `${site}-plant-${role}`, isPersistent: true });

async function subscribe(client: MqttClient, filter: string, ledger: Ledger): Promise<void> {
  client.on("message", (_topic, payload) => {
    ledger.noteDelivered(Number.parseInt(payload.toString("latin1", 0, 16), 10));
  });
  await client.subscribeAsync(filter, { qos: 1 });
}

async function publish(
  { ledger, publisher, topic }: Direction,
  { perSecond, bytes = 0, topics = 1 }: TrafficOptions,
  signal: AbortSignal,
): Promise<void> {
  const startMs = performance.now();
  for (let sent = 0; !signal.aborted; sent++) {
    const number = ledger.notePublished();
    const payload = String(number).padEnd(bytes, " ");
    publisher.publishAsync(`${topic}/${number % topics}`, payload, { qos: 1 }).then(
      () => ledger.noteAccepted(number),
      () => undefined, // it counts as published, and nobody has promised anything
    );
    const dueMs = startMs + ((sent + 1) * 1000) / perSecond;
    await delay(Math.max(0, dueMs - performance.now()), undefined, { signal }).catch(() => undefined);
  }
}

function openAccount(directions: readonly Direction[]): TrafficAccount {
  const beginMs = performance.now();
  const from = directions.map(({ ledger }) => ledger.next);
  let to: number[] | undefined;
  let endMs = Infinity;
  const range = (at: number, ledger: Ledger) => [from[at] ?? 0, to?.[at] ?? ledger.next] as const;
  const isSettled = () =>
    directions.every(({ ledger }, at) => {
      const [first, last] = range(at, ledger);
      return ledger.unaccepted(first, last) === 0 && ledger.missing(first, last) === 0;
    });
  return {
    close: async (waitMs = settleMs) => {
      to = directions.map(({ ledger }) => ledger.next);
      await untilTrue("the delivery of all", isSettled, waitMs).catch(() => undefined);
      endMs = performance.now();
    },
    read: () => {
      const nowMs = Math.min(endMs, performance.now());
      return addAccounts(directions.map(({ ledger }, at) => ledger.account(...range(at, ledger), beginMs, nowMs)));
    },
  };
}
