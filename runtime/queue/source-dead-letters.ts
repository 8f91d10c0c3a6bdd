import type { ConnectionError } from "../contract/errors.ts";
import { describeReasonCode, judgeReasonCode, nameReasonCode } from "../contract/reason-codes.ts";
import type { Entry } from "./entry.ts";
import { InFlight } from "./destination/in-flight.ts";
import type { SourcePort } from "./ports.ts";
import { PoisonWatch } from "./destination/poison-watch.ts";
import { WaitingQueue } from "./waiting-queue.ts";

/** Dead letters that are on their way at a time; every broker takes so many. */
const maxInFlight = 10;
/** Pause after the source refused one for the time being. */
const retryMs = 1000;

/** What becomes of a dead letter that is published to the source. */
export interface SourceDeadLettersOptions {
  readonly onDone: (entry: Entry) => void;
  /** The source refuses it for good. */
  readonly onRefused: (entry: Entry, reason: string) => void;
  /** The source refuses it for the time being. */
  readonly onRejected: (entry: Entry, reason: string) => void;
  readonly schedule: (callback: () => void, delayMs: number) => void;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** How long the source may refuse one for the time being, in milliseconds; it is refused for good then. 0 is for ever. */
  readonly refusalTimeoutMs: number;
}

/** Publishes dead letters to the source, with QoS 1, over the connection that messages come on. */
export class SourceDeadLetters {
  readonly #options: SourceDeadLettersOptions;
  readonly #waiting = new WaitingQueue();
  readonly #inFlight = new InFlight(maxInFlight);
  /** How many the source refused for the time being, and get another turn, and the bytes of their packets. */
  #refused = 0;
  #refusedBytes = 0;
  /** When each of those was refused first. */
  readonly #refusedSince = new WeakMap<Entry, number>();
  readonly #poison = new PoisonWatch();
  #source: SourcePort | undefined;
  #isResumed = false;

  constructor(options: SourceDeadLettersOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#waiting.length + this.#inFlight.length + this.#refused;
  }

  /** Bytes of their packets. */
  get bytes(): number {
    return this.#waiting.bytes + this.#inFlight.bytes + this.#refusedBytes;
  }

  attach(source: SourcePort, sessionPresent: boolean): void {
    this.#source = source;
    this.#isResumed = sessionPresent;
    if (!sessionPresent) {
      this.#waiting.forEach((entry) => (entry.destinationId = 0));
      this.#inFlight.forgetIds();
    }
    this.#pump();
  }

  /** The connection ended; a dead letter at which it ends each time counts as refused. */
  detach(error?: ConnectionError): void {
    this.#source = undefined;
    const entries = this.#inFlight.takeAll();
    const closing = { oldest: entries[0], inFlight: entries.length, error, nowMs: 0, delivered: 0 };
    const poison = this.#poison.judge(closing) === "poison" ? entries.shift() : undefined;
    for (const entry of entries.reverse()) this.#waiting.putBack(entry);
    if (poison === undefined) return;
    this.#inFlight.release(poison);
    this.#options.onRefused(poison, `it ends the connection each time that it is sent (${error?.message ?? ""})`);
  }

  send(entry: Entry): void {
    entry.destinationId = 0;
    this.#waiting.push(entry);
    this.#pump();
  }

  onPuback(packetId: number, reasonCode: number): void {
    const entry = this.#inFlight.settle(packetId, this.#isResumed);
    if (entry === undefined) return;
    this.#poison.clear();
    const verdict = judgeReasonCode("PUBACK", reasonCode);
    if (verdict === "accepted") this.#options.onDone(entry);
    else if (verdict === "undeliverable") this.#options.onRefused(entry, nameReasonCode(reasonCode));
    else this.#retryLater(entry, describeReasonCode("PUBACK", reasonCode));
    this.#pump();
  }

  #retryLater(entry: Entry, reason: string): void {
    const { now, refusalTimeoutMs, onRefused, onRejected, schedule } = this.#options;
    const sinceMs = this.#refusedSince.get(entry) ?? now();
    if (refusalTimeoutMs > 0 && now() - sinceMs >= refusalTimeoutMs) {
      onRefused(entry, `${reason}, for ${refusalTimeoutMs / 1000} s (refusalTimeoutSeconds)`);
      return;
    }
    this.#refusedSince.set(entry, sinceMs);
    onRejected(entry, reason);
    this.#refused++;
    this.#refusedBytes += entry.publish.length;
    schedule(() => {
      this.#refused--;
      this.#refusedBytes -= entry.publish.length;
      this.#waiting.putBack(entry);
      this.#pump();
    }, retryMs);
  }

  #pump(): void {
    while (this.#source !== undefined && this.#inFlight.length < (this.#poison.sendsAlone ? 1 : maxInFlight)) {
      const entry = this.#waiting.shift();
      if (entry === undefined) return;
      this.#inFlight.add(entry, this.#isResumed);
      this.#source.writePublish(entry.publish);
    }
  }
}
