import type { Duplex } from "node:stream";

import { readBytes } from "../transport/reused-buffer.ts";
import { PacketReader, type PacketHandler } from "./packet-reader.ts";
import { checkFirstByte } from "./wire/server-packets.ts";

/** How long input may gather before it is read, while there is so much of it. */
const gatherMs = 2;
/** Packets in {@link gatherMs} from which on gathering pays: fewer are read as they come, without any delay. */
const fewestGathered = 8;
/** Packets that are read in one turn of the event loop, as far as whole reads allow: other connections get theirs in between. */
const packetsPerTurn = 1000;
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
  /** Packets since reading last gave way to others. */
  #turnPackets = 0;
  #isYielding = false;
  readonly #packetReader: PacketReader;
  /** Bytes that have arrived. */
  readBytes = 0;
  /** Packets that the peer may send before it needs an answer. */
  window = Infinity;

  /** @param onBroken takes what `onPacket` throws, and bytes that are no packets; nothing is handed over after it */
  constructor(stream: Duplex, onPacket: PacketHandler, onBroken: (cause: unknown) => void) {
    this.#stream = stream;
    this.#packetReader = new PacketReader((bytes, start, end, headerLength, isOwn) => {
      this.#packets++;
      onPacket(bytes, start, end, headerLength, isOwn);
    }, checkFirstByte);
    readBytes(stream, (chunk, end) => {
      this.readBytes += end;
      const packets = this.#packets;
      try {
        this.#packetReader.push(chunk, end);
      } catch (cause) {
        this.#packetReader.stop();
        onBroken(cause);
        return;
      }
      this.#turnPackets += this.#packets - packets;
      if (this.#turnPackets >= packetsPerTurn) this.#yield();
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
    else this.#resume();
  }

  /** Hands nothing more over, not even of what has come. */
  stop(): void {
    this.#packetReader.stop();
  }

  /** Hands nothing more over. What still comes is read and dropped, so that the stream's end is seen. */
  finish(): void {
    this.#packetReader.stop();
    this.#isPaused = false;
    this.#stream.resume();
  }

  #resume(): void {
    if (!this.#isPaused && !this.#isGathering && !this.#isYielding) this.#stream.resume();
  }

  /** Gives way to other connections: libuv reads one socket up to 32 times before it looks at the next. */
  #yield(): void {
    this.#turnPackets = 0;
    this.#isYielding = true;
    this.#stream.pause();
    setImmediate(() => {
      this.#isYielding = false;
      this.#resume();
    });
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
      this.#resume();
    }, gatherMs);
    this.#timer.refresh();
  }
}
