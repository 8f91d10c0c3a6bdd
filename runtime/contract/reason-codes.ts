/**
 * What a reason code asks for.
 * - `accepted`: the request succeeded
 * - `retry`: waiting helps, or something outside the configuration has to arrive, such as a role assignment
 * - `slowly`: somebody has to change something, here or at the broker; tried again with long waits until then
 * - `undeliverable`: this one message can never be delivered
 *
 * No code of a broker stops a dataflow for good: a broker can be corrected while the relay waits, and waiting costs nothing.
 */
export type Verdict = "accepted" | "retry" | "slowly" | "undeliverable";

/** Packets that carry a reason code from the server. */
export type ReasonedPacket = "CONNACK" | "SUBACK" | "UNSUBACK" | "PUBACK" | "DISCONNECT" | "AUTH";

interface ReasonCode {
  readonly name: string;
  /** What to do about it, for the log; empty where waiting is all. */
  readonly remedy: string;
  /** The same for a CONNACK, where the code judges the CONNECT: its Will, which a relay never has, or its credentials. */
  readonly connackRemedy?: string;
  /** Verdict by packet; a packet that is missing here can't carry the code. */
  readonly verdicts: Partial<Record<ReasonedPacket, Verdict>>;
}

const role = "check the credentials and the role assignment or permission; a new one takes minutes to arrive";
/** For a peer that does not speak MQTT 5. */
export const mqtt5Remedy = "use a broker, or a listener of it, with MQTT 5";
/** For a server that asks for a step of enhanced authentication, which no method here has. */
export const authenticationRemedy = "set authentication.method to one that the broker takes";
const brokenByUs = "see the broker's log for what it did not like, and report it";

/**
 * Every reason code that a server sends.
 *
 * Names: MQTT 5.0 §2.4. What is fatal in fatal_error.go of Azure/iot-operations-sdks (2026-08) is retried slowly here, but for
 * - 0x86 and 0x87, which are retried soon: credentials are read anew at each connect, role assignments take minutes, and a
 *   session of another identity makes a client identifier "not authorized" until it expires
 * - CONNACK 0x83, which is retried soon: only the broker knows what it stands for
 * - SUBACK and PUBACK, which that client always leaves to its caller.
 */
