import { hex, malformed, protocolError, type Cursor } from "./cursor.ts";
import { readProperties, type PropertyTable, type Value } from "./properties.ts";

export const topicInvalid = 0x90;
export const aliasInvalid = 0x94;

export type ClientPacket =
  "connect" | "will" | "publish" | "puback" | "subscribe" | "unsubscribe" | "disconnect" | "auth";

/** Table 2-4: the properties of a client's packets, and of a will. */
const table: PropertyTable<ClientPacket> = {
  1: ["bit", "publish", "will"],
  2: ["four", "publish", "will"],
  3: ["text", "publish", "will"],
  8: [readResponseTopic, "publish", "will"],
  9: ["binary", "publish", "will"],
  11: ["identifier", "publish", "subscribe"],
  17: ["four", "connect", "disconnect"],
  21: ["text", "connect", "auth"],
  22: ["binary", "connect", "auth"],
  23: ["bit", "connect"],
  24: ["four", "will"],
  25: ["bit", "connect"],
  28: ["text", "disconnect"],
  31: ["text", "puback", "disconnect", "auth"],
  33: ["positive two", "connect"],
  34: ["two", "connect"],
  35: [readAlias, "publish"],
  38: ["pairs", "connect", "will", "publish", "puback", "subscribe", "unsubscribe", "disconnect", "auth"],
  39: ["positive four", "connect"],
};

/** Identifiers and values, in the order of their coming. */
export function readClientProperties(cursor: Cursor, packet: ClientPacket): [identifier: number, value: Value][] {
  const properties = readProperties(cursor, packet, table);
  const has = (sought: number) => properties.some(([identifier]) => identifier === sought);
  // §3.1.2.11.10
  if (packet === "connect" && has(22) && !has(21)) cursor.fault(protocolError);
  // [MQTT-3.3.4-6]
  if (packet === "publish" && has(11)) forbid(cursor);
  return properties;
}

/** [MQTT-3.3.2-14], [MQTT-4.7.3-1] */
function readResponseTopic(cursor: Cursor): string {
  const topic = cursor.text();
  if (topic.length === 0 || hasWildcard(topic)) forbid(cursor);
  return hex(topic);
}

/** [MQTT-3.3.2-8] */
function readAlias(cursor: Cursor): number {
  const alias = cursor.integer(2);
  if (alias === 0) {
    cursor.fault(aliasInvalid);
    cursor.fault(protocolError);
  }
  return alias;
}

/** Breaks a rule that names no error. */
export function forbid(cursor: Cursor): void {
  cursor.fault(malformed);
  cursor.fault(protocolError);
}

export function hasWildcard(topic: Uint8Array): boolean {
  return topic.includes(0x23) || topic.includes(0x2b);
}
