import type { Duplex } from "node:stream";

import { noteMovement } from "../event-loop/every.ts";
import { readBytes } from "../transport/reused-buffer.ts";
import type { Room } from "../memory/lane.ts";
import { PacketReader, type PacketGate, type PacketHandler } from "./packet-reader.ts";
import { checkFirstByte } from "./wire/server-packets.ts";

/** How long input may gather before it is read, while there is so much of it. */
const gatherMs = 2;
/** Packets in {@link gatherMs} from which on gathering pays: fewer are read as they come, without any delay. */
const fewestGathered = 8;
/** So little is answered at once: what comes with it could not be answered in one piece anyway. */
const [fewPackets, fewBytes] = [2, 2048];
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

  readonly #onBroken: (cause: unknown) => void;

  /**
   * @param onBroken takes what `onPacket` throws, and bytes that are no packets; nothing is handed over after it
   * @param gate decides about large packets; omitted: there is room for all
   */
  constructor(
    stream: Duplex,
    onPacket: PacketHandler,
    onBroken: (cause: unknown) => void,
    gate?: Omit<PacketGate, "onRoom">,
  ) {
    this.#stream = stream;
    this.#onBroken = onBroken;
    const count: PacketHandler = (bytes, start, end, headerLength, isOwn) => {
      this.#packets++;
      onPacket(bytes, start, end, headerLength, isOwn);
    };
    const onRoom = this.#proceed.bind(this);
    this.#packetReader = new PacketReader(count, checkFirstByte, gate && { ...gate, onRoom });
    const take = (chunk: Buffer, end: number) => {
      this.readBytes += end;
      noteMovement();
      const packets = this.#read(() => {
        this.#packetReader.push(chunk, end);
      });
      return packets <= fewPackets && end <= fewBytes;
    };
    readBytes(stream, take, () => this.#packetReader.nextTarget());
  }

  /** Whether nothing is read: somebody has asked for that, or a packet waits for room. */
  get isPaused(): boolean {
    return this.#isPaused || this.#packetReader.isWaiting;
  }

  /** The room of the packet that is being handed over; whoever takes it owns it. */
  takeRoom(): Room | undefined {
    return this.#packetReader.takeRoom();
  }

  /** Stops and resumes reading. No packet is handed over meanwhile, not even one that has come. */
  setPaused(paused: boolean): void {
    if (paused === this.#isPaused) return;
    this.#isPaused = paused;
    this.#packetReader.setHalted(paused);
    if (paused) this.#stream.pause();
    // In a turn of its own: who resumes may be in the middle of something that a packet would change.
    else if (this.#packetReader.isBusy) setImmediate(this.#proceed.bind(this));
    else this.#resume();
  }

  /** A packet that waits for room asks for it anew. */
  askAgain(): void {
    this.#packetReader.askAgain();
  }

  /** Hands nothing more over, not even of what has come. */
  stop(): void {
    noteMovement();
    this.#packetReader.stop();
  }

  /** Hands nothing more over. What still comes is read and dropped, so that the stream's end is seen. */
  finish(): void {
    this.#packetReader.stop();
    this.#isPaused = false;
    this.#stream.resume();
  }

  /** Reads on behind what was kept, and from the stream once nothing of it is left. */
  #proceed(): void {
    if (this.#isPaused) return;
    this.#read(() => {
      this.#packetReader.proceed();
    });
    this.#resume();
  }

  /** @returns how many packets were handed over */
  #read(act: () => void): number {
    const packets = this.#packets;
    try {
      act();
    } catch (cause) {
      this.#packetReader.stop();
      this.#onBroken(cause);
      return 0;
    }
    if (this.#packetReader.isBusy) this.#stream.pause();
    const read = this.#packets - packets;
    this.#turnPackets += read;
    if (this.#turnPackets >= packetsPerTurn) this.#yield();
    if (this.#packets >= this.#nextLook) this.#lookAtClock();
    return read;
  }

  #resume(): void {
    const isHeld = this.#isPaused || this.#isGathering || this.#isYielding || this.#packetReader.isBusy;
    if (!isHeld) this.#stream.resume();
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