const reasonCodes: Readonly<Record<number, ReasonCode>> = {
  0x00: {
    name: "Success",
    remedy: "",
    verdicts: {
      CONNACK: "accepted",
      SUBACK: "accepted",
      UNSUBACK: "accepted",
      PUBACK: "accepted",
      AUTH: "accepted",
      DISCONNECT: "retry",
    },
  },
  0x01: { name: "Granted QoS 1", remedy: "", verdicts: { SUBACK: "accepted" } },
  0x02: { name: "Granted QoS 2", remedy: "", verdicts: { SUBACK: "accepted" } },
  0x04: { name: "Disconnect with Will Message", remedy: "", verdicts: { DISCONNECT: "retry" } },
  // Nobody subscribes there: the broker has the message all the same.
  0x10: { name: "No matching subscribers", remedy: "", verdicts: { PUBACK: "accepted" } },
  0x11: { name: "No subscription existed", remedy: "", verdicts: { UNSUBACK: "accepted" } },
  0x18: { name: "Continue authentication", remedy: authenticationRemedy, verdicts: { AUTH: "slowly" } },
  0x19: { name: "Re-authenticate", remedy: authenticationRemedy, verdicts: { AUTH: "slowly" } },
  0x80: {
    name: "Unspecified error",
    remedy: "",
    verdicts: { CONNACK: "retry", SUBACK: "retry", UNSUBACK: "retry", PUBACK: "retry", DISCONNECT: "retry" },
  },
  0x81: { name: "Malformed Packet", remedy: brokenByUs, verdicts: { CONNACK: "slowly", DISCONNECT: "slowly" } },
  0x82: { name: "Protocol Error", remedy: brokenByUs, verdicts: { CONNACK: "slowly", DISCONNECT: "slowly" } },
  0x83: {
    name: "Implementation specific error",
    remedy: "see the broker's log",
    verdicts: { CONNACK: "retry", SUBACK: "retry", UNSUBACK: "retry", PUBACK: "retry", DISCONNECT: "retry" },
  },
  0x84: { name: "Unsupported Protocol Version", remedy: mqtt5Remedy, verdicts: { CONNACK: "slowly" } },
  0x85: { name: "Client Identifier not valid", remedy: "change clientIdPrefix", verdicts: { CONNACK: "slowly" } },
  0x86: { name: "Bad User Name or Password", remedy: "check the credentials", verdicts: { CONNACK: "retry" } },
  0x87: {
    name: "Not authorized",
    remedy: role,
    verdicts: {
      CONNACK: "retry",
      SUBACK: "retry",
      UNSUBACK: "retry",
      PUBACK: "retry",
      DISCONNECT: "retry",
      AUTH: "retry",
    },
  },
  0x88: { name: "Server unavailable", remedy: "", verdicts: { CONNACK: "retry" } },
  0x89: { name: "Server busy", remedy: "", verdicts: { CONNACK: "retry", DISCONNECT: "retry" } },
  0x8a: { name: "Banned", remedy: "ask the broker's operator", verdicts: { CONNACK: "slowly" } },
  0x8b: { name: "Server shutting down", remedy: "", verdicts: { DISCONNECT: "retry" } },
  0x8c: {
    name: "Bad authentication method",
    remedy: "change authentication.method",
    verdicts: { CONNACK: "slowly", DISCONNECT: "retry" },
  },
  0x8d: { name: "Keep Alive timeout", remedy: "", verdicts: { DISCONNECT: "retry" } },
  0x8e: {
    name: "Session taken over",
    remedy: "find the other client with this client identifier; give each site its own clientIdPrefix",
    verdicts: { DISCONNECT: "slowly" },
  },
  0x8f: {
    name: "Topic Filter invalid",
    remedy: "change dataSources",
    verdicts: { SUBACK: "slowly", UNSUBACK: "slowly", DISCONNECT: "slowly" },
  },
  0x90: {
    name: "Topic Name invalid",
    remedy: "correct dataDestination, or the topics of the publisher",
    connackRemedy: brokenByUs,
    verdicts: { CONNACK: "slowly", PUBACK: "undeliverable", DISCONNECT: "slowly" },
  },
  0x91: {
    name: "Packet Identifier in use",
    remedy: "",
    verdicts: { SUBACK: "retry", UNSUBACK: "retry", PUBACK: "retry" },
  },
  0x93: { name: "Receive Maximum exceeded", remedy: "", verdicts: { DISCONNECT: "retry" } },
  0x94: { name: "Topic Alias invalid", remedy: brokenByUs, verdicts: { DISCONNECT: "slowly" } },
  0x95: {
    name: "Packet too large",
    remedy: "keep messages under the broker's limit",
    connackRemedy: "let the broker take a longer CONNECT: it has the credentials, such as an access token",
    // Not one of a PUBACK's; mosquitto sends it all the same where message_size_limit is set (2.0.11, tried).
    verdicts: { CONNACK: "slowly", PUBACK: "undeliverable", DISCONNECT: "slowly" },
  },
  0x96: { name: "Message rate too high", remedy: "", verdicts: { DISCONNECT: "retry" } },
  0x97: {
    name: "Quota exceeded",
    remedy: "check the broker's quotas, such as sessions per authentication name",
    verdicts: { CONNACK: "retry", SUBACK: "retry", PUBACK: "retry", DISCONNECT: "retry" },
  },
  0x98: { name: "Administrative action", remedy: "", verdicts: { DISCONNECT: "retry" } },
  0x99: {
    name: "Payload format invalid",
    remedy: "correct the publisher",
    connackRemedy: brokenByUs,
    verdicts: { CONNACK: "slowly", PUBACK: "undeliverable", DISCONNECT: "slowly" },
  },
  0x9a: {
    name: "Retain not supported",
    remedy: 'set retain to "Never"',
    connackRemedy: brokenByUs,
    verdicts: { CONNACK: "slowly", DISCONNECT: "slowly" },
  },
  0x9b: {
    name: "QoS not supported",
    remedy: "set qos to 0",
    connackRemedy: brokenByUs,
    verdicts: { CONNACK: "slowly", DISCONNECT: "slowly" },
  },
  0x9c: { name: "Use another server", remedy: "change host", verdicts: { CONNACK: "slowly", DISCONNECT: "retry" } },
  0x9d: { name: "Server moved", remedy: "change host", verdicts: { CONNACK: "slowly", DISCONNECT: "slowly" } },
  0x9e: {
    name: "Shared Subscriptions not supported",
    remedy: 'set instanceCount to 1, and give dataSources without "$share"',
    verdicts: { SUBACK: "slowly", DISCONNECT: "slowly" },
  },
  0x9f: { name: "Connection rate exceeded", remedy: "", verdicts: { CONNACK: "retry", DISCONNECT: "retry" } },
  0xa0: { name: "Maximum connect time", remedy: "", verdicts: { DISCONNECT: "retry" } },
  0xa1: {
    name: "Subscription Identifiers not supported",
    remedy: brokenByUs,
    verdicts: { SUBACK: "slowly", DISCONNECT: "slowly" },
  },
  0xa2: {
    name: "Wildcard Subscriptions not supported",
    remedy: "list topics without wildcards",
    verdicts: { SUBACK: "slowly", DISCONNECT: "slowly" },
  },
};

