import type { SourcePort } from "../ports.ts";
import type { WaitingQueue } from "../waiting-queue.ts";

/** What decides whether the source is read. */
type Waiting = Pick<WaitingQueue, "bytes" | "length" | "qos0">;

/** What may be in memory that the destination has not acknowledged. */
export interface BackpressureBounds {
  readonly bytes: number;
  /** Of those that are not in flight, with either QoS. */
  readonly messages: number;
}

/** The memory of a dataflow at this time. */
export interface MemoryNow {
  /** Bytes that are held beside what waits. */
  readonly otherBytes: number;
  /** Bytes that may be held. */
  readonly mostBytes: number;
  readonly isDestinationThere: boolean;
  /**
   * Whether the process is short of memory: no more than the floor is held then. It is not nothing, for a dataflow that holds nothing can't
   * help, and would stand still for as long as the shortage lasts.
   */
  readonly isTight: boolean;
}

/** Reading pauses at this part of the bound in bytes: what is under way then still comes. */
const pausesAt = 7 / 8;
/** Once paused it goes on at this part of the bounds: not at each message, for what is resumed is to be worth a read. */
const resumesAt = 1 / 2;

/** What a dataflow may hold while the process is short of memory. */
const floorBytes = 65_536;

/**
 * Pauses reading from the source while too many messages wait. Receive Maximum alone does not do: mosquitto 2.0.11 sends a
 * backlog of 100,000 messages to a client that had stopped to read and announced 1,000.
 */
export class Backpressure {
  readonly #bounds: BackpressureBounds;
  /** Messages of QoS 1 that may wait. */
  #kept: number;
  readonly #sources = new Set<SourcePort>();
  #isPaused = false;

  constructor(bounds: BackpressureBounds) {
    this.#bounds = bounds;
    this.#kept = bounds.messages;
  }

  /** Whether the sources are read no further. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Messages with QoS 1 that wait go to the disk after a while, and are acknowledged then: only their bytes count. */
  liftMessageBound(): void {
    this.#kept = Infinity;
  }

  /** A source connection is open. */
  add(source: SourcePort): void {
    this.#sources.add(source);
    if (this.#isPaused) source.setPaused(true);
  }

  /** A source connection has ended. */
  remove(source: SourcePort): void {
    this.#sources.delete(source);
  }

  /**
   * Pauses and resumes by what waits to be sent, and the bytes that are in memory beside it. Messages of QoS 0 pause the source
   * only while a destination is there to take them: it is slower than the source then, and that passes.
   */
  regulate(waiting: Waiting, { otherBytes, mostBytes, isDestinationThere, isTight }: MemoryNow): void {
    const bytes = waiting.bytes + otherBytes;
    const bound = Math.min(this.#bounds.bytes, mostBytes, isTight ? floorBytes : Infinity);
    const most = this.#isPaused ? resumesAt : 1;
    const isPaused =
      bytes > bound * Math.min(most, pausesAt) ||
      waiting.length - waiting.qos0 > this.#kept * most ||
      (isDestinationThere && waiting.qos0 > this.#bounds.messages * most);
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    for (const source of this.#sources) source.setPaused(isPaused);
  }
}
