import { malformedPacket } from "./wire/protocol-error.ts";
import { continuationBit, maxVariableIntegerBytes } from "./wire/variable-integer.ts";

/**
 * Takes one whole packet, `bytes[start]` up to and without `bytes[end]`.
 * @param isOwn whether the bytes were gathered for this packet and may be kept; else they are used again after the call
 */
export type PacketHandler = (bytes: Buffer, start: number, end: number, headerLength: number, isOwn: boolean) => void;

/** First size of the buffer that a packet is gathered in: any that Event Grid takes fits, and what isn't filled takes no memory. */
const firstBytes = 1_048_576;

/**
 * Finds packet boundaries in a stream of bytes, whatever its chunks.
 *
 * A packet that lies whole in a chunk is handed over without a copy. One that doesn't is gathered in a buffer that doubles
 * as it fills: joining chunks would cost the square of their number, and memory for what a header promises, up to 256 MB, is
 * for those who send it.
 */
export class PacketReader {
  readonly #onPacket: PacketHandler;
  readonly #checkHeader: (firstByte: number) => void;
  /** The packet that has begun and not ended, as far as it has come. */
  #partial: Buffer | undefined;
  #filled = 0;
  /** Bytes of the whole packet. */
  #length = 0;
  #headerLength = 0;
  /** The first bytes of a packet whose length is not known yet. */
  readonly #header = Buffer.alloc(1 + maxVariableIntegerBytes);
  #headerFilled = 0;
  #isStopped = false;

  /** @param checkHeader throws for the first byte of a packet that is not worth being gathered; omitted: every one is */
  constructor(onPacket: PacketHandler, checkHeader: (firstByte: number) => void = () => undefined) {
    this.#onPacket = onPacket;
    this.#checkHeader = checkHeader;
  }

  /** Hands nothing more over, not even of the chunk that is being read, and forgets the packet that has begun. */
  stop(): void {
    this.#isStopped = true;
    this.#partial = undefined;
    this.#filled = this.#headerFilled = 0;
  }

  /**
   * Reads a chunk, up to and without `chunk[end]`, and hands over each packet that it completes.
   * @throws {ProtocolError} when a length is not one of MQTT's. Nothing may be pushed after it
   */
  push(chunk: Buffer, end = chunk.length): void {
    if (this.#isStopped) return;
    let position = this.#partial === undefined ? this.#completeHeader(chunk, end) : this.#fillPartial(chunk, 0, end);
    while (position < end && !this.#hasStopped()) {
      const headerLength = findHeaderLength(chunk, position, end);
      if (headerLength === 0) {
        chunk.copy(this.#header, 0, position, end);
        this.#headerFilled = end - position;
        return;
      }
      const packetEnd = position + headerLength + readLength(chunk, position + 1);
      if (packetEnd > end) {
        this.#checkHeader(chunk[position] ?? 0);
        this.#startPartial(headerLength, packetEnd - position);
        this.#fillPartial(chunk, position, end);
        return;
      }
      this.#onPacket(chunk, position, packetEnd, headerLength, false);
      position = packetEnd;
    }
  }

  /** A method, since it changes while a packet is handed over. */
  #hasStopped(): boolean {
    return this.#isStopped;
  }

  /** Bytes held of a packet that is not whole yet. */
  get pendingBytes(): number {
    return this.#headerFilled + this.#filled;
  }

  /** Finishes a header that an earlier chunk began; returns the position in the chunk to go on from. */
  #completeHeader(chunk: Buffer, end: number): number {
    let position = 0;
    while (this.#headerFilled > 0 && position < end) {
      this.#header[this.#headerFilled++] = chunk[position++] ?? 0;
      const headerLength = findHeaderLength(this.#header, 0, this.#headerFilled);
      if (headerLength === 0) continue;
      const header = this.#header;
      this.#checkHeader(header[0] ?? 0);
      this.#startPartial(headerLength, headerLength + readLength(header, 1));
      this.#headerFilled = 0;
      this.#fillPartial(header, 0, headerLength);
      return this.#partial === undefined ? position : this.#fillPartial(chunk, position, end);
    }
    return position;
  }

  #startPartial(headerLength: number, length: number): void {
    this.#partial = Buffer.allocUnsafe(Math.min(length, firstBytes));
    this.#length = length;
    this.#filled = 0;
    this.#headerLength = headerLength;
  }

  /** Adds to the begun packet what the chunk has of it; returns the position behind that. */
  #fillPartial(chunk: Buffer, position: number, chunkEnd: number): number {
    if (this.#partial === undefined) return position;
    const end = Math.min(chunkEnd, position + this.#length - this.#filled);
    const packet = this.#reserve(this.#partial, this.#filled + end - position);
    this.#filled += chunk.copy(packet, this.#filled, position, end);
    if (this.#filled === this.#length) {
      this.#partial = undefined;
      this.#filled = 0;
      this.#onPacket(packet, 0, this.#length, this.#headerLength, true);
    }
    return end;
  }

  #reserve(packet: Buffer, bytes: number): Buffer {
    if (bytes <= packet.length) return packet;
    const larger = Buffer.allocUnsafe(Math.min(this.#length, Math.max(bytes, packet.length * 2)));
    packet.copy(larger, 0, 0, this.#filled);
    this.#partial = larger;
    return larger;
  }
}

/** Length of the fixed header that begins at `start`; 0 when it is not whole yet. @see MQTT 5.0 §2.1.4 */
function findHeaderLength(bytes: Buffer, start: number, end: number): number {
  for (let index = 1; index <= maxVariableIntegerBytes; index++) {
    const at = start + index;
    if (at >= end) return 0;
    const byte = bytes[at] ?? 0;
    if ((byte & continuationBit) !== 0) continue;
    if (byte === 0 && index > 1) throw malformedPacket("a packet length that takes more bytes than it needs"); // [MQTT-1.5.5-1]
    return index + 1;
  }
  throw malformedPacket("a packet length of more than four bytes");
}

function readLength(bytes: Buffer, at: number): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value |= (byte & 0x7f) << shift;
    if ((byte & continuationBit) === 0) return value;
  }
}
