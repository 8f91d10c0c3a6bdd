import { textBytes } from "../memory/text-bytes.ts";
import { largestInSlab } from "./slab.ts";

/** Flags in a PUBLISH's first byte. @see MQTT 5.0 §3.3.1 */
export const dupBit = 0x08;
export const retainBit = 0x01;

/** A PUBLISH that is ready to be written once its packet identifier is filled in. */
export class EncodedPublish {
  /** What it is in, among others: see `Slab`. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly length: number;
  /** Where the packet identifier stands in the packet; 0 with QoS 0, which has none. */
  readonly packetIdOffset: number;
  /** Where the message expiry interval stands in the packet; 0 when there is none. */
  readonly expiryOffset: number;
  /** The message expiry interval that it came with, in seconds; 0 when there is none. */
  readonly expirySeconds: number;
  /** The topic that it came with, where that is another one. */
  readonly inputTopic: string | undefined;
  /** Bytes that it takes in memory: the packet, and the topic beside it, which a publisher makes as long as it likes. */
  readonly memoryBytes: number;
  /** Whether all of `bytes` is this packet's and was taken from `LargeBuffers`, and nobody else has kept it. */
  isReusable = false;
  /** Of a reusable one: bytes that its connection had been given when this one was the last. It has left once so many have. */
  leavesAt = 0;

  constructor(
    bytes: Buffer,
    start: number,
    length: number,
    packetIdOffset: number,
    expiryOffset: number,
    inputTopic: string | undefined,
    expirySeconds = expiryOffset > 0 ? bytes.readUInt32BE(start + expiryOffset) : 0,
  ) {
    this.bytes = bytes;
    this.start = start;
    this.length = length;
    this.packetIdOffset = packetIdOffset;
    this.expiryOffset = expiryOffset;
    this.expirySeconds = expirySeconds;
    this.inputTopic = inputTopic;
    this.memoryBytes = length + textBytes(inputTopic);
  }

  /** The whole packet, for what does not happen to every message: it takes an object of its own. */
  get packet(): Buffer {
    return this.bytes.subarray(this.start, this.start + this.length);
  }

  /** The same, in memory of its own, for one that stays while those around it leave: it would keep their slab. */
  outOfSlab(): EncodedPublish {
    if (this.length > largestInSlab || this.bytes.length === this.length) return this;
    const bytes = Buffer.allocUnsafeSlow(this.length);
    this.bytes.copy(bytes, 0, this.start, this.start + this.length);
    const { length, packetIdOffset, expiryOffset, inputTopic, expirySeconds } = this;
    return new EncodedPublish(bytes, 0, length, packetIdOffset, expiryOffset, inputTopic, expirySeconds);
  }
}

/** Sets the message expiry interval of an encoded PUBLISH that has one, in seconds. */
export function stampExpiry({ bytes, start, expiryOffset }: EncodedPublish, seconds: number): void {
  bytes.writeUInt32BE(seconds, start + expiryOffset);
}

/**
 * The packet with the message expiry interval that it came with: its age is taken off when it is sent. A copy, where what
 * was left has been written into it: those bytes may still be in the destination's socket.
 */
export function packetAsItCame({ packet, expiryOffset, expirySeconds }: EncodedPublish): Buffer {
  if (expiryOffset === 0 || packet.readUInt32BE(expiryOffset) === expirySeconds) return packet;
  const copy = Buffer.from(packet);
  copy.writeUInt32BE(expirySeconds, expiryOffset);
  return copy;
}

/** Sets the packet identifier and the DUP flag of an encoded PUBLISH with QoS 1. */
export function stampPublish({ bytes, start, packetIdOffset }: EncodedPublish, packetId: number, dup: boolean): void {
  const at = start + packetIdOffset;
  bytes[at] = packetId >> 8;
  bytes[at + 1] = packetId & 0xff;
  const flags = bytes[start] ?? 0;
  bytes[start] = dup ? flags | dupBit : flags & ~dupBit;
}

/** Clears the retain flag of an encoded PUBLISH; tells whether it was set. */
export function clearRetain({ bytes, start }: EncodedPublish): boolean {
  const flags = bytes[start] ?? 0;
  bytes[start] = flags & ~retainBit;
  return (flags & retainBit) !== 0;
}
