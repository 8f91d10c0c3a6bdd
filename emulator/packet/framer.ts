import { ProtocolViolation } from "./protocol-violation.ts";
import { ReasonCode } from "./reason-code.ts";

const maxLengthBytes = 4;
const continuationBit = 0x80;

/**
 * Cuts a byte stream into MQTT packets and hands each over whole, in order.
 * Allocates a split packet once, from the length in its header, so that a packet which arrives in n reads is copied
 * once and not n times.
 */
export class PacketFramer {
  #head = Buffer.alloc(0);
  #body: Buffer | undefined;
  #filledBytes = 0;
  readonly #maxPacketBytes: () => number;
  readonly #onPacket: (packet: Buffer) => void;

  /** Takes the largest packet to accept as a function, because a broker may announce another one at each connection. */
  constructor(maxPacketBytes: () => number, onPacket: (packet: Buffer) => void) {
    this.#maxPacketBytes = maxPacketBytes;
    this.#onPacket = onPacket;
  }

  /**
   * Takes the next bytes in, and hands over every packet that they complete.
   * @throws {ProtocolViolation} when a length is malformed or beyond the maximum
   */
  push(bytes: Buffer): void {
    let rest = this.#fillBody(bytes);
    while (rest.length > 0) {
      const data: Buffer = this.#head.length > 0 ? Buffer.concat([this.#head, rest]) : rest;
      const totalBytes = this.#readTotalBytes(data);
      if (totalBytes === undefined) {
        this.#head = Buffer.from(data);
        return;
      }
      this.#head = Buffer.alloc(0);
      if (data.length < totalBytes) {
        this.#startBody(totalBytes, data);
        return;
      }
      rest = data.subarray(totalBytes);
      this.#onPacket(data.subarray(0, totalBytes));
    }
  }

  #startBody(totalBytes: number, data: Buffer): void {
    this.#body = Buffer.allocUnsafe(totalBytes);
    this.#filledBytes = data.copy(this.#body);
  }

  #fillBody(bytes: Buffer): Buffer {
    const body = this.#body;
    if (!body) return bytes;
    const copied = bytes.copy(body, this.#filledBytes);
    this.#filledBytes += copied;
    if (this.#filledBytes === body.length) {
      this.#body = undefined;
      this.#onPacket(body);
    }
    return bytes.subarray(copied);
  }

  #readTotalBytes(data: Buffer): number | undefined {
    let length = 0;
    for (let index = 1; index <= maxLengthBytes; index += 1) {
      const byte = data[index];
      if (byte === undefined) return undefined;
      length += (byte & ~continuationBit) * 2 ** (7 * (index - 1));
      if ((byte & continuationBit) === 0) return this.#checkedTotal(1 + index + length);
    }
    // [MQTT-1.5.5-1] allows four bytes.
    throw new ProtocolViolation(ReasonCode.malformedPacket, "the Remaining Length has more than 4 bytes");
  }

  #checkedTotal(totalBytes: number): number {
    const maximum = this.#maxPacketBytes();
    if (totalBytes <= maximum) return totalBytes;
    throw new ProtocolViolation(
      ReasonCode.packetTooLarge,
      `the packet has ${totalBytes} bytes, more than the announced ${maximum}`,
    );
  }
}