/** Codes below this one are no failures where the packet has them. @see MQTT 5.0 §2.4 */
const firstFailure = 0x80;

/**
 * Decides what a reason code asks for. A code that the packet can't carry is a failure, whatever its number: above 0x80 it
 * may be a newer server's, and below it the server does not speak MQTT 5 as it should.
 */
export function judgeReasonCode(packet: ReasonedPacket, code: number): Verdict {
  return reasonCodes[code]?.verdicts[packet] ?? (isFailure(code) ? "retry" : "slowly");
}

/** Whether a code stands for a failure in MQTT 5, whatever the packet. */
export function isFailure(code: number): boolean {
  return code >= firstFailure;
}

/** Codes of a DISCONNECT that judge a packet of the client, as far as one is to blame. @see MQTT 5.0 §3.14.2.1 */
const packetCodes: readonly number[] = [0x81, 0x82, 0x90, 0x95, 0x99];
/** Codes that may mean anything. */
const vagueCodes: readonly number[] = [0x80, 0x83];

/**
 * Tells whether the end of a connection may be the fault of a message that was in flight.
 *
 * @param code of the server's DISCONNECT; `undefined` when it closed without one
 * @returns `message` where the code says so, `maybe` where nothing is said, `none` where it says something else
 */
export function blameOfReasonCode(code: number | undefined): "message" | "maybe" | "none" {
  if (code === undefined || vagueCodes.includes(code)) return "maybe";
  return packetCodes.includes(code) ? "message" : "none";
}

/** Names a reason code with its number: `0x87 Not authorized`. */
export function nameReasonCode(code: number): string {
  const number = `0x${code.toString(16).padStart(2, "0")}`;
  return `${number} ${reasonCodes[code]?.name ?? "unknown reason code"}`;
}

/** Longest part of a server's own words that a message has, in characters: they can't flood the log. */
const maxReasonString = 200;

/**
 * Says a reason code with the server's own words and the remedy:
 * `0x97 Quota exceeded ("10 sessions"); check the broker's quotas, such as sessions per authentication name`.
 */
export function describeReasonCode(packet: ReasonedPacket, code: number, reasonString?: string): string {
  const said = reasonString === undefined ? "" : ` (${JSON.stringify(reasonString.slice(0, maxReasonString))})`;
  const remedy = remedyOfReasonCode(packet, code);
  return `${nameReasonCode(code)}${said}${remedy === "" ? "" : `; ${remedy}`}`;
}

/** What an operator should do about a reason code; empty where waiting is all. */
export function remedyOfReasonCode(packet: ReasonedPacket, code: number): string {
  const { remedy = "", connackRemedy = remedy } = reasonCodes[code] ?? {};
  return packet === "CONNACK" ? connackRemedy : remedy;
}
