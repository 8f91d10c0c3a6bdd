import { rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { createAnonymousAuthenticator } from "../../emulator/authentication/anonymous.ts";
import { createBroker, type Broker as Emulator } from "../../emulator/broker.ts";
import type { BrokerEvent } from "../../emulator/events.ts";
import { createEventGridProfile } from "../../emulator/profiles/event-grid.ts";
import { startMosquitto } from "../support/mosquitto.ts";

/** A broker at one end of the relay. */
export interface LedgerBroker {
  readonly port: number;
  restart(downMs: number): Promise<void>;
  /** Loses every session; it may take a restart. */
  loseSessions(downMs: number): Promise<void>;
  /** Does nothing for a while, with its connections open. */
  freeze(durationMs: number): Promise<void>;
  /** Messages that its sessions have room for. */
  room(): number;
  /** Set where it is the emulator with Event Grid's rules. */
  readonly eventGrid: Emulator | undefined;
  stop(): Promise<void>;
}

export interface MosquittoBrokerOptions {
  readonly executable: string;
  readonly folder: string;
  readonly isPersistent: boolean;
  readonly onSessionsLost: () => void;
}

export async function startMosquittoBroker(options: MosquittoBrokerOptions): Promise<LedgerBroker> {
  const { executable, folder, isPersistent, onSessionsLost } = options;
  // So that only what a schedule does to it takes a message from its sessions.
  const persistence = isPersistent ? ["persistence true", "autosave_interval 1"] : ["persistence false"];
  const settings = [...persistence, "max_inflight_messages 0"];
  const broker = await startMosquitto(executable, folder, { listeners: { mqtt: {} }, settings });
  const restart = async (downMs: number, whileDown: () => void) => {
    await broker.stop();
    whileDown();
    await delay(downMs);
    await broker.start();
  };
  return {
    port: broker.ports.mqtt,
    restart: (downMs) =>
      restart(downMs, () => {
        if (!isPersistent) onSessionsLost();
      }),
    loseSessions: (downMs) =>
      restart(downMs, () => {
        rmSync(path.join(folder, "mosquitto.db"), { force: true });
        onSessionsLost();
      }),
    freeze: async (durationMs) => {
      broker.pause();
      await delay(durationMs);
      broker.resume();
    },
    room: () => Infinity,
    eventGrid: undefined,
    stop: () => broker.stop(),
  };
}

/** Messages that a session keeps waiting at most in ordinary times: fewer than end it, and than a burst brings. */
const safeQueueMessages = 60;
/** Event Grid's 100 messages a second to a session, sixty times as fast as there: a schedule takes seconds. */
const deliveriesPerSecond = 6000;

export interface EventGridBrokerOptions {
  /** Sessions that have to be there before anything is published: without one, messages are for nobody. */
  readonly sessions: number;
  readonly onSessionEnd: (clientId: string, why: string) => void;
}

/** Event Grid's rules, but for TLS and identities: the proxies read what passes. */
export async function startEventGridBroker(options: EventGridBrokerOptions): Promise<LedgerBroker> {
  const { sessions, onSessionEnd } = options;
  const whole = createEventGridProfile({
    hostNames: [],
    topicSpaces: [{ name: "all", topicTemplates: ["#"] }],
    roleAssignments: [
      { principalId: "anonymous", role: "publisher" },
      { principalId: "anonymous", role: "subscriber" },
    ],
    maxSessionsPerAuthenticationName: 10,
  });
  const broker = await createBroker({
    profile: {
      ...whole,
      rules: whole.rules.filter(({ about }) => about !== "tls"),
      authenticators: [createAnonymousAuthenticator()],
    },
    limits: { maxDeliveriesPerSecond: deliveriesPerSecond },
    listeners: [{ transport: "tcp" }],
    onEvent: (event: BrokerEvent) => {
      if (event.kind === "sessionEnd" && event.clientId !== "publisher") onSessionEnd(event.clientId, event.why);
    },
  });
  const suspend = async (downMs: number) => {
    await broker.suspend();
    await delay(downMs);
    await broker.resume();
  };
  const clientIds = ["flow", "side"].flatMap((flow) => [`${flow}-0-source`, `${flow}-0-destination`]);
  return {
    port: broker.addresses[0]?.port ?? 0,
    restart: suspend,
    loseSessions: async () => {
      for (const clientId of clientIds) broker.faults.forgetSession(clientId);
      return Promise.resolve();
    },
    freeze: async (durationMs) => {
      for (const clientId of clientIds) broker.faults.stall(clientId);
      await delay(durationMs);
    },
    room: () => {
      const { sessions: there, queued } = broker.stats();
      // The publisher's own session is one of them.
      return there > sessions ? Math.max(0, safeQueueMessages - queued) : 0;
    },
    eventGrid: broker,
    stop: () => broker.close(),
  };
}
