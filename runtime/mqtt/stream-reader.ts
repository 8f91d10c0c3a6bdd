import type { Duplex } from "node:stream";

import { readBytes } from "../transport/reused-buffer.ts";
import { PacketReader, type PacketHandler } from "./packet-reader.ts";

/** How long input may gather before it is read, while there is so much of it. */
const gatherMs = 2;
/** Packets in {@link gatherMs} from which on gathering pays: fewer are read as they come, without any delay. */
const fewestGathered = 8;
/** Part of the peer's window that may arrive in {@link gatherMs}: with more, waiting would hold the peer up. */
const largestWindowShare = 1 / 4;

/**
 * Reads packets from a stream.
 *
 * While packets come fast it reads once in two milliseconds, so that a system call takes in many of them, and what is written
 * in answer goes out in one piece too. A stream that is idle, or slow, or whose peer would run out of its window meanwhile, is
 * read as it comes.
 */
export class StreamReader {
  readonly #stream: Duplex;
  #isPaused = false;
  /** Packets since {@link #countedMs}. */
  #packets = 0;
  #countedMs = performance.now();
  /** Packets at which to look at the clock again: with TLS a read often is one small packet, too little to do so each time. */
  #nextLook = fewestGathered;
  #timer: NodeJS.Timeout | undefined;
  #isGathering = false;
  /** Bytes that have arrived. */
  readBytes = 0;
  /** Packets that the peer may send before it needs an answer. */
  window = Infinity;

  /** @param onBroken takes what `onPacket` throws, and bytes that are no packets */
  constructor(stream: Duplex, onPacket: PacketHandler, onBroken: (cause: unknown) => void) {
    this.#stream = stream;
    const packets = new PacketReader((bytes, start, end, headerLength, isOwn) => {
      this.#packets++;
      onPacket(bytes, start, end, headerLength, isOwn);
    });
    readBytes(stream, (chunk, end) => {
      this.readBytes += end;
      try {
        packets.push(chunk, end);
      } catch (cause) {
        onBroken(cause);
        return;
      }
      if (this.#packets >= this.#nextLook) this.#lookAtClock();
    });
  }

  /** Whether someone has asked to read no further. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Stops and resumes reading. */
  setPaused(paused: boolean): void {
    if (paused === this.#isPaused) return;
    this.#isPaused = paused;
    if (paused) this.#stream.pause();
    else if (!this.#isGathering) this.#stream.resume();
  }

  /** Reads what still comes, so that the stream's end is seen; whoever takes it has to pass it over. */
  finish(): void {
    this.#isPaused = false;
    this.#stream.resume();
  }

  #lookAtClock(): void {
    const now = performance.now();
    const elapsedMs = now - this.#countedMs;
    this.#nextLook = this.#packets + fewestGathered;
    if (elapsedMs >= gatherMs) this.#considerGathering(now, elapsedMs);
  }

  #considerGathering(now: number, elapsedMs: number): void {
    const perGathering = (this.#packets * gatherMs) / elapsedMs;
    this.#packets = 0;
    this.#nextLook = fewestGathered;
    this.#countedMs = now;
    if (perGathering < fewestGathered || perGathering > this.window * largestWindowShare || this.#isPaused) return;
    this.#isGathering = true;
    this.#stream.pause();
    this.#timer ??= setTimeout(() => {
      this.#isGathering = false;
      if (!this.#isPaused) this.#stream.resume();
    }, gatherMs);
    this.#timer.refresh();
  }
}
