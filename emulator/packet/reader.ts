import { isUtf8 } from "node:buffer";

import { ProtocolViolation } from "./protocol-violation.ts";
import { ReasonCode } from "./reason-code.ts";

/** Reads the values of one packet one behind the other, up to and without `end`. Each throws a violation when it is cut off. */
export class Reader {
  readonly bytes: Buffer;
  readonly end: number;
  /** Where the next value begins. */
  at: number;
  readonly #what: string;

  /** @param what the packet as messages name it, such as `"CONNECT"` */
  constructor(bytes: Buffer, at: number, end: number, what: string) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.#what = what;
  }

  isAtEnd(): boolean {
    return this.at === this.end;
  }

  byte(): number {
    return this.bytes[this.#skip(1)] ?? 0;
  }

  uint16(): number {
    return this.bytes.readUInt16BE(this.#skip(2));
  }

  uint32(): number {
    return this.bytes.readUInt32BE(this.#skip(4));
  }

  /** As short as it can be, in 4 bytes at most: [MQTT-1.5.5-1]. */
  variableInteger(): number {
    let value = 0;
    for (let index = 0; index < 4; index += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte >= 0x80) continue;
      if (byte === 0 && index > 0) break;
      return value;
    }
    throw malformed(`a variable byte integer of the ${this.#what} is malformed`);
  }

  /** Bytes behind their length. A view of them: copy what must last. */
  binary(): Buffer {
    const length = this.uint16();
    const start = this.#skip(length);
    return this.bytes.subarray(start, start + length);
  }

  /** UTF-8 behind its length: [MQTT-1.5.4-1], [MQTT-1.5.4-2]. */
  text(): string {
    const start = this.at + 2;
    this.skipText();
    return this.bytes.toString("utf8", start, this.at);
  }

  /** Reads past a text, and checks it. */
  skipText(): void {
    const length = this.uint16();
    const start = this.#skip(length);
    // Most are short and ASCII: views of thousands of user properties would cost more than all else that is done with them.
    for (let at = start; at < this.at; at += 1) {
      const byte = this.bytes[at] ?? 0;
      if (byte === 0) throw malformed(`a text of the ${this.#what} has the character U+0000`);
      if (byte < 0x80) continue;
      const rest = this.bytes.subarray(at, this.at);
      if (rest.includes(0)) throw malformed(`a text of the ${this.#what} has the character U+0000`);
      if (!isUtf8(rest)) throw malformed(`a text of the ${this.#what} is not UTF-8`);
      return;
    }
  }

  /** The values of the next so many bytes. */
  part(length: number): Reader {
    const start = this.#skip(length);
    return new Reader(this.bytes, start, start + length, this.#what);
  }

  /** Refuses bytes behind the last value. */
  finish(): void {
    if (!this.isAtEnd()) throw malformed(`the ${this.#what} has ${this.end - this.at} bytes too many`);
  }

  /** @returns where the skipped bytes begin */
  #skip(length: number): number {
    const start = this.at;
    if (start + length > this.end) throw malformed(`the ${this.#what} is cut off`);
    this.at = start + length;
    return start;
  }
}

/** For bytes that can't be read as the standard says. @see MQTT 5.0 §1.2, Malformed Packet */
export function malformed(what: string): ProtocolViolation {
  return new ProtocolViolation(ReasonCode.malformedPacket, what);
}

/** For what can be read and is not allowed. @see MQTT 5.0 §1.2, Protocol Error */
export function protocolError(what: string): ProtocolViolation {
  return new ProtocolViolation(ReasonCode.protocolError, what);
}
