import { readConnect } from "./client-connect.ts";
import { forbid, hasWildcard, readClientProperties, topicInvalid } from "./client-properties.ts";
import { Cursor, hex, malformed, protocolError, readHeader, Unreadable } from "./cursor.ts";
import { judgeWhole, type Verdict } from "./verdict.ts";

/*
 * Judges the first packet of some bytes as a server of MQTT 5 has to that offers QoS 0 and 1, a Topic Alias Maximum of 65,535, and no
 * enhanced authentication in steps. Written from the specification alone: it shares no code with what it judges.
 *
 * It judges a packet by itself: no session state, no limits of a server. Elsewhere are judged:
 * - topic filters and will topics, empty ones and $share too, so No Local on a shared subscription [MQTT-3.8.3-4] as well
 * - QoS 2 of a PUBLISH or a will, that a will's QoS is granted, whether an alias is known, and the method of an AUTH
 * - whether a payload is what its Payload Format Indicator says: a server may check it (§3.3.2.3.2)
 *
 * It names every fault that it finds, since a server may stop at any of them (§4.13). Where the specification names an error, that is
 * the code; where it names neither, both 0x81 and 0x82 are. Its other choices:
 * - no client may send QoS 2 here, so PUBREC, PUBREL and PUBCOMP are Protocol Errors, as are packets that only a server sends
 * - table 2-4 allows a Server Reference in any DISCONNECT, and no statement forbids it to a client: accepted
 * - an AUTH ends before its properties for the code 0x00 only (§3.15.2.1), which no client may send
 */

const reasonCodes = {
  puback: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  disconnect: [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99],
  auth: [0x18, 0x19],
};

/**
 * Judges the packet that the bytes begin with.
 *
 * @param isFirst whether it is the first packet of its connection, which has to be CONNECT
 */
export function judgeClient(bytes: Uint8Array, isFirst: boolean): Verdict {
  const [first] = bytes;
  if (first === undefined) return { kind: "incomplete" };
  const codes = new Set<number>();
  checkFirstByte(first, isFirst, codes);
  if (isFirst && first >> 4 !== 1) return { kind: "fault", codes };
  const header = readHeader(bytes, codes);
  if (header === undefined || header.bodyEnd > bytes.length) return waitFor(first, codes);
  const { bodyStart, bodyEnd } = header;
  return judgeWhole(codes, (fields) => {
    if (bodyStart < 0) throw new Unreadable();
    if (codes.size === 0) readBody(first, new Cursor(bytes, bodyStart, bodyEnd, codes), fields);
  });
}

/** Tables 2-1 and 2-2; [MQTT-3.1.0-1], [MQTT-3.1.0-2] */
function checkFirstByte(first: number, isFirst: boolean, codes: Set<number>): void {
  const type = first >> 4;
  const flags = first & 15;
  if (type === 0) codes.add(malformed);
  else if (type !== 3 && flags !== ([6, 8, 10].includes(type) ? 2 : 0)) codes.add(malformed);
  if (isFirst !== (type === 1)) codes.add(protocolError);
  if ([2, 5, 6, 7, 9, 11, 13].includes(type)) codes.add(protocolError);
}

/** The standard says nowhere when a fault is to be found: a server may wait for the whole packet. */
function waitFor(first: number, early: Set<number>): Verdict {
  if (first >> 4 === 3 && (first & 6) === 6) early.add(malformed);
  if (first >> 4 === 3 && (first & 14) === 8) early.add(protocolError);
  if (first >> 4 === 12) early.add(malformed); // a PINGREQ with a body
  return early.size > 0 ? { kind: "incomplete", early } : { kind: "incomplete" };
}

function readBody(first: number, cursor: Cursor, fields: Record<string, unknown>): void {
  switch (first >> 4) {
    case 1:
      readConnect(cursor, fields);
      return;
    case 3:
      readPublish(first, cursor, fields);
      return;
    case 4:
      fields["packetId"] = readPacketId(cursor);
      readReason(cursor, "puback", fields);
      break;
    case 8:
      readSubscribe(cursor, fields);
      return;
    case 10:
      readUnsubscribe(cursor, fields);
      return;
    case 14:
      readReason(cursor, "disconnect", fields);
      break;
    case 15:
      readAuth(cursor, fields);
  }
  if (cursor.left > 0) throw new Unreadable();
}

/** §3.3 */
function readPublish(first: number, cursor: Cursor, fields: Record<string, unknown>): void {
  const qos = (first >> 1) & 3;
  const dup = (first & 8) !== 0;
  if (qos === 3) throw new Unreadable();
  if (dup && qos === 0) cursor.fault(protocolError);
  const topic = cursor.text();
  if (hasWildcard(topic)) {
    forbid(cursor);
    cursor.fault(topicInvalid);
  }
  const packetId = qos === 0 ? 0 : readPacketId(cursor);
  const properties = readClientProperties(cursor, "publish");
  if (topic.length === 0 && !properties.some(([identifier]) => identifier === 35)) cursor.fault(protocolError);
  Object.assign(fields, { topic: hex(topic), qos, retain: (first & 1) === 1, dup, packetId });
  Object.assign(fields, { payload: hex(cursor.take(cursor.left)), properties });
}

/** §2.2.1 */
function readPacketId(cursor: Cursor): number {
  const packetId = cursor.integer(2);
  if (packetId === 0) cursor.fault(protocolError);
  return packetId;
}

/** §3.4.2, §3.14.2: the code and the properties may be left out. */
function readReason(cursor: Cursor, packet: "puback" | "disconnect", fields: Record<string, unknown>): void {
  const code = cursor.left > 0 ? cursor.byte() : 0;
  if (!reasonCodes[packet].includes(code)) forbid(cursor);
  fields["code"] = code;
  fields["properties"] = cursor.left > 0 ? readClientProperties(cursor, packet) : [];
}

/** §3.15.2 */
function readAuth(cursor: Cursor, fields: Record<string, unknown>): void {
  const isShort = cursor.left === 0;
  const code = isShort ? 0 : cursor.byte();
  if (!reasonCodes.auth.includes(code)) forbid(cursor);
  fields["code"] = code;
  fields["properties"] = isShort ? [] : readClientProperties(cursor, "auth");
}

/** §3.8 */
function readSubscribe(cursor: Cursor, fields: Record<string, unknown>): void {
  fields["packetId"] = readPacketId(cursor);
  fields["properties"] = readClientProperties(cursor, "subscribe");
  if (cursor.left === 0) cursor.fault(protocolError);
  const filters = [];
  while (cursor.left > 0) {
    const filter = hex(cursor.text());
    const options = cursor.byte();
    const [qos, retainHandling] = [options & 3, (options >> 4) & 3];
    if (options > 0x3f) cursor.fault(malformed);
    if (qos === 3 || retainHandling === 3) cursor.fault(protocolError);
    const [noLocal, retainAsPublished] = [(options & 4) !== 0, (options & 8) !== 0];
    filters.push({ filter, qos, noLocal, retainAsPublished, retainHandling });
  }
  fields["filters"] = filters;
}

/** §3.10 */
function readUnsubscribe(cursor: Cursor, fields: Record<string, unknown>): void {
  fields["packetId"] = readPacketId(cursor);
  fields["properties"] = readClientProperties(cursor, "unsubscribe");
  if (cursor.left === 0) cursor.fault(protocolError);
  const filters = [];
  while (cursor.left > 0) filters.push(hex(cursor.text()));
  fields["filters"] = filters;
}
