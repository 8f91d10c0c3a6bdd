import type { ConnectionError } from "../../contract/errors.ts";
import { describeReasonCode, judgeReasonCode, nameReasonCode } from "../../contract/reason-codes.ts";
import { withQos0, type EncodedPublish } from "../../mqtt/publish.ts";
import { InFlight } from "../destination/in-flight.ts";
import type { Owing } from "../destination/stall-watch.ts";
import { PoisonWatch } from "../destination/poison-watch.ts";
import type { Entry } from "../entry.ts";
import type { SourceLimits, SourcePort } from "../ports.ts";
import type { SourceSession } from "./source-side.ts";
import { WaitingQueue } from "../waiting-queue.ts";

/** Dead letters that are on their way at a time, however many the source takes. */
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
  /** The source takes QoS 0 only: it has read this one, and acknowledges none. */
  readonly onUnconfirmed: (entry: Entry) => void;
  /** {@link SourceDeadLetters.isFull} has become false. */
  readonly onRoom: () => void;
  readonly schedule: (callback: () => void, delayMs: number) => void;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** How long the source may refuse one for the time being, in milliseconds; it is refused for good then. 0 is for ever. */
  readonly refusalTimeoutMs: number;
  /** Bytes of memory from which on there are too many. */
  readonly mostBytes: number;
}

/** The connection that is open. */
interface Attached {
  readonly port: SourcePort;
  readonly limits: SourceLimits;
  /** Dead letters that were written with QoS 0, in their order, until the source has read them. */
  readonly unread: Set<Entry>;
}

/**
 * Publishes dead letters to the source, over the connection that messages come on: with QoS 1, and no more of them at a time
 * than its Receive Maximum. Where the source takes QoS 0 only, one is done once the source has answered a PINGREQ behind it:
 * it has read it then, which is all that can be known.
 */
export class SourceDeadLetters {
  readonly #options: SourceDeadLettersOptions;
  readonly #waiting = new WaitingQueue();
  readonly #inFlight = new InFlight(maxInFlight);
  /** Bytes of those that were written with QoS 0. */
  #unreadBytes = 0;
  /** How many the source refused for the time being, and get another turn, and the bytes that they take. */
  #refused = 0;
  #refusedBytes = 0;
  /** When each of those was refused first. */
  readonly #refusedSince = new WeakMap<Entry, number>();
  readonly #poison = new PoisonWatch();
  #source: Attached | undefined;
  #wasFull = false;

  constructor(options: SourceDeadLettersOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#waiting.length + this.#sent + this.#refused;
  }

  /** Bytes of memory that they take. */
  get bytes(): number {
    return this.#waiting.bytes + this.#inFlight.bytes + this.#unreadBytes + this.#refusedBytes;
  }

  get isFull(): boolean {
    return this.bytes > this.#options.mostBytes;
  }

  /** What the source has to confirm next; `undefined` while it is not connected. */
  get owing(): Owing | undefined {
    const source = this.#source;
    if (source === undefined) return undefined;
    const owed = () => this.#inFlight.oldest ?? source.unread.values().next().value;
    return { owed, traffic: source.port.traffic };
  }

  /** Those that the source has not confirmed. */
  get #sent(): number {
    return this.#inFlight.length + (this.#source?.unread.size ?? 0);
  }

  attach(port: SourcePort, limits: SourceLimits): void {
    this.#source = { port, limits, unread: new Set() };
    this.#inFlight.announce(limits.receiveMaximum);
    if (!limits.sessionPresent) {
      this.#waiting.forEach((entry) => (entry.destinationId = 0));
      this.#inFlight.forgetIds();
    }
    this.#pump();
  }

  /** Lets go of what a session redelivers and was not sent: its dead letter would be there twice, and more at each connection. */
  forgetRedelivered(session: SourceSession): void {
    const isRedelivered = (entry: Entry) =>
      entry.session === session && entry.custody === "atSource" && entry.sequence === 0 && entry.destinationId === 0;
    for (const entry of this.#waiting.extract(isRedelivered)) entry.leaveMemory();
    this.#tellRoom();
  }

  /** The connection ended; a dead letter at which it ends each time counts as refused. */
  detach(error?: ConnectionError): void {
    const unread = [...(this.#source?.unread ?? [])];
    this.#source = undefined;
    this.#unreadBytes = 0;
    const entries = [...this.#inFlight.takeAll(), ...unread];
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
    this.#wasFull ||= this.isFull;
    this.#pump();
  }

  onPuback(packetId: number, reasonCode: number): void {
    const entry = this.#inFlight.settle(packetId, this.#source?.limits.sessionPresent === true);
    if (entry === undefined) return;
    this.#poison.clear();
    const verdict = judgeReasonCode("PUBACK", reasonCode);
    if (verdict === "accepted") this.#options.onDone(entry);
    else if (verdict === "undeliverable") this.#options.onRefused(entry, nameReasonCode(reasonCode));
    else this.#retryLater(entry, describeReasonCode("PUBACK", reasonCode));
    this.#pump();
    this.#tellRoom();
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
    this.#refusedBytes += entry.memoryBytes;
    schedule(() => {
      this.#refused--;
      this.#refusedBytes -= entry.memoryBytes;
      this.#waiting.putBack(entry);
      this.#pump();
    }, retryMs);
  }

  #pump(): void {
    for (let source = this.#source; source !== undefined; source = this.#source) {
      const entry = this.#waiting.peek();
      if (entry === undefined || !this.#hasRoom(entry, source)) return;
      this.#waiting.shift();
      this.#send(entry, source);
    }
  }

  #hasRoom({ memoryBytes }: Entry, { limits, unread }: Attached): boolean {
    const isAlone = this.#poison.sendsAlone;
    if (limits.maximumQoS > 0) return this.#inFlight.hasRoom(memoryBytes, isAlone);
    return unread.size < (isAlone ? 1 : maxInFlight);
  }

  #send(entry: Entry, source: Attached): void {
    const { port, limits } = source;
    const isQos0 = limits.maximumQoS === 0; // [MQTT-3.2.2-11]
    const publish = isQos0 ? withQos0(entry.publish) : entry.publish;
    const most = limits.maximumPacketBytes;
    if (publish.length > most) {
      this.#inFlight.release(entry);
      this.#options.onRefused(entry, `it is ${publish.length} bytes long, more than the source's ${most}`);
      return;
    }
    if (isQos0) this.#sendQos0(entry, publish, source);
    else {
      this.#inFlight.add(entry, limits.sessionPresent);
      port.writePublish(publish);
    }
  }

  #sendQos0(entry: Entry, publish: EncodedPublish, source: Attached): void {
    const { memoryBytes } = entry;
    source.unread.add(entry);
    this.#unreadBytes += memoryBytes;
    source.port.writePublish(publish);
    void source.port.confirm().then((isRead) => {
      if (!isRead || this.#source !== source) return;
      source.unread.delete(entry);
      this.#unreadBytes -= memoryBytes;
      this.#inFlight.release(entry);
      this.#poison.clear();
      this.#options.onUnconfirmed(entry);
      this.#options.onDone(entry);
      this.#pump();
      this.#tellRoom();
    });
  }

  #tellRoom(): void {
    if (!this.#wasFull || this.isFull) return;
    this.#wasFull = false;
    this.#options.onRoom();
  }
}
