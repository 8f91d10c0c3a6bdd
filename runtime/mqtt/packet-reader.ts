import { largeBuffers } from "../memory/large-buffers.ts";
import type { Room } from "../memory/lane.ts";
import { Landing } from "./landing.ts";
import { largestInSlab } from "./slab.ts";
import { findHeaderLength, maxHeaderBytes, readRemainingLength } from "./wire/fixed-header.ts";

/**
 * Takes one whole packet, `bytes[start]` up to and without `bytes[end]`.
 * @param isOwn whether the bytes were gathered for this packet and may be kept; else they are used again after the call
 */
export type PacketHandler = (bytes: Buffer, start: number, end: number, headerLength: number, isOwn: boolean) => void;

/** Who decides about packets that need memory of their own before they are whole. */
export interface PacketGate {
  /**
   * Room for a packet of more than {@link smallPacketBytes}; `undefined` where there never is so much: it is passed over then.
   * @param first its first byte, which has its type
   */
  readonly roomFor: (first: number, length: number) => Room | undefined;
  /** Takes the beginning of a packet that was passed over, up to `head[end]`, once all of it has come. */
  readonly onPassedOver: (head: Buffer, end: number, headerLength: number, length: number) => void;
  /** The room is there that the reader has waited for: {@link PacketReader.proceed}. */
  readonly onRoom: () => void;
}

/** A packet up to this size is read without asking: for each connection there is one at most that is not whole. */
export const smallPacketBytes = 65_536;

const nothing = Buffer.alloc(0);
/** First size of the memory for what is kept. */
const leastKeptBytes = 4096;
/** A packet of so many bytes is read to its place. One read brings several smaller ones, and is worth more than a copy. */
const leastDirectBytes = 32_768;
/** Bytes that are read to their place at once: whoever reads gives way to others in between. */
const mostDirectBytes = 1_048_576;
/** As much of a packet that is passed over as its handler gets: the longest topic and what stands before and behind it. */
const headBytes = 66_000;

/**
 * Finds packet boundaries in a stream of bytes, whatever its chunks.
 *
 * A packet that lies whole in a chunk is handed over without a copy. One that doesn't is gathered in a buffer of its size: for a
 * large one its gate is asked before, and the reader waits until there is room. It can be halted behind any packet.
 *
 * Who can choose where the next bytes are read to asks for {@link nextTarget}: what is missing of a large packet, and
 * the packet behind a large one, are read where they stay.
 */
export class PacketReader {
  readonly #onPacket: PacketHandler;
  readonly #checkHeader: (firstByte: number) => void;
  readonly #gate: PacketGate | undefined;
  /** The packet that has begun and not ended, as far as it has come. Of one that is passed over its head. */
  #partial: Buffer | undefined;
  #filled = 0;
  /** Bytes of the whole packet. */
  #length = 0;
  #headerLength = 0;
  #isPassedOver = false;
  /** For the packet that has begun, or is being handed over. */
  #room: Room | undefined;
  /** The place of what is missing of the packet that has begun, since it was last given as a target. */
  #direct: Buffer | undefined;
  readonly #landing = new Landing();
  /** Whether what has come of the begun packet is in its place already. */
  #isInPlace = false;
  /** Length of the last packet that was gathered, since a target was last asked for; 0: there was none. */
  #gathered = 0;
  /** The first bytes of a packet whose length is not known yet. */
  readonly #header = Buffer.alloc(maxHeaderBytes);
  #headerFilled = 0;
  /** What has come and is to be read once the reader goes on: from `#keptStart` up to `#keptEnd`. Grows, so that many small chunks cost no more. */
  #kept = nothing;
  #keptStart = 0;
  #keptEnd = 0;
  #isHalted = false;
  #isWaiting = false;
  #isStopped = false;

  /**
   * @param checkHeader throws for the first byte of a packet that is not worth being gathered; omitted: every one is
   * @param gate omitted: there is room for everything
   */
  constructor(onPacket: PacketHandler, checkHeader: (firstByte: number) => void = () => undefined, gate?: PacketGate) {
    this.#onPacket = onPacket;
    this.#checkHeader = checkHeader;
    this.#gate = gate;
  }

