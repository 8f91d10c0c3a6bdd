import type { SourcePort } from "./ports.ts";
import type { WaitingQueue } from "./waiting-queue.ts";

/** What the gate looks at. */
type Waiting = Pick<WaitingQueue, "bytes" | "length" | "qos0">;

/** What may be in memory that the destination has not acknowledged. */
export interface GateBounds {
  readonly bytes: number;
  /** Of those that are not in flight, with either QoS. */
  readonly messages: number;
}

/** It closes at this part of the bound in bytes: what is under way then still comes. */
const closesAt = 7 / 8;
/** Once closed it opens at this part of the bounds: not at each message, for what is resumed is to be worth a read. */
const opensAt = 1 / 2;

/**
 * Reads the source no further while too much waits, whatever its broker makes of Receive Maximum: mosquitto 2.0.11 sends a
 * backlog of 100,000 messages to a client that had stopped to read and announced 1,000.
 */
export class SourceGate {
  readonly #bounds: GateBounds;
  /** Messages of QoS 1 that may wait. */
  #kept: number;
  #source: SourcePort | undefined;
  #isClosed = false;

  constructor(bounds: GateBounds) {
    this.#bounds = bounds;
    this.#kept = bounds.messages;
  }

  /** What waits with QoS 1 goes to the disk after a while, and is acknowledged then: only its bytes count. */
  liftMessageBound(): void {
    this.#kept = Infinity;
  }

  /** Another connection is there, or none: a new one reads no further either. */
  use(source: SourcePort | undefined): void {
    this.#source = source;
    if (this.#isClosed) source?.setPaused(true);
  }

  /**
   * Opens and closes by what waits to be sent, and the bytes that are in memory beside it. Messages of QoS 0 hold the source up
   * only while a destination is there to take them: it is slower than the source then, and that passes.
   */
  regulate(waiting: Waiting, otherBytes: number, isDestinationThere: boolean): void {
    const bytes = waiting.bytes + otherBytes;
    const most = this.#isClosed ? opensAt : 1;
    const isClosed =
      bytes > this.#bounds.bytes * Math.min(most, closesAt) ||
      waiting.length - waiting.qos0 > this.#kept * most ||
      (isDestinationThere && waiting.qos0 > this.#bounds.messages * most);
    if (isClosed === this.#isClosed) return;
    this.#isClosed = isClosed;
    this.#source?.setPaused(isClosed);
  }
}
