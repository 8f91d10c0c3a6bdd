import { damage, framed, prefixed, text, variable, type Random } from "./bytes.ts";

/** How a property's value is made, and the packets that may have it. */
const properties: Readonly<Record<number, readonly [kind: string, ...packets: string[]]>> = {
  1: ["flag", "publish", "will"],
  2: ["four", "publish", "will"],
  3: ["text", "publish", "will"],
  8: ["topic", "publish", "will"],
  9: ["binary", "publish", "will"],
  11: ["variable", "subscribe"],
  17: ["four", "connect", "disconnect"],
  18: ["text"],
  19: ["two"],
  21: ["text", "connect", "auth"],
  22: ["binary", "auth"],
  23: ["flag", "connect"],
  24: ["four", "will"],
  25: ["flag", "connect"],
  26: ["text"],
  28: ["text"],
  31: ["text", "puback", "disconnect", "auth"],
  33: ["two", "connect"],
  34: ["two", "connect"],
  35: ["two", "publish"],
  36: ["flag"],
  37: ["flag"],
  38: ["pair", "connect", "will", "publish", "puback", "subscribe", "unsubscribe", "disconnect", "auth"],
  39: ["four", "connect"],
  40: ["flag"],
  41: ["flag"],
  42: ["flag"],
};
const identifiers = Object.keys(properties).map(Number);

const topics = ["a", "a/b", "line-4/temp", "é/日本", "/", "$SYS/a", "\ufeffa", " "];
const filters = ["#", "+", "a/#", "+/b/+", "a+", "#/a", "", "$share/g/a", "$share/g", "$share//a", ...topics];

/** A packet, and how often there is something wrong in it. */
class PacketMaker {
  readonly #random: Random;
  readonly #badOneIn: number;

  constructor(random: Random, badOneIn: number) {
    [this.#random, this.#badOneIn] = [random, badOneIn];
  }

  get #isBad(): boolean {
    return this.#random.isOneIn(this.#badOneIn);
  }

  /** Anything but 0, which is wrong for most numbers. */
  #number(size: number): number[] {
    const value = [...Array.from({ length: size - 1 }, () => this.#random.below(256)), 1 + this.#random.below(255)];
    return this.#isBad ? value.fill(0) : value;
  }

  #text(): number[] {
    return text(this.#random, this.#badOneIn);
  }

  #topic(from: readonly string[]): number[] {
    return this.#isBad ? this.#text() : prefixed([...Buffer.from(this.#random.pick(from))]);
  }

