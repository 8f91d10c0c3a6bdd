import { rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { JSONWebKeySet } from "jose";

import type { Authenticator } from "../../emulator/authentication/authenticator.ts";
import { createBroker, type Broker as Emulator } from "../../emulator/broker.ts";
import type { BrokerEvent } from "../../emulator/events.ts";
import { createAioProfile } from "../../emulator/profiles/aio.ts";
import { createEventGridProfile } from "../../emulator/profiles/event-grid.ts";
import type { Profile } from "../../emulator/rules.ts";
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
  /** Set where it is the emulator. */
  readonly emulator: Emulator | undefined;
  stop(): Promise<void>;
}

export interface MosquittoBrokerOptions {
  readonly executable: string;
  readonly folder: string;
  readonly isPersistent: boolean;
  readonly onSessionsLost: () => void;
  /** It is being restarted: mosquitto 2.0 forgets shared subscriptions then, and keeps what waits for them. */
  readonly onRestart: () => void;
}

export async function startMosquittoBroker(options: MosquittoBrokerOptions): Promise<LedgerBroker> {
  const { executable, folder, isPersistent, onSessionsLost, onRestart } = options;
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
        if (isPersistent) onRestart();
        else onSessionsLost();
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
    emulator: undefined,
    stop: () => broker.stop(),
  };
}

/** Messages that a session keeps waiting at most in ordinary times: fewer than end it, and than a burst brings. */
const safeQueueMessages = 60;
/** Event Grid's 100 messages a second to a session, sixty times as fast as there: a schedule takes seconds. */
const deliveriesPerSecond = 6000;

export interface EmulatedBrokerOptions {
  readonly rules: "eventGrid" | "aio";
  /** Sessions that have to be there before anything is published: without one, messages are for nobody. */
  readonly sessions: number;
  /** Keys of the tokens that it takes; omitted: it takes whatever is shown, since TLS ends before it. */
  readonly keySet: JSONWebKeySet | undefined;
  /** Client identifiers of the relay, of every instance. */
  readonly clientIds: readonly string[];
  readonly onSessionEnd: (clientId: string, why: string) => void;
}

/** Event Grid's or AIO's rules, but for TLS, which the proxies end, since they read what passes. */
export async function startEmulatedBroker(options: EmulatedBrokerOptions): Promise<LedgerBroker> {
  const { rules, sessions, clientIds, onSessionEnd } = options;
  const broker = await createBroker({
    profile: profileOf(options),
    limits: rules === "eventGrid" ? { maxDeliveriesPerSecond: deliveriesPerSecond } : {},
    listeners: [{ transport: "tcp" }],
    onEvent: (event: BrokerEvent) => {
      // One that expires was ended by the relay: a schedule takes seconds. What is lost with it, the relay has lost.
      if (event.kind !== "sessionEnd" || event.why === "expired" || !clientIds.includes(event.clientId)) return;
      onSessionEnd(event.clientId, event.why);
    },
  });
  const suspend = async (downMs: number) => {
    await broker.suspend();
    await delay(downMs);
    await broker.resume();
  };
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
      if (there <= sessions) return 0;
      return rules === "eventGrid" ? Math.max(0, safeQueueMessages - queued) : Infinity;
    },
    emulator: broker,
    stop: () => broker.close(),
  };
}

function profileOf({ rules, keySet }: EmulatedBrokerOptions): Profile {
  const whole =
    rules === "aio"
      ? createAioProfile(keySet === undefined ? {} : { keySet })
      : createEventGridProfile({
          hostNames: [],
          topicSpaces: [{ name: "all", topicTemplates: ["#"] }],
          roleAssignments: [
            { principalId: "anyone", role: "publisher" },
            { principalId: "anyone", role: "subscriber" },
          ],
          maxSessionsPerAuthenticationName: 20,
          isSharedSubscriptionAvailable: true,
        });
  const anyone: Authenticator = {
    name: "anyone",
    // The publisher shows nothing.
    isFor: ({ method }) => keySet === undefined || method === undefined,
    authenticate: () =>
      Promise.resolve({ kind: "accepted", identity: { authenticationName: "anyone", method: "anyone" } }),
  };
  const tokens = keySet === undefined ? [] : whole.authenticators;
  return { ...whole, rules: whole.rules.filter(({ about }) => about !== "tls"), authenticators: [...tokens, anyone] };
}
