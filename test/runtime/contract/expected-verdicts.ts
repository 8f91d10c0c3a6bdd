import type { ReasonedPacket, Verdict } from "../../../runtime/contract/reason-codes.ts";

/** Names of all failures. @see MQTT 5.0 §2.4 */
export const names: Readonly<Record<number, string>> = {
  0x80: "Unspecified error",
  0x81: "Malformed Packet",
  0x82: "Protocol Error",
  0x83: "Implementation specific error",
  0x84: "Unsupported Protocol Version",
  0x85: "Client Identifier not valid",
  0x86: "Bad User Name or Password",
  0x87: "Not authorized",
  0x88: "Server unavailable",
  0x89: "Server busy",
  0x8a: "Banned",
  0x8b: "Server shutting down",
  0x8c: "Bad authentication method",
  0x8d: "Keep Alive timeout",
  0x8e: "Session taken over",
  0x8f: "Topic Filter invalid",
  0x90: "Topic Name invalid",
  0x91: "Packet Identifier in use",
  0x93: "Receive Maximum exceeded",
  0x94: "Topic Alias invalid",
  0x95: "Packet too large",
  0x96: "Message rate too high",
  0x97: "Quota exceeded",
  0x98: "Administrative action",
  0x99: "Payload format invalid",
  0x9a: "Retain not supported",
  0x9b: "QoS not supported",
  0x9c: "Use another server",
  0x9d: "Server moved",
  0x9e: "Shared Subscriptions not supported",
  0x9f: "Connection rate exceeded",
  0xa0: "Maximum connect time",
  0xa1: "Subscription Identifiers not supported",
  0xa2: "Wildcard Subscriptions not supported",
};

/** Fatal in Microsoft's own client. @see Azure/iot-operations-sdks, go/mqtt/fatal_error.go */
const fatalThere = {
  CONNACK: [0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x8a, 0x8c, 0x90, 0x95, 0x99, 0x9a, 0x9b, 0x9c, 0x9d],
  DISCONNECT: [0x81, 0x82, 0x87, 0x8e, 0x8f, 0x90, 0x94, 0x95, 0x99, 0x9a, 0x9b, 0x9d, 0x9e, 0xa1, 0xa2],
};
/** Retried soon here: what they stand for can change without anybody who edits this configuration. */
const retriedHere = { CONNACK: [0x83, 0x86, 0x87], DISCONNECT: [0x87] };

/** What can't be subscribed to as it is written; all else may have to arrive first, such as a role assignment. */
const slowInSuback = [0x8f, 0x9e, 0xa1, 0xa2];
const slowInUnsuback = [0x8f];
/** One message that no later attempt can deliver; 0x95 is mosquitto's own. */
const undeliverable = [0x90, 0x95, 0x99];

/** Somebody has to change something: retried slowly. */
const slow: Readonly<Record<ReasonedPacket, readonly number[]>> = {
  CONNACK: fatalThere.CONNACK.filter((code) => !retriedHere.CONNACK.includes(code)),
  DISCONNECT: fatalThere.DISCONNECT.filter((code) => !retriedHere.DISCONNECT.includes(code)),
  SUBACK: slowInSuback,
  UNSUBACK: slowInUnsuback,
  PUBACK: [],
  AUTH: [],
};

/** What is no failure, by packet. @see MQTT 5.0 §2.4 */
export const successes: Readonly<Record<ReasonedPacket, readonly number[]>> = {
  CONNACK: [0x00],
  SUBACK: [0x00, 0x01, 0x02],
  UNSUBACK: [0x00, 0x11],
  PUBACK: [0x00, 0x10],
  AUTH: [0x00],
  DISCONNECT: [],
};

/** Packets that carry a reason code from the server. */
export const packets = Object.keys(slow) as ReasonedPacket[];
/** All failures. */
export const codes = Object.keys(names).map(Number);

/** What a failure in a packet asks for. */
export function expectedVerdict(packet: ReasonedPacket, code: number): Verdict {
  if (packet === "PUBACK" && undeliverable.includes(code)) return "undeliverable";
  return slow[packet].includes(code) ? "slowly" : "retry";
}