  /**
   * Reads a chunk, up to and without `chunk[end]`, and hands over each packet that it completes.
   * @throws {ProtocolError} when a length is not one of MQTT's. Nothing may be pushed after it
   */
  push(chunk: Buffer, end = chunk.length): void {
    if (this.#isStopped) return;
    if (chunk === this.#direct && !this.isBusy) {
      this.#advance(end);
      return;
    }
    const firstEnd = this.isBusy ? end : this.#landing.endOfFirst(chunk, end);
    if (firstEnd < end) {
      // Copied before: whoever takes the packet may let the next one have its memory, in which these bytes lie.
      const behind = Buffer.from(chunk.subarray(firstEnd, end));
      this.push(chunk, firstEnd);
      this.push(behind);
      return;
    }
    const stoppedAt = this.isBusy ? 0 : this.#read(chunk, 0, end);
    if (stoppedAt < end) this.#keep(chunk, stoppedAt, end);
  }

  /**
   * Where to read the next bytes to, so that they need no copy; `undefined`: anywhere. It holds until it is asked for again,
   * which has to happen after each chunk; nothing else may be read to it.
   */
  nextTarget(): Buffer | undefined {
    const gathered = this.#gathered;
    this.#gathered = 0;
    this.#direct = undefined;
    this.#landing.giveBack();
    if (this.#isStopped || this.isBusy) return undefined;
    const partial = this.#partial;
    if (partial !== undefined) {
      if (this.#isPassedOver || this.#length < leastDirectBytes) return undefined;
      return (this.#direct = partial.subarray(this.#filled, Math.min(this.#length, this.#filled + mostDirectBytes)));
    }
    if (gathered < leastDirectBytes || this.#headerFilled > 0) return undefined;
    return this.#landing.lend(gathered);
  }

  /** Reads on from where it was halted, or waited. @throws {ProtocolError} as {@link push} does */
  proceed(): void {
    if (this.#isHalted || this.#isWaiting || this.#keptStart === this.#keptEnd) return;
    this.#keptStart = this.#read(this.#kept, this.#keptStart, this.#keptEnd);
    if (this.#keptStart < this.#keptEnd) return;
    this.#kept = nothing;
    this.#keptStart = this.#keptEnd = 0;
  }

  /** Hands over no further packet until it is called again, and {@link proceed}. */
  setHalted(isHalted: boolean): void {
    this.#isHalted = isHalted;
  }

  /** The packet that waits for room asks for it anew: it may be passed over now. */
  askAgain(): void {
    if (!this.#isWaiting) return;
    this.#room?.release();
    this.#room = undefined;
    this.#isWaiting = false;
    this.#gate?.onRoom();
  }

  /** Hands nothing more over, not even of the chunk that is being read, and forgets what has come. */
  stop(): void {
    this.#isStopped = true;
    this.#isHalted = this.#isWaiting = false;
    this.#partial = this.#direct = undefined;
    this.#landing.take(); // and is not given back: the stream may still read to it
    this.#kept = nothing;
    this.#keptStart = this.#keptEnd = 0;
    this.#filled = this.#headerFilled = 0;
    this.#room?.release();
    this.#room = undefined;
  }

  /** Whether it waits for room. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Whether it takes no chunk now: what came before has to be read first. */
  get isBusy(): boolean {
    return this.#isHalted || this.#isWaiting || this.#keptStart < this.#keptEnd;
  }

  /** The room of the packet that is being handed over; whoever takes it owns it. */
  takeRoom(): Room | undefined {
    const room = this.#room;
    this.#room = undefined;
    return room;
  }

  /** Bytes held of a packet that is not whole yet. */
  get pendingBytes(): number {
    return this.#headerFilled + this.#filled;
  }

  /** Returns where it stopped: at the end, or where it was halted or has to wait. */
  #read(chunk: Buffer, start: number, end: number): number {
    let position =
      this.#partial === undefined ? this.#completeHeader(chunk, start, end) : this.#fillPartial(chunk, start, end);
    while (position < end && !this.#hasToStop()) {
      const headerLength = findHeaderLength(chunk, position, end);
      if (headerLength === 0) {
        chunk.copy(this.#header, 0, position, end);
        this.#headerFilled = end - position;
        return end;
      }
      const length = headerLength + readRemainingLength(chunk, position);
      const packetEnd = position + length;
      if (packetEnd > end || length > smallPacketBytes || this.#landing.holds(chunk, position, length)) {
        if (!this.#startPartial(chunk[position] ?? 0, headerLength, length, chunk, position)) return position;
        position = this.#fillPartial(chunk, position, end);
        continue;
      }
      this.#onPacket(chunk, position, packetEnd, headerLength, false);
      position = packetEnd;
    }
    return this.#isStopped ? end : position;
  }

  /** A method, since it changes while a packet is handed over. */
  #hasToStop(): boolean {
    return this.#isHalted || this.#isWaiting || this.#isStopped;
  }

  /** Keeps what can't be read yet: with TLS there may be hundreds of small chunks before the stream stops. */
  #keep(chunk: Buffer, start: number, end: number): void {
    if (this.#isStopped) return;
    const needed = this.#keptEnd + end - start;
    if (needed > this.#kept.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#kept.length, leastKeptBytes));
      this.#keptEnd = this.#kept.copy(larger, 0, this.#keptStart, this.#keptEnd);
      this.#keptStart = 0;
      this.#kept = larger;
    }
    this.#keptEnd += chunk.copy(this.#kept, this.#keptEnd, start, end);
  }

  /** Finishes a header that an earlier chunk began; returns the position in the chunk to go on from. */
  #completeHeader(chunk: Buffer, start: number, end: number): number {
    const header = this.#header;
    let position = start;
    while (this.#headerFilled > 0) {
      const headerLength = findHeaderLength(header, 0, this.#headerFilled);
      if (headerLength === 0) {
        if (position === end) break;
        header[this.#headerFilled++] = chunk[position++] ?? 0;
        continue;
      }
      // The header stays where it is until there is room.
      if (!this.#startPartial(header[0] ?? 0, headerLength, headerLength + readRemainingLength(header, 0))) break;
      this.#headerFilled = 0;
      this.#fillPartial(header, 0, headerLength);
      return this.#partial === undefined ? position : this.#fillPartial(chunk, position, end);
    }
    return position;
  }

  /** Tells whether the packet can be gathered, or passed over, from now on; else there will be room later. */
  #startPartial(first: number, headerLength: number, length: number, chunk?: Buffer, position = 0): boolean {
    this.#checkHeader(first);
    this.#isPassedOver = false;
    if (length > smallPacketBytes && this.#gate !== undefined) {
      this.#room ??= this.#gate.roomFor(first, length);
      if (this.#room === undefined) this.#isPassedOver = true;
      else if (!this.#room.isGranted) {
        this.#waitFor(this.#room, this.#gate);
        return false;
      }
    }
    if (this.#isPassedOver) this.#partial = allocate(Math.min(length, headBytes));
    else {
      this.#isInPlace = chunk !== undefined && this.#landing.holds(chunk, position, length);
      this.#partial = (this.#isInPlace ? this.#landing.take() : undefined) ?? allocate(length);
    }
    this.#length = length;
    this.#filled = 0;
    this.#headerLength = headerLength;
    return true;
  }

  #waitFor(room: Room, gate: PacketGate): void {
    this.#isWaiting = true;
    room.onGranted = () => {
      this.#isWaiting = false;
      gate.onRoom();
    };
  }

  /** Adds to the begun packet what the chunk has of it; returns the position behind that. */
  #fillPartial(chunk: Buffer, position: number, chunkEnd: number): number {
    const packet = this.#partial;
    if (packet === undefined) return position;
    const end = Math.min(chunkEnd, position + this.#length - this.#filled);
    if (this.#isInPlace) this.#isInPlace = false;
    else if (this.#filled < packet.length) chunk.copy(packet, this.#filled, position, end);
    this.#advance(end - position);
    return end;
  }

  /** So many bytes of the begun packet have come, and are in their place. */
  #advance(bytes: number): void {
    this.#filled += bytes;
    if (this.#filled === this.#length && this.#partial !== undefined) this.#handOver(this.#partial);
  }

  #handOver(packet: Buffer): void {
    this.#partial = undefined;
    this.#gathered = this.#length;
    this.#filled = 0;
    if (this.#isPassedOver) {
      const headEnd = Math.min(this.#length, headBytes);
      this.#gate?.onPassedOver(packet, headEnd, this.#headerLength, this.#length);
    } else this.#onPacket(packet, 0, this.#length, this.#headerLength, true);
    this.#room?.release();
    this.#room = undefined;
  }
}

/** Memory of its own, of so many bytes or more. */
function allocate(bytes: number): Buffer {
  return bytes > largestInSlab ? largeBuffers.take(bytes) : Buffer.allocUnsafe(bytes);
}
