import { damage, framed, prefixed, text, variable, type Random } from "./bytes.ts";

/** Identifiers with how their values are made. */
const values: Readonly<Record<number, "byte" | "two" | "four" | "text" | "binary" | "variable" | "pair">> = {
  1: "byte",
  2: "four",
  3: "text",
  8: "text",
  9: "binary",
  11: "variable",
  17: "four",
  18: "text",
  19: "two",
  21: "text",
  22: "binary",
  26: "text",
  28: "text",
  31: "text",
  33: "two",
  34: "two",
  35: "two",
  36: "byte",
  37: "byte",
  38: "pair",
  39: "four",
  40: "byte",
  41: "byte",
  42: "byte",
};

/** Packets of a server, by type: the properties that each may have. */
const allowed: Readonly<Record<number, readonly number[]>> = {
  2: [17, 18, 19, 21, 22, 26, 28, 31, 33, 34, 36, 37, 38, 39, 40, 41, 42],
  3: [1, 2, 3, 8, 9, 11, 38],
  4: [31, 38],
  9: [31, 38],
  11: [31, 38],
  14: [28, 31, 38],
  15: [21, 22, 31, 38],
};

function property(random: Random, identifier: number, badOneIn: number): number[] {
  const isBad = random.isOneIn(badOneIn);
  switch (values[identifier]) {
    case "byte":
      return [identifier, isBad ? random.below(256) : random.below(2)];
    case "two":
      return [identifier, ...(isBad ? [0, 0] : [random.below(256), 1 + random.below(255)])];
    case "four":
      return [identifier, ...(isBad ? [0, 0, 0, 0] : [0, 0, random.below(256), 1 + random.below(255)])];
    case "text":
      if (identifier === 21 && !isBad) return [identifier, ...prefixed([0x6d])];
      return [identifier, ...text(random, badOneIn)];
    case "binary":
      return [identifier, ...prefixed(random.bytes(6))];
    case "variable":
      return [identifier, ...variable(isBad ? 0 : 1 + random.below(300_000), random.isOneIn(badOneIn) ? 1 : 0)];
    default:
      return [identifier, ...text(random, badOneIn), ...text(random, badOneIn)];
  }
}

function properties(random: Random, type: number, badOneIn: number): number[] {
  const all = allowed[type] ?? [];
  const chosen = all.filter(() => random.isOneIn(type === 2 ? 5 : 3));
  const repeatable = chosen.filter((identifier) => identifier === 11 || identifier === 38);
  const list = [...chosen, ...repeatable].map((identifier) => property(random, identifier, badOneIn));
  if (list.length > 0 && random.isOneIn(badOneIn)) list.push(random.pick(list)); // repeated
  if (random.isOneIn(badOneIn)) list.push(property(random, random.pick(Object.keys(values).map(Number)), badOneIn)); // of any packet
  if (list.length > 1 && random.isOneIn(2)) list.reverse();
  const bytes = list.flat();
  const length = random.isOneIn(badOneIn) ? Math.max(0, bytes.length + random.below(5) - 2) : bytes.length;
  return [...variable(length, random.isOneIn(badOneIn) ? 1 : 0), ...bytes];
}

function packetId(random: Random, badOneIn: number): number[] {
  return random.isOneIn(badOneIn) ? [0, 0] : [random.below(256), 1 + random.below(255)];
}

function body(random: Random, first: number, badOneIn: number): number[] {
  const type = first >> 4;
  const code = random.pick([0, 0, 0x10, 0x18, 0x80, 0x87, random.below(256)]);
  switch (type) {
    case 2: {
      const [flags, reason] = random.isOneIn(2) ? [random.below(2), 0] : [0, random.pick([0x80, 0x87, 0x9f, code])];
      const start = [random.isOneIn(badOneIn) ? random.below(256) : flags, reason];
      return random.isOneIn(badOneIn) ? start : [...start, ...properties(random, type, badOneIn)];
    }
    case 3: {
      const id = (first & 6) === 0 ? [] : packetId(random, badOneIn);
      return [...text(random, badOneIn), ...id, ...properties(random, type, badOneIn), ...random.bytes(20)];
    }
    case 4:
      return [
        ...packetId(random, badOneIn),
        ...random.pick([[], [code], [code, ...properties(random, type, badOneIn)]]),
      ];
    case 9:
    case 11:
      return [...packetId(random, badOneIn), ...properties(random, type, badOneIn), ...random.bytes(4)];
    case 14:
    case 15: {
      const reason = type === 15 && !random.isOneIn(badOneIn) ? random.pick([0, 0x18]) : code;
      return random.pick([[], [reason], [reason, ...properties(random, type, badOneIn)]]);
    }
    default:
      return random.isOneIn(badOneIn) ? random.bytes(4) : [];
  }
}

const firstBytes = [0x20, 0x30, 0x30, 0x31, 0x32, 0x32, 0x33, 0x3a, 0x3b, 0x40, 0x90, 0xb0, 0xd0, 0xe0, 0xf0];

/** One packet, or what is left of it: valid, with one thing wrong, damaged, cut, or random altogether. */
export function randomPacket(random: Random): Buffer {
  const kind = random.below(10);
  if (kind === 0) return Buffer.from(random.bytes(24));
  const isBadType = random.isOneIn(30);
  const first = isBadType ? random.below(256) : random.pick(firstBytes);
  const badOneIn = kind < 4 ? 1_000_000 : random.pick([6, 15, 40]);
  const content = body(random, first, badOneIn);
  if (kind < 7) return Buffer.from(framed(random, first, content, badOneIn));
  // Damaged within, and framed anew, so that the damage is found where it is.
  if (kind < 9) return Buffer.from(framed(random, first, damage(random, content), badOneIn));
  return Buffer.from(damage(random, framed(random, first, content, badOneIn)));
}
