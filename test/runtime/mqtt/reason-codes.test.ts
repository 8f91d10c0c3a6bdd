import {
  blameOfReasonCode,
  judgeReasonCode,
  nameReasonCode,
  remedyOfReasonCode,
  type ReasonedPacket,
  type Verdict,
} from "../../../runtime/mqtt/reason-codes.ts";

/** Names of all failures. @see MQTT 5.0 §2.4 */
const names: Readonly<Record<number, string>> = {
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
/** Retried here: what they stand for can change without anybody who edits this configuration. */
const retriedHere = { CONNACK: [0x83, 0x86, 0x87], DISCONNECT: [0x87] };

/** What can't be subscribed to as it is written; all else may have to arrive first, such as a role assignment. */
const fatalInSuback = [0x8f, 0x9e, 0xa1, 0xa2];
const fatalInUnsuback = [0x8f];
/** One message that no later attempt can deliver; 0x95 is mosquitto's own. */
const undeliverable = [0x90, 0x95, 0x99];

const fatal: Readonly<Record<ReasonedPacket, readonly number[]>> = {
  CONNACK: fatalThere.CONNACK.filter((code) => !retriedHere.CONNACK.includes(code)),
  DISCONNECT: fatalThere.DISCONNECT.filter((code) => !retriedHere.DISCONNECT.includes(code)),
  SUBACK: fatalInSuback,
  UNSUBACK: fatalInUnsuback,
  PUBACK: [],
  AUTH: [],
};

const packets = Object.keys(fatal) as ReasonedPacket[];
const codes = Object.keys(names).map(Number);

function expectedVerdict(packet: ReasonedPacket, code: number): Verdict {
  if (packet === "PUBACK" && undeliverable.includes(code)) return "undeliverable";
  return fatal[packet].includes(code) ? "fatal" : "retry";
}

describe.each(packets)("judgeReasonCode of %s", (packet) => {
  test.each(codes.map((code) => [nameReasonCode(code), code, expectedVerdict(packet, code)] as const))(
    "%s",
    (_name, code, verdict) => {
      expect(judgeReasonCode(packet, code)).toBe(verdict);
    },
  );

  test("a code of no standard is retried: it may be a newer server's", () => {
    expect([0x92, 0xa3, 0xff].map((code) => judgeReasonCode(packet, code))).toEqual(["retry", "retry", "retry"]);
  });
});

describe("judgeReasonCode of a code below 0x80", () => {
  test.each<[ReasonedPacket, number]>([
    ["CONNACK", 0x00],
    ["SUBACK", 0x00],
    ["SUBACK", 0x01],
    ["PUBACK", 0x00],
    ["PUBACK", 0x10], // no matching subscribers: the broker has it all the same
    ["UNSUBACK", 0x11],
  ])("%s 0x%s is a success", (packet, code) => {
    expect(judgeReasonCode(packet, code)).toBe("accepted");
  });

  test.each([0x00, 0x04])("DISCONNECT %d is the server's end of the connection, and the client comes again", (code) => {
    expect(judgeReasonCode("DISCONNECT", code)).toBe("retry");
  });
});

describe("blameOfReasonCode", () => {
  test.each([
    ["no DISCONNECT at all", undefined, "maybe"],
    ["0x80 Unspecified error", 0x80, "maybe"],
    ["0x83 Implementation specific error", 0x83, "maybe"],
    ["0x81 Malformed Packet", 0x81, "message"],
    ["0x82 Protocol Error", 0x82, "message"],
    ["0x90 Topic Name invalid", 0x90, "message"],
    ["0x95 Packet too large", 0x95, "message"],
    ["0x99 Payload format invalid", 0x99, "message"],
  ] as const)("%s", (_name, code, blame) => {
    expect(blameOfReasonCode(code)).toBe(blame);
  });

  test("every other code says that something else was the reason: no message is blamed for a quota or a missing role", () => {
    const blamed = codes.filter((code) => blameOfReasonCode(code) !== "none");

    expect(blamed).toEqual([0x80, 0x81, 0x82, 0x83, 0x90, 0x95, 0x99]);
    expect([0x00, 0x04, 0x92, 0xff].map(blameOfReasonCode)).toEqual(["none", "none", "none", "none"]);
  });
});

describe("nameReasonCode", () => {
  test.each(codes)("names code %d as the standard does", (code) => {
    expect(nameReasonCode(code)).toBe(`0x${code.toString(16)} ${names[code] ?? ""}`);
  });

  test.each([
    [0x00, "0x00 Success"],
    [0x92, "0x92 unknown reason code"],
    [0xff, "0xff unknown reason code"],
  ])("names %d %s", (code, name) => {
    expect(nameReasonCode(code)).toBe(name);
  });
});

describe("remedyOfReasonCode", () => {
  const needsHelp = codes.filter((code) =>
    packets.some((packet) => ["fatal", "undeliverable"].includes(judgeReasonCode(packet, code))),
  );

  test.each(needsHelp.map((code) => [nameReasonCode(code), code] as const))(
    "says what to do about %s, which waiting does not help",
    (_name, code) => {
      expect(remedyOfReasonCode(code)).toMatch(/^[a-z].*[^.]$/);
    },
  );

  test("says that a role assignment takes minutes to arrive", () => {
    expect(remedyOfReasonCode(0x87)).toContain("takes minutes to arrive");
  });

  test.each([0x00, 0x88, 0x8b, 0x92])("has nothing to say about code %d", (code) => {
    expect(remedyOfReasonCode(code)).toBe("");
  });
});
