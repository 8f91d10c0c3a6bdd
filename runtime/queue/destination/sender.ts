import assert from "node:assert/strict";

import { quote, type ConnectionError } from "../../contract/errors.ts";
import { describeReasonCode, judgeReasonCode, nameReasonCode } from "../../contract/reason-codes.ts";
import type { Spooler } from "../../disk/spooler.ts";
import { clearRetain } from "../../mqtt/publish.ts";
import { DestinationSide } from "./destination-side.ts";
import { topicOfEntry, type Entry } from "../entry.ts";
import { isExpired } from "./expiry.ts";
import { InFlight } from "./in-flight.ts";
import { PoisonWatch } from "./poison-watch.ts";
import type { DestinationLimits, DestinationPort, ForwarderOptions } from "../ports.ts";
import { RefusalWatch } from "./refusal-watch.ts";
import type { WaitingQueue } from "../waiting-queue.ts";

/** Pause after the destination refused a message for the time being. */
const refusalPauseMs = 1000;
/** How long a connection has to last without a message before one is sent alone. */
const alonePauseMs = 1000;
/** Bytes of a packet that any destination is assumed to take before it has been connected once. */
const assumedLongestPacket = 8192;

/** What becomes of a message that was to be sent, and who says whether it may be. */
export interface SenderEvents {
  /** Whether a message may be sent at this time, as far as its source is concerned. */
  readonly maySend: (entry: Entry) => boolean;
  /** The destination has taken it. */
  readonly onDelivered: (entry: Entry) => void;
  /** It can never be delivered. */
  readonly onRefused: (entry: Entry, reason: string) => void;
  readonly onExpired: (entry: Entry) => void;
  /** What could be sent was sent. */
  readonly onPumped: () => void;
  /** The connection ended, and what was in flight waits again. */
  readonly onClosed: (side: DestinationSide) => void;
}

/** Sends what waits to the destination, in its order, and keeps what was sent until the destination has acknowledged it. */
export class Sender {
  readonly #options: ForwarderOptions;
  readonly #events: SenderEvents;
  readonly #waiting: WaitingQueue;
  readonly #inFlight: InFlight;
  readonly #refusals: RefusalWatch;
  readonly #poison = new PoisonWatch();
  #spooler: Spooler | undefined;
  #current: DestinationSide | undefined;
  /** The last end of a connection that may be a message's fault, and what to say about it. */
  #closing: { readonly error: ConnectionError; readonly rejection: string | undefined } | undefined;
  #isPaused = false;
  #isPausedByRate = false;
  /** Bytes of a packet that the destination took at most when it was connected last. */
  longestPacket = assumedLongestPacket;

  constructor(options: ForwarderOptions, waiting: WaitingQueue, events: SenderEvents) {
    this.#options = options;
    this.#inFlight = new InFlight(options.maxInflightMessages, options.maxInflightBytes);
    this.#waiting = waiting;
    this.#events = events;
    // A refusal for the time being may pass, and a dataflow that has stopped does not come back by itself.
    this.#refusals = new RefusalWatch(options.undeliverable === "Stop" ? 0 : options.refusalTimeoutMs);
  }

  /** The connection that is open. */
  get current(): DestinationSide | undefined {
    return this.#current;
  }

  get inFlight(): Pick<InFlight, "length" | "bytes" | "oldest" | "toArray"> {
    return this.#inFlight;
  }

  /** Why the destination takes a message not at this time; `undefined` while it refuses none. */
  get rejection(): string | undefined {
    return this.#refusals.rejection ?? this.#closing?.rejection;
  }

  /** QoS 1 messages in flight at most. */
  get window(): number {
    return this.#inFlight.window;
  }