  #value(identifier: number): number[] {
    const random = this.#random;
    switch (properties[identifier]?.[0]) {
      case "flag":
        return [this.#isBad ? random.below(256) : random.below(2)];
      case "two":
        return this.#number(2);
      case "four":
        return this.#number(4);
      case "text":
        return this.#text();
      case "topic":
        return this.#topic(topics);
      case "binary":
        return prefixed(random.bytes(6));
      case "variable":
        return variable(this.#isBad ? 0 : 1 + random.below(268_435_455), this.#isBad ? 1 : 0);
      default:
        return [...this.#text(), ...this.#text()];
    }
  }

  #properties(packet: string): number[] {
    const random = this.#random;
    const list = identifiers.filter((identifier) => properties[identifier]!.includes(packet, 1) && random.isOneIn(4));
    if (packet === "connect" && list.includes(21) && random.isOneIn(2)) list.push(22);
    const userProperties = random.isOneIn(400) ? random.below(2000) : random.pick([0, 0, 0, 1, 3]);
    for (let count = 0; count < userProperties; count++) list.push(38);
    if (random.isOneIn(2)) list.reverse();
    if (list.length > 0 && this.#isBad) list.push(random.pick(list)); // repeated
    if (this.#isBad) list.splice(random.below(list.length + 1), 0, random.pick(identifiers)); // of any packet
    const bytes = list.flatMap((identifier) => [identifier, ...this.#value(identifier)]);
    const length = this.#isBad ? Math.max(0, bytes.length + random.below(5) - 2) : bytes.length;
    return [...variable(length, this.#isBad ? 1 : 0), ...bytes];
  }

  #connect(): number[] {
    const random = this.#random;
    const name = this.#isBad ? random.pick(["MQIsdp", "MQTTX", "mqtt", "MQT", ""]) : "MQTT";
    const version = random.isOneIn(12) || this.#isBad ? random.pick([3, 4, 6, 0, 0x84, random.below(256)]) : 5;
    const start = [...prefixed([...Buffer.from(name)]), version];
    // A packet of another version may have anything behind it.
    if (version !== 5 && random.isOneIn(2)) return [...start, ...random.bytes(20)];
    const will = random.isOneIn(2) ? random.pick([0x04, 0x0c, 0x14, 0x24, 0x2c, 0x34]) : 0;
    const flags = will | random.pick([0, 0x80, 0x40, 0xc0]) | random.pick([0, 2]);
    return [
      ...start,
      this.#isBad ? random.pick([flags ^ (1 << random.below(8)), flags | 0x18, random.below(256)]) : flags,
      random.below(256),
      random.below(256),
      ...this.#properties("connect"),
      ...this.#text(),
      ...(will > 0 ? [...this.#properties("will"), ...this.#topic(topics), ...prefixed(random.bytes(20))] : []),
      ...((flags & 0x80) > 0 ? this.#text() : []),
      ...((flags & 0x40) > 0 ? prefixed(random.bytes(8)) : []),
    ];
  }

  #publish(first: number): number[] {
    const topic = this.#random.isOneIn(8) ? prefixed([]) : this.#topic(topics);
    const alias = [3, 35, ...this.#number(2)];
    const hasAlias = topic.length === 2 && !this.#isBad;
    return [
      ...topic,
      ...((first & 6) > 0 ? this.#number(2) : []),
      ...(hasAlias ? alias : this.#properties("publish")),
      ...this.#random.bytes(20),
    ];
  }

  #subscribe(): number[] {
    const count = this.#isBad ? 0 : 1 + this.#random.below(4);
    const some = Array.from({ length: count }, () => [...this.#topic(filters), this.#options()]);
    return [...this.#number(2), ...this.#properties("subscribe"), ...some.flat()];
  }

  #options(): number {
    if (this.#isBad) return this.#random.below(256);
    return this.#random.below(3) | (this.#random.below(4) << 2) | (this.#random.below(3) << 4);
  }

  #unsubscribe(): number[] {
    const count = this.#isBad ? 0 : 1 + this.#random.below(4);
    const some = Array.from({ length: count }, () => this.#topic(filters));
    return [...this.#number(2), ...this.#properties("unsubscribe"), ...some.flat()];
  }

  /** Cut after the code, or before it, where that is allowed or wrong. */
  #reason(packet: string, codes: readonly number[], canBeShort: boolean): number[] {
    const code = this.#isBad ? this.#random.below(256) : this.#random.pick(codes);
    const long = [code, ...this.#properties(packet)];
    return canBeShort || this.#isBad ? this.#random.pick([long, [code], []]) : long;
  }

  body(first: number): number[] {
    switch (first >> 4) {
      case 1:
        return this.#connect();
      case 3:
        return this.#publish(first);
      case 4:
        return [
          ...this.#number(2),
          ...this.#reason("puback", [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99], true),
        ];
      case 8:
        return this.#subscribe();
      case 10:
        return this.#unsubscribe();
      case 14:
        return this.#reason(
          "disconnect",
          [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99],
          true,
        );
      case 15:
        return this.#reason("auth", [0x18, 0x19], false);
      default:
        return this.#isBad ? this.#random.bytes(4) : [];
    }
  }
}

const publishes = [0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x3a, 0x3b, 0x3c, 0x3d];
const firstBytes = [0x10, 0x10, 0x10, 0x10, ...publishes.slice(0, 4), 0x40, 0x82, 0x82, 0xa2, 0xc0, 0xe0, 0xf0];

/** One packet, or what is left of it: valid, with one thing wrong, damaged, cut, or random altogether. About a third can be accepted. */
export function randomClientPacket(random: Random): Buffer {
  const kind = random.below(10);
  if (kind === 0) return Buffer.from(random.bytes(24));
  const first = random.isOneIn(30) ? random.below(256) : random.pick(random.isOneIn(8) ? publishes : firstBytes);
  const badOneIn = kind < 3 ? 1_000_000 : random.pick([4, 8, 20]);
  const content = new PacketMaker(random, badOneIn).body(first);
  if (kind < 7) return Buffer.from(framed(random, first, content, badOneIn));
  // Damaged within, and framed anew, so that the damage is found where it is.
  if (kind < 9) return Buffer.from(framed(random, first, damage(random, content), badOneIn));
  return Buffer.from(damage(random, framed(random, first, content, badOneIn)));
}

/** Whether to take such a packet for the first of its connection: a CONNECT most often, and another one now and then. */
export function isTakenAsFirst(random: Random, bytes: Uint8Array): boolean {
  return bytes[0] !== undefined && bytes[0] >> 4 === 1 ? !random.isOneIn(10) : random.isOneIn(20);
}
