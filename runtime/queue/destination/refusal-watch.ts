import { createHash } from "node:crypto";

import { shorten } from "../../contract/errors.ts";
import { describeReasonCode } from "../../contract/reason-codes.ts";
import type { Entry } from "../entry.ts";

/** Topics of messages that were given up, at most: a plant may have many, and each is remembered for a while only. */
const maxTopics = 256;
/** How long the next message of such a topic is given up at its first refusal. */
const topicMemoryMs = 10 * 60 * 1000;

/** A topic up to so many characters is remembered as it is, a longer one by its digest: whoever publishes chooses how long it is. */
const maxTopicLength = 100;

interface Refusal {
  readonly reasonCode: number;
  readonly topic: string;
  /** As much of it as is shown. */
  readonly shownTopic: string;
  /** What the destination had taken when it first refused this message, and when it did so last. */
  readonly deliveredBefore: number;
  readonly deliveredAtLast: number;
  readonly lastMs: number;
  /** Time that counts: in which the destination took others, as far as one can tell. */
  readonly countedMs: number;
}

/** One refusal of a message, for the time being. */
export interface RefusedMessage {
  readonly entry: Entry;
  readonly topic: string;
  readonly reasonCode: number;
  readonly nowMs: number;
  /** Messages that the destination has taken since the process started. */
  readonly delivered: number;
}

/**
 * Finds a message that the destination refuses again and again while it takes others. It holds up all behind it: they are
 * acknowledged to the source only after it.
 *
 * While the destination takes no message at all no time counts: a role assignment may be on its way. It is taken to take none
 * until it has taken another one, and while it refuses messages of several topics and takes none.
 */
export class RefusalWatch {
  readonly #timeoutMs: number;
  readonly #refused = new Map<Entry, Refusal>();
  /** When a message of a topic was given up, and what the destination had taken by then. */
  readonly #givenUp = new Map<string, { readonly atMs: number; readonly delivered: number }>();

  /** @param timeoutMs 0 is for ever */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** The first message that the destination refuses at this time, and why; `undefined` when it refuses none. */
  get rejection(): string | undefined {
    const [first] = this.#refused;
    if (first === undefined) return undefined;
    const [, { reasonCode, shownTopic }] = first;
    return `"${shownTopic}": ${describeReasonCode("PUBACK", reasonCode)}; messages behind it wait for it`;
  }

  /** Whether a topic is remembered, so that {@link onTaken} has to be told. */
  get hasGivenUp(): boolean {
    return this.#givenUp.size > 0;
  }

  /** Tells whether a message that was refused is to be given up; else it is to be sent again. */
  isHopeless({ entry, topic: wholeTopic, reasonCode, nowMs, delivered }: RefusedMessage): boolean {
    const topic = keyOf(wholeTopic);
    const known = this.#refused.get(entry);
    const { deliveredBefore = delivered, deliveredAtLast = delivered, lastMs = nowMs, countedMs = 0 } = known ?? {};
    const takesOthers = delivered > deliveredAtLast || (delivered > deliveredBefore && !this.#refusesOthers(topic));
    const counted = countedMs + (takesOthers ? nowMs - lastMs : 0);
    const isHopeless = this.#timeoutMs > 0 && (counted >= this.#timeoutMs || this.#isKnown(topic, nowMs, delivered));
    if (isHopeless) {
      this.#refused.delete(entry);
      this.#remember(topic, { atMs: this.#givenUp.get(topic)?.atMs ?? nowMs, delivered });
    } else
      this.#refused.set(entry, {
        reasonCode,
        topic,
        shownTopic: shorten(wholeTopic, maxTopicLength),
        deliveredBefore,
        deliveredAtLast: delivered,
        lastMs: nowMs,
        countedMs: counted,
      });
    return isHopeless;
  }

  /** A message of this topic was taken: it is no longer refused. */
  onTaken(topic: string): void {
    this.#givenUp.delete(keyOf(topic));
  }

  #refusesOthers(topic: string): boolean {
    for (const other of this.#refused.values()) if (other.topic !== topic) return true;
    return false;
  }

  /** Whether the last message of this topic was given up a short time ago, and others were taken since. */
  #isKnown(topic: string, nowMs: number, delivered: number): boolean {
    const last = this.#givenUp.get(topic);
    return last !== undefined && nowMs - last.atMs < topicMemoryMs && delivered > last.delivered;
  }

  /** A message was taken, or is gone for another reason. */
  settle(entry: Entry): void {
    if (this.#refused.size > 0) this.#refused.delete(entry);
  }

  #remember(topic: string, last: { readonly atMs: number; readonly delivered: number }): void {
    this.#givenUp.delete(topic);
    this.#givenUp.set(topic, last);
    const oldest = this.#givenUp.keys().next().value;
    if (this.#givenUp.size > maxTopics && oldest !== undefined) this.#givenUp.delete(oldest);
  }
}

/** Tells topics apart, and is short. No topic begins with U+0000. */
function keyOf(topic: string): string {
  return topic.length <= maxTopicLength ? topic : `\0${createHash("sha256").update(topic).digest("base64")}`;
}
