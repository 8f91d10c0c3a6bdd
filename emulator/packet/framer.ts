import { ProtocolViolation } from "./protocol-violation.ts";
import { ReasonCode } from "./reason-code.ts";

const maxLengthBytes = 4;
const continuationBit = 0x80;
const nothing = Buffer.alloc(0);

/** Who takes the packets of a {@link PacketFramer}, and says what may come. */
export interface FramerOptions {
  /** Largest packet to accept, in bytes; a function, because a broker may announce another one at each connection. */
  readonly maxPacketBytes: () => number;
  /** Takes each packet, whole and in order. Its bytes may be overwritten after the call. */
  readonly onPacket: (packet: Buffer) => void;
  /** Looks at the first byte of each packet before more of it is kept; throws when it may not come. */
  readonly checkFirstByte?: (firstByte: number) => void;
  /** Whether the next packet has to wait; {@link PacketFramer.proceed} goes on. */
  readonly isHalted?: () => boolean;
}

/**
 * Cuts a byte stream into MQTT packets and hands each over whole, in order.
 * Allocates a split packet once, from the length in its header, so that a packet which arrives in n reads is copied
 * once and not n times.
 */
export class PacketFramer {
  #head: Buffer = nothing;
  #body: Buffer | undefined;
  #filledBytes = 0;
  readonly #options: FramerOptions;

  constructor(options: FramerOptions) {
    this.#options = options;
  }

  /**
   * Takes the next bytes in, and hands over every packet that they complete.
   * @throws {ProtocolViolation} when a first byte or a length is malformed, or a length beyond the maximum
   */
  push(bytes: Buffer): void {
    let rest = this.#fillBody(bytes);
    if (this.#head.length > 0) rest = Buffer.concat([this.#head, rest]);
    this.#head = nothing;
    while (rest.length > 0) {
      const totalBytes = this.#isHalted ? undefined : this.#readTotalBytes(rest);
      if (totalBytes === undefined) {
        this.#head = Buffer.from(rest);
        return;
      }
      if (rest.length < totalBytes) {
        this.#startBody(totalBytes, rest);
        return;
      }
      const packet = rest.subarray(0, totalBytes);
      rest = rest.subarray(totalBytes);
      this.#options.onPacket(packet);
    }
  }

  /** Hands over what has waited. */
  proceed(): void {
    this.push(nothing);
  }

  get #isHalted(): boolean {
    return this.#options.isHalted?.() === true;
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
      this.#options.onPacket(body);
    }
    return bytes.subarray(copied);
  }

  #readTotalBytes(data: Buffer): number | undefined {
    this.#options.checkFirstByte?.(data[0] ?? 0);
    let length = 0;
    for (let index = 1; index <= maxLengthBytes; index += 1) {
      const byte = data[index];
      if (byte === undefined) return undefined;
      length += (byte & ~continuationBit) * 2 ** (7 * (index - 1));
      if ((byte & continuationBit) !== 0) continue;
      if (byte === 0 && index > 1) break;
      return this.#checkedTotal(1 + index + length);
    }
    // [MQTT-1.5.5-1]: four bytes at most, and no more than the value needs
    throw new ProtocolViolation(ReasonCode.malformedPacket, "the Remaining Length is malformed");
  }

  #checkedTotal(totalBytes: number): number {
    const maximum = this.#options.maxPacketBytes();
    if (totalBytes <= maximum) return totalBytes;
    throw new ProtocolViolation(
      ReasonCode.packetTooLarge,
      `the packet has ${totalBytes} bytes, more than the announced ${maximum}`,
    );
  }
}
