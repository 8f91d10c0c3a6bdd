/** Encoders for the part of ASN.1's DER that an X.509 certificate needs. @see ITU-T X.690 */

const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
} as const;

/** Encodes any value from its tag byte and its content. */
export function tagged(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

/** Encodes a context-specific value that holds others: `[number]`. */
export function explicit(number: number, ...content: readonly Buffer[]): Buffer {
  return tagged(0xa0 | number, ...content);
}

/** Encodes a context-specific value that holds bytes: `[number]` in place of the type's own tag. */
export function implicit(number: number, content: Buffer): Buffer {
  return tagged(0x80 | number, content);
}

export function sequence(...content: readonly Buffer[]): Buffer {
  return tagged(Tag.sequence, ...content);
}

export function set(...content: readonly Buffer[]): Buffer {
  return tagged(Tag.set, ...content);
}

/** Encodes a positive integer from its bytes, most significant first. */
export function integer(bytes: Buffer): Buffer {
  const isNegativeLooking = ((bytes[0] ?? 0) & 0x80) !== 0;
  return tagged(Tag.integer, isNegativeLooking ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function boolean(value: boolean): Buffer {
  return tagged(Tag.boolean, Buffer.from([value ? 0xff : 0x00]));
}

/** Encodes a bit string; `unusedBits` counts the ignored low bits of the last byte. */
export function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return tagged(Tag.bitString, Buffer.from([unusedBits]), bytes);
}

export function octetString(bytes: Buffer): Buffer {
  return tagged(Tag.octetString, bytes);
}

export function utf8String(text: string): Buffer {
  return tagged(Tag.utf8String, Buffer.from(text));
}

/** Encodes a time before 2050, to the second. */
export function utcTime(time: Date): Buffer {
  const digits = time.toISOString().replace(/\D/g, "");
  return tagged(Tag.utcTime, Buffer.from(`${digits.slice(2, 14)}Z`));
}

/** Encodes an object identifier such as `"2.5.4.3"`. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tagged(Tag.objectIdentifier, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

function lengthOf(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.from([bytes]);
  const digits: number[] = [];
  for (let left = bytes; left > 0; left >>= 8) digits.unshift(left & 0xff);
  return Buffer.from([0x80 | digits.length, ...digits]);
}