  /** What the destination has to do next: acknowledge a message, or take one more; `undefined` when it owes nothing. */
  get owed(): Entry | undefined {
    if (this.#current === undefined) return undefined;
    if (this.#inFlight.oldest !== undefined) return this.#inFlight.oldest;
    const next = this.#waiting.peek();
    const isOwed = next !== undefined && !this.#isPaused && !this.#isPausedByRate && this.#events.maySend(next);
    return isOwed ? next : undefined;
  }

  /** Bytes of messages that count as delivered, since nobody acknowledges QoS 0, and have not left the process. */
  get unsentBytes(): number {
    return this.#options.qos > 0 ? 0 : (this.#current?.port.pendingBytes ?? 0);
  }

  useSpool(spooler: Spooler): void {
    this.#spooler = spooler;
  }

  /** A destination connection is open; the one before has ended. */
  open(port: DestinationPort, limits: DestinationLimits): DestinationSide {
    assert(this.#current === undefined, "the destination connection before has not ended");
    this.#inFlight.announce(limits.receiveMaximum);
    this.longestPacket = limits.maximumPacketBytes;
    const side = new DestinationSide(port, limits, this.#poison.sendsAlone, {
      onPuback: this.#onPuback.bind(this),
      onClosed: this.#onClosed.bind(this),
    });
    this.#current = side;
    if (side.sendsAlone) this.#pause(alonePauseMs);
    if (!limits.sessionPresent) {
      this.#waiting.forEach((entry) => (entry.destinationId = 0));
      this.#inFlight.forgetIds();
      this.#spooler?.identifiers.clear();
    }
    return side;
  }

  /** What was in flight goes back to the head of what waits, in its order; but for a poison message. */
  #onClosed(side: DestinationSide, error: ConnectionError | undefined): void {
    assert(this.#current === side, "another destination connection is open than the one that ended");
    this.#current = undefined;
    const entries = this.#inFlight.takeAll();
    const poison = this.#findPoison(entries, error);
    if (poison !== undefined) entries.shift();
    for (const entry of entries.reverse()) this.#waiting.putBack(entry);
    if (poison !== undefined) {
      this.forget(poison.entry);
      this.#events.onRefused(poison.entry, poison.reason);
    }
    this.#events.onClosed(side);
  }

  /** Whether the end of a connection may be one message's fault, so that another connection helps. */
  survives(error: ConnectionError): boolean {
    return error === this.#closing?.error;
  }

  #onPuback(packetId: number, reasonCode: number): void {
    const entry = this.#inFlight.settle(packetId, this.#current?.limits.sessionPresent === true);
    if (entry === undefined) return; // of a message that an earlier process sent in this session
    const verdict = judgeReasonCode("PUBACK", reasonCode);
    if (verdict === "accepted") this.#complete(entry);
    else if (verdict === "undeliverable")
      this.#giveUp(entry, `the destination refused it for good: ${nameReasonCode(reasonCode)}`);
    else this.#onRefusal(entry, reasonCode);
    this.pump();
  }

  /** Sends what may be sent: as long as something waits, the window has room and the destination takes it. */
  pump(): void {
    for (let side = this.#current; side !== undefined && !side.isHeld && !this.#isPaused; side = this.#current) {
      const waits = this.#waiting.peek();
      const entry = waits ?? this.#spooler?.peekPending();
      if (entry === undefined || !this.#events.maySend(entry)) break;
      if (!this.#hasRoom(entry, side) || this.#isHeldByRate(entry)) break;
      if (this.#isFull(side)) break;
      if (waits === undefined) this.#spooler?.shiftPending();
      else this.#waiting.shift();
      try {
        this.#send(entry, side);
      } catch (cause) {
        this.#waiting.putBack(entry); // a fault of this program must not cost a message
        throw cause;
      }
    }
    this.#events.onPumped();
  }

  /** Whether a destination with QoS 0 has to read first; the rest is sent then, and what holds up the source is looked at. */
  #isFull(side: DestinationSide): boolean {
    const { qos, maxInflightBytes } = this.#options;
    if (qos > 0 || !side.isFull(maxInflightBytes)) return false;
    this.pumpOnceDrained(side);
    return true;
  }

  #isHeldByRate(entry: Entry): boolean {
    if (entry.sequence === 0) return false;
    if (this.#isPausedByRate) return true;
    const waitMs = this.#spooler?.waitMs() ?? 0;
    if (waitMs === 0) return false;
    this.#isPausedByRate = true;
    this.#options.schedule(() => {
      this.#isPausedByRate = false;
      this.pump();
    }, waitMs);
    return true;
  }

  #hasRoom({ memoryBytes }: Entry, side: DestinationSide): boolean {
    return this.#options.qos === 0 || this.#inFlight.hasRoom(memoryBytes, side.sendsAlone);
  }

