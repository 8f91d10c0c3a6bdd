import {
  blameOfReasonCode,
  judgeReasonCode,
  nameReasonCode,
  remedyOfReasonCode,
} from "../../../runtime/contract/reason-codes.ts";
import { codes, expectedVerdict, names, packets, successes } from "./expected-verdicts.ts";

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
  const below = Array.from({ length: 0x80 }, (_, code) => code);

  test.each(packets)("%s has no success but those of the standard", (packet) => {
    expect(below.filter((code) => judgeReasonCode(packet, code) === "accepted")).toEqual(successes[packet]);
  });

  test.each(packets)("every other one of %s is a failure that somebody has to see to", (packet) => {
    const others = below.filter((code) => !successes[packet].includes(code));
    const ends = packet === "DISCONNECT" ? [0x00, 0x04] : [];

    expect(others.filter((code) => judgeReasonCode(packet, code) !== "slowly")).toEqual(ends);
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
    [0x01, "0x01 Granted QoS 1"],
    [0x04, "0x04 Disconnect with Will Message"],
    [0x10, "0x10 No matching subscribers"],
    [0x18, "0x18 Continue authentication"],
    [0x05, "0x05 unknown reason code"],
    [0x92, "0x92 unknown reason code"],
    [0xff, "0xff unknown reason code"],
  ])("names %d %s", (code, name) => {
    expect(nameReasonCode(code)).toBe(name);
  });
});

describe("remedyOfReasonCode", () => {
  const needsHelp = packets.flatMap((packet) =>
    codes
      .filter((code) => ["slowly", "undeliverable"].includes(judgeReasonCode(packet, code)))
      .map((code) => [packet, nameReasonCode(code), code] as const),
  );

  test.each(needsHelp)("says what to do about %s %s, which waiting does not help", (packet, _name, code) => {
    expect(remedyOfReasonCode(packet, code)).toMatch(/^[a-z].*[^.]$/);
  });

  test.each([0x90, 0x95, 0x99, 0x9a, 0x9b])("CONNACK %d judges the CONNECT: no setting of a message helps", (code) => {
    expect(remedyOfReasonCode("CONNACK", code)).not.toBe(remedyOfReasonCode("DISCONNECT", code));
    expect(remedyOfReasonCode("CONNACK", code)).toMatch(/broker/);
  });

  test("says that a role assignment takes minutes to arrive", () => {
    expect(remedyOfReasonCode("CONNACK", 0x87)).toContain("takes minutes to arrive");
  });

  test.each([0x00, 0x88, 0x8b, 0x92])("has nothing to say about code %d", (code) => {
    expect(packets.map((packet) => remedyOfReasonCode(packet, code))).toEqual(packets.map(() => ""));
  });
});
