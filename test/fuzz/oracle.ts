/*
 * Judges the first packet of some bytes as a client of MQTT 5 has to that never uses QoS 2, announces no Topic Alias Maximum, and
 * named the authentication method "m" in CONNECT. Written from the specification alone: it shares no code with what it judges.
 *
 * It names every fault that it finds, since a reader may stop at any of them. Where the specification leaves a choice, this is it:
 * - any reason code of PUBACK, SUBACK, UNSUBACK and DISCONNECT is one: what it means is judged elsewhere
 * - a CONNACK that refuses may leave its properties out
 * - a SUBACK or UNSUBACK may have any number of codes: how many were asked for is known elsewhere
 * - what is forbidden in words that name neither error is a Protocol Error if the packet can be read, else a Malformed Packet (§1.2)
 */

const malformed = 0x81;
const protocol = 0x82;
const aliasInvalid = 0x94;

export type Verdict =
  | { readonly kind: "incomplete" }
  | { readonly kind: "fault"; readonly codes: ReadonlySet<number> }
  | { readonly kind: "accepted"; readonly fields: Fields };

export type Fields = Readonly<Record<string, unknown>>;

/** The packet can't be read any further. */
class Unreadable extends Error {}

/** Reads values one behind the other, and notes what is wrong with them. */
class Cursor {
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

/** Table 2-4 of the specification: which packets of a server have which property, and of what type it is. */
const table: Readonly<Record<number, readonly [type: string, ...packets: number[]]>> = {
  1: ["bit", 3],
  2: ["four", 3],
  3: ["text", 3],
  8: ["topic", 3],
  9: ["binary", 3],
  11: ["identifier", 3],
  17: ["four", 2],
  18: ["text", 2],
  19: ["two", 2],
  21: ["text", 2, 15],
  22: ["binary", 2, 15],
  26: ["text", 2],
  28: ["text", 2, 14],
  31: ["text", 2, 4, 9, 11, 14, 15],
  33: ["positive two", 2],
  34: ["two", 2],
  35: ["alias", 3],
  36: ["bit", 2],
  37: ["bit", 2],
  38: ["pair", 2, 3, 4, 9, 11, 14, 15],
  39: ["positive four", 2],
  40: ["bit", 2],
  41: ["bit", 2],
  42: ["bit", 2],
};

type Value = number | string;

/** Properties by identifier, in the order of their coming. */
function readProperties(cursor: Cursor, packet: number): Map<number, Value[]> {
  const found = new Map<number, Value[]>();
  const part = cursor.part(cursor.variable());
  while (part.left > 0) {
    const identifier = part.byte();
    const [type, ...packets] = table[identifier] ?? ["none"];
    if (!packets.includes(packet)) throw new Unreadable();
    const value = readValue(part, type);
    const before = found.get(identifier);
    if (before === undefined) found.set(identifier, [value]);
    else {
      before.push(value);
      if (type !== "pair" && type !== "identifier") part.fault(protocol);
    }
  }
  return found;
}

function readValue(cursor: Cursor, type: string): Value {
  switch (type) {
    case "bit": {
      const value = cursor.byte();
      if (value > 1) cursor.fault(protocol);
      return value;
    }
    case "two":
      return cursor.integer(2);
    case "four":
      return cursor.integer(4);
    case "positive two":
    case "positive four": {
      const value = cursor.integer(type === "positive two" ? 2 : 4);
      if (value === 0) cursor.fault(protocol);
      return value;
    }
    case "identifier": {
      const value = cursor.variable();
      if (value === 0) cursor.fault(protocol);
      return value;
    }
    case "alias":
      cursor.fault(aliasInvalid);
      return cursor.integer(2);
    case "text":
      return hex(cursor.text());
    case "topic":
      return hex(readTopicName(cursor));
    case "binary":
      return hex(cursor.binary());
    default:
      return `${hex(cursor.text())}=${hex(cursor.text())}`;
  }
}

/** §4.7: a topic name has no wildcards, and a character at least. */
function readTopicName(cursor: Cursor): Uint8Array {
  const topic = cursor.text();
  if (topic.length === 0 || topic.includes(0x2b) || topic.includes(0x23)) cursor.fault(protocol);
  return topic;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Judges the packet that the bytes begin with. */
export function judge(bytes: Uint8Array): Verdict {
  const codes = new Set<number>();
  const header = readHeader(bytes, codes);
  if (header === undefined) return { kind: "incomplete" };
  const { bodyStart, bodyEnd } = header;
  const fields: Record<string, unknown> = {};
  try {
    checkFirstByte(bytes[0]!, codes);
    if (bodyStart < 0) throw new Unreadable();
    if (bodyEnd > bytes.length) {
      if (codes.size > 0) return { kind: "fault", codes };
      return { kind: "incomplete" };
    }
    if (codes.size === 0) readBody(bytes[0]!, new Cursor(bytes, bodyStart, bodyEnd, codes), fields);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    codes.add(malformed);
  }
  return codes.size > 0 ? { kind: "fault", codes } : { kind: "accepted", fields };
}

/** §2.1; `bodyStart` is negative for a length that is none, and nothing is returned for one that has not come yet. */
function readHeader(bytes: Uint8Array, codes: Set<number>): { bodyStart: number; bodyEnd: number } | undefined {
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

/** Tables 2-1 and 2-2. */
function checkFirstByte(first: number, codes: Set<number>): void {
  const type = Math.floor(first / 16);
  const flags = first % 16;
  if (type === 0) codes.add(malformed);
  else if (type !== 3 && flags !== ([6, 8, 10].includes(type) ? 2 : 0)) codes.add(malformed);
  if ([1, 5, 6, 7, 8, 10, 12].includes(type)) codes.add(protocol);
}

function readBody(first: number, cursor: Cursor, fields: Record<string, unknown>): void {
  const type = Math.floor(first / 16);
  if (type === 2) readConnack(cursor, fields);
  else if (type === 3) readPublish(first, cursor, fields);
  else if (type === 4) readPuback(cursor, fields);
  else if (type === 9 || type === 11) readAnswer(type, cursor, fields);
  else if (type === 14) readDisconnect(cursor, fields);
  else if (type === 15) readAuth(cursor, fields);
  if (type !== 3 && type !== 9 && type !== 11 && cursor.left > 0) throw new Unreadable();
}

/** §3.2 */
function readConnack(cursor: Cursor, fields: Record<string, unknown>): void {
  const flags = cursor.byte();
  const code = cursor.byte();
  if (flags > 1) cursor.fault(malformed);
  if (flags % 2 === 1 && code !== 0) cursor.fault(protocol);
  if (code > 0 && code < 0x80) {
    cursor.fault(malformed);
    cursor.fault(protocol);
  }
  fields["sessionPresent"] = flags === 1;
  fields["code"] = code;
  if (cursor.left === 0 && code !== 0) return;
  const properties = readProperties(cursor, 2);
  const [method] = properties.get(21) ?? [];
  if (method !== undefined && method !== hex(Buffer.from("m"))) cursor.fault(protocol);
  for (const identifier of [17, 19, 33, 36, 37, 39, 40, 41, 42])
    fields[String(identifier)] = properties.get(identifier)?.[0];
}

/** §3.3 */
function readPublish(first: number, cursor: Cursor, fields: Record<string, unknown>): void {
  const qos = Math.floor(first / 2) % 4;
  const dup = first % 16 >= 8;
  if (qos === 3) throw new Unreadable();
  if (qos === 2) cursor.fault(protocol); // not asked for
  if (dup && qos === 0) cursor.fault(protocol);
  const topic = readTopicName(cursor);
  const packetId = qos === 0 ? 0 : cursor.integer(2);
  if (qos > 0 && packetId === 0) cursor.fault(protocol);
  const properties = readProperties(cursor, 3);
  Object.assign(fields, { dup, qos, retain: first % 2 === 1, topic: hex(topic), packetId });
  fields["identifiers"] = properties.get(11) ?? [];
  properties.delete(11);
  fields["properties"] = Object.fromEntries(properties);
  fields["payload"] = hex(cursor.take(cursor.left));
}

/** §3.4 */
function readPuback(cursor: Cursor, fields: Record<string, unknown>): void {
  fields["packetId"] = readPacketId(cursor);
  fields["code"] = cursor.left > 0 ? cursor.byte() : 0;
  if (cursor.left > 0) readProperties(cursor, 4);
}

/** §3.9, §3.11 */
function readAnswer(type: number, cursor: Cursor, fields: Record<string, unknown>): void {
  fields["packetId"] = readPacketId(cursor);
  readProperties(cursor, type);
  fields["codes"] = [...cursor.take(cursor.left)];
}

function readPacketId(cursor: Cursor): number {
  const packetId = cursor.integer(2);
  if (packetId === 0) cursor.fault(protocol);
  return packetId;
}

/** §3.14 */
function readDisconnect(cursor: Cursor, fields: Record<string, unknown>): void {
  fields["code"] = cursor.left > 0 ? cursor.byte() : 0;
  const properties = cursor.left > 0 ? readProperties(cursor, 14) : new Map<number, Value[]>();
  fields["reason"] = properties.get(31)?.[0];
}

/** §3.15 */
function readAuth(cursor: Cursor, fields: Record<string, unknown>): void {
  fields["code"] = 0;
  fields["method"] = undefined;
  if (cursor.left === 0) return;
  const code = cursor.byte();
  const properties = readProperties(cursor, 15);
  if (code !== 0 && code !== 0x18) cursor.fault(protocol);
  // It may leave its properties out where it is a success, and names its method otherwise.
  if (!properties.has(21) && (code !== 0 || properties.size > 0)) cursor.fault(protocol);
  Object.assign(fields, { code, method: properties.get(21)?.[0] });
}