  /** Goes on once what was written with QoS 0 has left: it takes memory until then, and no acknowledgement tells of that. */
  pumpOnceDrained(side = this.#current): void {
    if (side === undefined || side.awaitsDrain || this.unsentBytes === 0) return;
    side.awaitsDrain = true;
    side.port.onceDrained(() => {
      side.awaitsDrain = false;
      if (this.#current === side) this.pump();
    });
  }

  #send(entry: Entry, side: DestinationSide): void {
    const { counters, qos, now } = this.#options;
    const hasExpired = entry.publish.expirySeconds > 0 && isExpired(entry, now());
    const problem = hasExpired ? undefined : this.#findProblem(entry, side);
    if (hasExpired || problem !== undefined) {
      this.forget(entry);
      if (problem === undefined) this.#events.onExpired(entry);
      else this.#events.onRefused(entry, problem);
      return;
    }
    if (!side.limits.retainAvailable && clearRetain(entry.publish)) counters.retainCleared++;
    if (entry.wasSent) counters.resent++;
    if (entry.sequence > 0) this.#spooler?.countSent(entry);
    if (qos > 0) this.#inFlight.add(entry, side.limits.sessionPresent);
    entry.wasSent = true;
    entry.trace?.onSent(entry.publish);
    side.port.writePublish(entry.publish);
    if (entry.publish.isReusable) entry.publish.leavesAt = side.port.traffic.givenBytes();
    if (qos > 0) return;
    side.countWritten(entry);
    if (entry.sourceId !== 0) counters.unconfirmed++;
    this.#complete(entry);
    this.#isFull(side);
  }

  #findProblem(entry: Entry, { limits }: DestinationSide): string | undefined {
    const [length, most] = [entry.publish.length, limits.maximumPacketBytes];
    if (length > most) return `it is ${length} bytes long, more than the destination's ${most}`;
    const isTooOld = entry.sequence > 0 && !entry.isDeadLetter && this.#spooler?.isTooOld(entry) === true;
    return isTooOld ? "it was on the disk for longer than spool.maxAgeSeconds" : undefined;
  }

  #complete(entry: Entry): void {
    this.#refusals.settle(entry);
    if (this.#refusals.hasGivenUp) this.#refusals.onTaken(topicOfEntry(entry));
    this.#closing = undefined;
    if (this.#current?.sendsAlone === true) {
      this.#current.sendsAlone = false;
      this.#poison.clear();
    }
    this.#events.onDelivered(entry);
  }

  #giveUp(entry: Entry, reason: string): void {
    this.#refusals.settle(entry);
    this.#events.onRefused(entry, reason);
  }

  /** Forgets what is known of a message that is not sent again. */
  forget(entry: Entry): void {
    this.#inFlight.release(entry);
    this.#refusals.settle(entry);
  }

  /** The destination refused a message for the time being. */
  #onRefusal(entry: Entry, reasonCode: number): void {
    const { counters, onTrouble, now, refusalTimeoutMs } = this.#options;
    counters.rejected++;
    const reason = describeReasonCode("PUBACK", reasonCode);
    const topic = topicOfEntry(entry);
    if (this.#refusals.isHopeless({ entry, topic, reasonCode, nowMs: now(), delivered: counters.delivered })) {
      const since = `for ${refusalTimeoutMs / 1000} s while it took others (refusalTimeoutSeconds)`;
      this.#giveUp(entry, `the destination refused it, or others of its topic, ${since}: ${reason}`);
      return;
    }
    onTrouble({ kind: "rejected", reason, topic });
    entry.publish = entry.publish.outOfSlab(); // those around it may leave
    this.#waiting.putBack(entry);
    this.#pause(refusalPauseMs);
  }

  /** Sends nothing for a while. */
  #pause(timeMs: number): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#options.schedule(() => {
      this.#isPaused = false;
      this.pump();
    }, timeMs);
  }

  /** Judges the end of a connection; returns the poison message at which it ends each time, and why it is given up. */
  #findPoison(
    [oldest, ...others]: readonly Entry[],
    error: ConnectionError | undefined,
  ): { readonly entry: Entry; readonly reason: string } | undefined {
    const { counters, now, onTrouble } = this.#options;
    const { delivered } = counters;
    const closings = this.#poison.closings + 1;
    const verdict = this.#poison.judge({ oldest, inFlight: others.length + 1, error, nowMs: now(), delivered });
    if (oldest === undefined || error === undefined || verdict === "nothing") return undefined;
    const times = closings === 1 ? "" : `, ${closings} times in a row`;
    const reason = `the destination ends the connection when it is sent${times} (${error.message})`;
    this.#closing = { error, rejection: undefined };
    if (verdict === "poison") return { entry: oldest, reason };
    counters.suspected++;
    const topic = topicOfEntry(oldest);
    this.#closing = { error, rejection: `it ends the connection at a message with topic ${quote(topic)}${times}` };
    onTrouble({ kind: "suspected", reason, topic });
    return undefined;
  }
}
