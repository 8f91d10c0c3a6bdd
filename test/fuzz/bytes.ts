/** Random numbers that a seed decides. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Uniform in [0, 1). @see mulberry32 */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from 0 up to and without `below`. */
  below(below: number): number {
    return Math.floor(this.next() * below);
  }

  isOneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  bytes(most: number): number[] {
    return Array.from({ length: this.below(most + 1) }, () => this.below(256));
  }
}

/** Texts, good and bad, as bytes. */
const goodTexts = ["a", "a/b", "", "line-4/temp", "é", "ÿ/日本", "😀", "\u{10ffff}", "\ud7ff", "\ufeff", "\u0001", "m"];
const badTexts = [
  [0x61, 0x00],
  [0x00],
  [0xff],
  [0xc0, 0x80],
  [0xc1, 0xbf],
  [0xe0, 0x80, 0x80],
  [0xe0, 0x9f, 0xbf],
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0x61, 0xc3],
  [0xe2, 0x82],
  [0x80],
  ...["abcdefg\u0000", "a/+", "sport/#"].map((bad) => [...Buffer.from(bad)]),
];

/** The lengthened forms of a variable byte integer have more bytes than it needs. */
export function variable(value: number, extra = 0): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest % 128);
    if (rest < 128) break;
  }
  for (let count = 0; count < extra; count++) bytes.push(0);
  return bytes.map((byte, index) => (index < bytes.length - 1 ? byte + 128 : byte));
}

export function text(random: Random, badOneIn: number): number[] {
  if (random.isOneIn(badOneIn)) return prefixed(random.pick(badTexts));
  const some = random.isOneIn(20) ? "x".repeat(random.below(300)) : random.pick(goodTexts);
  return prefixed([...Buffer.from(some)]);
}

export function prefixed(bytes: readonly number[]): number[] {
  return [bytes.length >> 8, bytes.length & 255, ...bytes];
}

export function framed(random: Random, first: number, content: readonly number[], badOneIn: number): number[] {
  return [first, ...variable(content.length, random.isOneIn(badOneIn) ? 1 + random.below(2) : 0), ...content];
}

/** Changes bytes at random: flips, cuts, inserts, doubles. */
export function damage(random: Random, bytes: number[]): number[] {
  const changed = [...bytes];
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(changed.length + 1);
    switch (random.below(5)) {
      case 0:
        if (at < changed.length) changed[at] = changed[at]! ^ (1 << random.below(8));
        break;
      case 1:
        if (at < changed.length) changed[at] = random.pick([0, 1, 0x23, 0x2b, 0x7f, 0x80, 0xff, random.below(256)]);
        break;
      case 2:
        changed.splice(at, 1 + random.below(4));
        break;
      case 3:
        changed.splice(at, 0, ...random.bytes(4));
        break;
      default:
        changed.splice(at, 0, ...changed.slice(at, at + 1 + random.below(6)));
    }
  }
  return changed;
}
