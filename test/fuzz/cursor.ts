/** Reason codes of a packet that can't be read, and of one that can and is forbidden. */
export const malformed = 0x81;
export const protocolError = 0x82;

/** The packet can't be read any further. */
export class Unreadable extends Error {}

/** Reads values one behind the other, and notes what is wrong with them. */
export class Cursor {
  readonly codes: Set<number>;
  readonly #bytes: Uint8Array;
  at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, at: number, end: number, codes: Set<number>) {
    [this.#bytes, this.at, this.#end, this.codes] = [bytes, at, end, codes];
  }

  get left(): number {
    return this.#end - this.at;
  }

  fault(code: number): void {
    this.codes.add(code);
  }

  byte(): number {
    if (this.left < 1) throw new Unreadable();
    return this.#bytes[this.at++]!;
  }

  integer(size: number): number {
    let value = 0;
    for (let index = 0; index < size; index++) value = value * 256 + this.byte();
    return value;
  }

  take(size: number): Uint8Array {
    if (this.left < size) throw new Unreadable();
    this.at += size;
    return this.#bytes.slice(this.at - size, this.at);
  }

  binary(): Uint8Array {
    return this.take(this.integer(2));
  }

  /** §1.5.4 */
  text(): Uint8Array {
    const bytes = this.binary();
    if (!isProperText(bytes)) this.fault(malformed);
    return bytes;
  }

  /** §1.5.5 */
  variable(): number {
    let value = 0;
    for (let index = 0; index < 4; index++) {
      const byte = this.byte();
      value += (byte % 128) * 128 ** index;
      if (byte >= 128) continue;
      if (byte === 0 && index > 0) this.fault(malformed);
      return value;
    }
    throw new Unreadable();
  }

  part(size: number): Cursor {
    if (this.left < size) throw new Unreadable();
    this.at += size;
    return new Cursor(this.#bytes, this.at - size, this.at, this.codes);
  }
}

/** Unicode 15, table 3-7, and no U+0000. */
function isProperText(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length;) {
    const lead = bytes[at]!;
    const in_ = (offset: number, low = 0x80, high = 0xbf) => {
      const byte = bytes[at + offset] ?? 0;
      return byte >= low && byte <= high;
    };
    if (lead >= 0x01 && lead <= 0x7f) at += 1;
    else if (lead >= 0xc2 && lead <= 0xdf && in_(1)) at += 2;
    else if (lead === 0xe0 && in_(1, 0xa0) && in_(2)) at += 3;
    else if (((lead >= 0xe1 && lead <= 0xec) || lead === 0xee || lead === 0xef) && in_(1) && in_(2)) at += 3;
    else if (lead === 0xed && in_(1, 0x80, 0x9f) && in_(2)) at += 3;
    else if (lead === 0xf0 && in_(1, 0x90) && in_(2) && in_(3)) at += 4;
    else if (lead >= 0xf1 && lead <= 0xf3 && in_(1) && in_(2) && in_(3)) at += 4;
    else if (lead === 0xf4 && in_(1, 0x80, 0x8f) && in_(2) && in_(3)) at += 4;
    else return false;
  }
  return true;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** §2.1; `bodyStart` is negative for a length that is none, and nothing is returned for one that has not come yet. */
export function readHeader(bytes: Uint8Array, codes: Set<number>): { bodyStart: number; bodyEnd: number } | undefined {
  let length = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[1 + index];
    if (byte === undefined) return undefined;
    length += (byte % 128) * 128 ** index;
    if (byte >= 128) continue;
    if (byte === 0 && index > 0) codes.add(malformed);
    return { bodyStart: 2 + index, bodyEnd: 2 + index + length };
  }
  return { bodyStart: -1, bodyEnd: -1 };
}
