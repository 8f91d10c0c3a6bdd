import type { MqttClient } from "mqtt";

import type { Collector } from "./mqtt-clients.ts";

/** A stream of messages that are told apart by a number in their payload. */
export interface StreamPlan {
  /** The messages go to `<prefix>/0`, `<prefix>/1` and so on. */
  readonly prefix: string;
  readonly topics: number;
  readonly count: number;
  /** Decides which message goes to which topic and how long it is. */
  readonly seed: number;
  /** First message that waits for {@link StreamPublisher.release}. */
  readonly heldFrom: number;
}

/** A publisher of a stream, with a window of its own. */
export interface StreamPublisher {
  /** Messages that the broker has acknowledged. */
  readonly accepted: number;
  /** Messages that were sent more than once, since a connection ended before their PUBACK. */
  readonly sentAgain: number;
  /** Resolves once the broker has accepted every message. */
  readonly done: Promise<void>;
  /** Resolves once so many messages are accepted. */
  untilAccepted(count: number): Promise<void>;
  /** Lets the messages go that were held back, so that the stream can't end before its fault. */
  release(): void;
}

/** What became of a stream at its destination. */
export interface StreamOutcome {
  readonly missing: readonly number[];
  /** Messages that came again, their first copies not counted; without what the destination itself redelivered. */
  readonly duplicates: number;
  /** First copies that came behind a later message of the same topic. */
  readonly outOfOrder: readonly number[];
}

const maxUnacknowledged = 200;
const maxFillerBytes = 400;
const digits = 6;

/** Publishes a stream with QoS 1. Rejects nothing that the client will send again by itself. */
export function publishStream(client: MqttClient, plan: StreamPlan): StreamPublisher {
  const random = createRandom(plan.seed);
  const waiters: { count: number; resolve: () => void }[] = [];
  let accepted = 0;
  let sent = 0;
  let next = 0;
  client.on("packetsend", (packet) => {
    if (packet.cmd === "publish" && numberOf(packet.payload.toString()) !== undefined) sent++;
  });
  const { promise: released, resolve: release } = Promise.withResolvers<undefined>();
  const publishNext = async (): Promise<void> => {
    for (;;) {
      if (next >= plan.heldFrom) await released;
      if (next >= plan.count) return;
      const number = next++;
      const topic = `${plan.prefix}/${Math.floor(random() * plan.topics)}`;
      const filler = ".".repeat(Math.floor(random() * maxFillerBytes));
      await client.publishAsync(topic, `${String(number).padStart(digits, "0")}${filler}`, { qos: 1 });
      accepted++;
      for (const { count, resolve } of waiters) if (accepted >= count) resolve();
    }
  };
  const done = Promise.all(Array.from({ length: maxUnacknowledged }, publishNext)).then(() => undefined);
  return {
    get accepted() {
      return accepted;
    },
    get sentAgain() {
      return sent - next;
    },
    done,
    release: () => {
      release(undefined);
    },
    untilAccepted: (count) =>
      new Promise((resolve) => {
        if (accepted >= count) resolve();
        else waiters.push({ count, resolve });
      }),
  };
}

/** Number of a message of a stream; `undefined` when it is of none. */
function numberOf(payload: string): number | undefined {
  const number = /^\d{6}/.exec(payload)?.[0];
  return number === undefined ? undefined : Number(number);
}

/** Judges what a collector has got of a stream so far. */
export function judgeStream({ messages }: Collector, { prefix, count }: StreamPlan): StreamOutcome {
  const seen = new Set<number>();
  const lastByTopic = new Map<string, number>();
  const outOfOrder: number[] = [];
  let duplicates = 0;
  for (const { topic, payload, packet } of messages) {
    const number = numberOf(payload);
    if (number === undefined || !topic.startsWith(`${prefix}/`)) continue;
    if (seen.has(number)) {
      if (!packet.dup) duplicates++;
      continue;
    }
    seen.add(number);
    if (number < (lastByTopic.get(topic) ?? 0)) outOfOrder.push(number);
    lastByTopic.set(topic, Math.max(number, lastByTopic.get(topic) ?? 0));
  }
  const missing = Array.from({ length: count }, (_, number) => number).filter((number) => !seen.has(number));
  return { missing, duplicates, outOfOrder };
}

/** Uniform numbers in [0, 1), the same for the same seed: mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
