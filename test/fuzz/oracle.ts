import { Cursor, hex, malformed, protocolError, readHeader, Unreadable } from "./cursor.ts";
import { readProperties as readPropertyList, type PropertyTable, type Value } from "./properties.ts";
import { judgeWhole, type Verdict } from "./verdict.ts";

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

const aliasInvalid = 0x94;

/** Table 2-4: the properties of a server's packets. */
const table: PropertyTable<number> = {
  1: ["bit", 3],
  2: ["four", 3],
  3: ["text", 3],
  8: [(cursor) => hex(readTopicName(cursor)), 3],
  9: ["binary", 3],
  11: ["identifiers", 3],
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
  35: [readAlias, 3],
  36: ["bit", 2],
  37: ["bit", 2],
  38: ["pairs", 2, 3, 4, 9, 11, 14, 15],
  39: ["positive four", 2],
  40: ["bit", 2],
  41: ["bit", 2],
  42: ["bit", 2],
};

/** Values by identifier. */
function readProperties(cursor: Cursor, packet: number): Map<number, Value[]> {
  const found = new Map<number, Value[]>();
  for (const [identifier, value] of readPropertyList(cursor, packet, table))
    found.set(identifier, [...(found.get(identifier) ?? []), value]);
  return found;
}

function readAlias(cursor: Cursor): number {
  cursor.fault(aliasInvalid);
  return cursor.integer(2);
}

/** §4.7: a topic name has no wildcards, and a character at least. */
function readTopicName(cursor: Cursor): Uint8Array {
  const topic = cursor.text();
  if (topic.length === 0 || topic.includes(0x2b) || topic.includes(0x23)) cursor.fault(protocolError);
  return topic;
}

/** Judges the packet that the bytes begin with, for a client that named the method in CONNECT. */
export function judge(bytes: Uint8Array, method = "m"): Verdict {
  const codes = new Set<number>();
  const header = readHeader(bytes, codes);
  if (header === undefined) return { kind: "incomplete" };
  const { bodyStart, bodyEnd } = header;
  checkFirstByte(bytes[0]!, codes);
  if (bodyEnd > bytes.length && codes.size === 0) return { kind: "incomplete" };
  return judgeWhole(codes, (fields) => {
    if (bodyStart < 0) throw new Unreadable();
    if (codes.size === 0) readBody(bytes[0]!, new Cursor(bytes, bodyStart, bodyEnd, codes), fields, method);
  });
}

/** Tables 2-1 and 2-2. */
function checkFirstByte(first: number, codes: Set<number>): void {
  const type = Math.floor(first / 16);
  const flags = first % 16;
  if (type === 0) codes.add(malformed);
  else if (type !== 3 && flags !== ([6, 8, 10].includes(type) ? 2 : 0)) codes.add(malformed);
  if ([1, 5, 6, 7, 8, 10, 12].includes(type)) codes.add(protocolError);
}

function readBody(first: number, cursor: Cursor, fields: Record<string, unknown>, method: string): void {
  const type = Math.floor(first / 16);
  if (type === 2) readConnack(cursor, fields, method);
  else if (type === 3) readPublish(first, cursor, fields);
  else if (type === 4) readPuback(cursor, fields);
  else if (type === 9 || type === 11) readAnswer(type, cursor, fields);
  else if (type === 14) readDisconnect(cursor, fields);
  else if (type === 15) readAuth(cursor, fields);
  if (type !== 3 && type !== 9 && type !== 11 && cursor.left > 0) throw new Unreadable();
}

/** §3.2 */
function readConnack(cursor: Cursor, fields: Record<string, unknown>, named: string): void {
  const flags = cursor.byte();
  const code = cursor.byte();
  if (flags > 1) cursor.fault(malformed);
  if (flags % 2 === 1 && code !== 0) cursor.fault(protocolError);
  if (code > 0 && code < 0x80) {
    cursor.fault(malformed);
    cursor.fault(protocolError);
  }
  fields["sessionPresent"] = flags === 1;
  fields["code"] = code;
  if (cursor.left === 0 && code !== 0) return;
  const properties = readProperties(cursor, 2);
  const [method] = properties.get(21) ?? [];
  if (method !== undefined && method !== hex(Buffer.from(named))) cursor.fault(protocolError);
  for (const identifier of [17, 19, 33, 36, 37, 39, 40, 41, 42])
    fields[String(identifier)] = properties.get(identifier)?.[0];
}

/** §3.3 */
function readPublish(first: number, cursor: Cursor, fields: Record<string, unknown>): void {
  const qos = Math.floor(first / 2) % 4;
  const dup = first % 16 >= 8;
  if (qos === 3) throw new Unreadable();
  if (qos === 2) cursor.fault(protocolError); // not asked for
  if (dup && qos === 0) cursor.fault(protocolError);
  const topic = readTopicName(cursor);
  const packetId = qos === 0 ? 0 : cursor.integer(2);
  if (qos > 0 && packetId === 0) cursor.fault(protocolError);
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
  if (packetId === 0) cursor.fault(protocolError);
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
  if (code !== 0 && code !== 0x18) cursor.fault(protocolError);
  // It may leave its properties out where it is a success, and names its method otherwise.
  if (!properties.has(21) && (code !== 0 || properties.size > 0)) cursor.fault(protocolError);
  Object.assign(fields, { code, method: properties.get(21)?.[0] });
}
