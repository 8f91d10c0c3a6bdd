import { check, connect, either, judgeHex, malformed, packet, pairs, protocol, type Case } from "./client-examples.ts";
import { fuzzClient } from "./client-fuzz.ts";
import { judgeClient } from "./client-oracle.ts";
import type { Verdict } from "./verdict.ts";

/*
 * One line for each statement of MQTT 5 that the oracle decides, its number in brackets (a § where it only reads): bytes in hex, and the codes that a server may answer with, or some of
 * the fields of a packet that is accepted, texts in hex. Check it by eye.
 */

test.each<Case>([
  ["[MQTT-3.1.0-2] a second CONNECT", connect("02", "00 0000"), protocol],
  ["[MQTT-3.1.0-2] a second CONNECT of version 4", "10 07 00044d51545404", protocol],
  ["[MQTT-3.1.0-2] a second CONNECT of nothing", "10 00", protocol],
  ["[MQTT-3.1.0-2] which shows early", "10", { early: protocol }],
  ["table 2-1: type 0", "00 00", malformed],
  ["table 2-1: CONNACK", "20 03 000000", protocol],
  ["table 2-1: SUBACK", "90 04 0001 00 00", protocol],
  ["table 2-1: UNSUBACK", "b0 04 0001 00 00", protocol],
  ["table 2-1: PINGRESP", "d0 00", protocol],
  ["QoS 2 isn't offered: PUBREC", "50 02 0001", protocol],
  ["QoS 2 isn't offered: PUBREL", "62 02 0001", protocol],
  ["QoS 2 isn't offered: PUBCOMP", "70 02 0001", protocol],
  ["[MQTT-3.6.1-1] flags of PUBREL", "60 02 0001", either],
])("a packet of no client: %s", (_statement, hex, expected) => check(hex, expected, false));

test.each<Case>([
  ["§3.3 QoS 0", packet("30", "000161 00 6869"), { topic: "61", qos: 0, packetId: 0, payload: "6869", properties: [] }],
  ["§3.3 half of it", "3006000161", "incomplete"],
  ["§3.3.1.1 DUP of QoS 1", packet("3a", "000161 0007 00"), { qos: 1, dup: true, packetId: 7, retain: false }],
  ["[MQTT-3.3.1-2] DUP of QoS 0", packet("38", "000161 00"), protocol],
  ["[MQTT-3.3.1-2] which shows early", "38", { early: protocol }],
  ["[MQTT-3.3.1-4] QoS 3", packet("36", "000161 0007 00"), malformed],
  ["[MQTT-3.3.1-4] which shows early", "3606", { early: malformed }],
  ["§3.3.1.3 RETAIN", packet("31", "000161 00"), { retain: true, dup: false, payload: "" }],
  ["§3.3.1.2 QoS 2 is judged elsewhere", packet("34", "000161 0007 00"), { qos: 2, packetId: 7 }],
  ["[MQTT-2.2.1-2] QoS 0 has no packet identifier", packet("30", "000161 00 0007"), { packetId: 0, payload: "0007" }],
  ["[MQTT-2.2.1-3] packet identifier 0", packet("32", "000161 0000 00"), protocol],
  ["[MQTT-3.3.2-1] no topic name", packet("30", ""), malformed],
  ["[MQTT-1.5.4-1] a byte that is no UTF-8", packet("30", "0001ff 00"), malformed],
  ["[MQTT-1.5.4-1] half a character", packet("30", "0001c3 00"), malformed],
  ["[MQTT-1.5.4-1] a character in more bytes than it needs", packet("30", "0002c080 00"), malformed],
  ["[MQTT-1.5.4-1] U+D800", packet("30", "0003eda080 00"), malformed],
  ["[MQTT-1.5.4-1] behind U+10FFFF", packet("30", "0004f4908080 00"), malformed],
  ["[MQTT-1.5.4-1] U+10FFFF", packet("30", "0004f48fbfbf 00"), { topic: "f48fbfbf" }],
  ["[MQTT-1.5.4-2] U+0000", packet("30", "00026100 00"), malformed],
  ["[MQTT-1.5.4-3] U+FEFF stays", packet("30", "0004efbbbf61 00"), { topic: "efbbbf61" }],
  ["[MQTT-3.3.2-2] + in a topic name", packet("30", "0003612f2b 00"), [0x81, 0x82, 0x90]],
  ["[MQTT-3.3.2-2] # in a topic name", packet("30", "000123 00"), [0x81, 0x82, 0x90]],
  ["[MQTT-4.7.3-1] an empty topic name without an alias", packet("30", "0000 00"), protocol],
  [
    "§3.3.2.3.4 an empty topic name with an alias",
    packet("30", "0000 03 230001"),
    { topic: "", properties: [[35, 1]] },
  ],
  ["[MQTT-3.3.2-8] Topic Alias 0", packet("30", "000161 03 230000"), [0x82, 0x94]],
  ["§3.3.2.3.4 Topic Alias 65,535", packet("30", "000161 03 23ffff"), { properties: [[35, 65_535]] }],
  ["§3.3.2.3.4 Topic Alias twice", packet("30", "000161 06 230001 230001"), protocol],
  ["§3.3.2.3.2 Payload Format Indicator 1", packet("30", "000161 02 0101 61"), { properties: [[1, 1]] }],
  ["§3.3.2.3.2 of a payload that is no text", packet("30", "000161 02 0101 ff"), { payload: "ff" }],
  ["§3.3.2.3.2 Payload Format Indicator 2", packet("30", "000161 02 0102"), protocol],
  ["§3.3.2.3.3 Message Expiry Interval twice", packet("30", "000161 0a 0200000001 0200000001"), protocol],
  ["§3.3.2.3.3 a value cut by the property length", packet("30", "000161 04 0200000001"), malformed],
  ["[MQTT-3.3.2-13] a Response Topic that is no UTF-8", packet("30", "000161 04 080001ff"), malformed],
  ["[MQTT-3.3.2-14] a wildcard in the Response Topic", packet("30", "000161 04 0800012b"), either],
  ["[MQTT-4.7.3-1] an empty Response Topic", packet("30", "000161 03 080000"), either],
  ["§3.3.2.3.6 Correlation Data of any bytes", packet("30", "000161 05 090002ff00"), { properties: [[9, "ff00"]] }],
  ["§3.3.2.3.7 the order of user properties", packet("30", `000161 15 ${pairs()}`), order()],
  ["[MQTT-1.5.7-1] a name that is no UTF-8", packet("30", "000161 06 26 0001ff 0000"), malformed],
  ["[MQTT-1.5.7-1] a value with U+0000", packet("30", "000161 06 26 0000 000100"), malformed],
  ["[MQTT-3.3.2-19] a Content Type that is no UTF-8", packet("30", "000161 04 030001ff"), malformed],
  ["§3.3.2.3.9 Content Type", packet("30", "000161 04 03000161"), { properties: [[3, "61"]] }],
  ["[MQTT-3.3.4-6] a Subscription Identifier", packet("30", "000161 02 0b01"), either],
  ["§2.2.2.2 a property of CONNECT", packet("30", "000161 05 1100000001"), malformed],
  ["§2.2.2.1 properties that go on in the next packet", "30 05 000161 02 01 01", malformed],
  ["§1.5.5 a property length of five bytes", packet("30", "000161 ffffffff00"), malformed],
  ["[MQTT-1.5.5-1] a property length in two bytes", packet("30", "000161 8000"), malformed],
  ["[MQTT-1.5.5-1] a length in two bytes", "30 8400 000161 00", malformed],
])("PUBLISH: %s", (_statement, hex, expected) => check(hex, expected, false));

function order(): Record<string, unknown> {
  return { properties: ["62=31", "61=32", "62=33"].map((pair) => [38, pair]) };
}

test.each<Case>([
  ["§3.4.2.1 the identifier alone", "40 02 0005", { packetId: 5, code: 0, properties: [] }],
  ["§3.4.2.1 with a code", "40 03 0005 10", { packetId: 5, code: 0x10, properties: [] }],
  ["§3.4.2 with a Reason String", packet("40", "0005 87 04 1f000161"), { code: 0x87, properties: [[31, "61"]] }],
  ["§3.4.2.2.2 Reason String twice", packet("40", "0005 87 06 1f0000 1f0000"), protocol],
  ["§3.4.2 nothing", "40 00", malformed],
  ["§3.4.2 half an identifier", "40 01 00", malformed],
  ["§2.2.1 packet identifier 0", "40 02 0000", protocol],
  ["[MQTT-2.1.3-1] flags", "42 02 0005", malformed],
  ["[MQTT-3.4.2-1] a code of SUBACK", "40 03 0005 01", either],
  ["[MQTT-3.4.2-1] a code of PUBREL", "40 03 0005 92", either],
  ["§3.4 bytes left over", packet("40", "0005 00 00 00"), malformed],
  ["§2.2.2.2 a property of DISCONNECT", packet("40", "0005 00 05 1100000001"), malformed],
])("PUBACK: %s", (_statement, hex, expected) => check(hex, expected, false));

const plain = { filter: "61", qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 };

test.each<Case>([
  ["§3.8 one filter", packet("82", "0009 00 000161 00"), { packetId: 9, filters: [plain], properties: [] }],
  ["§3.8.3.1 all options", packet("82", "0009 00 000161 2e"), { filters: [{ ...plain, ...allOptions() }] }],
  ["[MQTT-3.8.1-1] flags 0", packet("80", "0009 00 000161 00"), malformed],
  ["[MQTT-2.2.1-3] packet identifier 0", packet("82", "0000 00 000161 00"), protocol],
  ["[MQTT-3.8.3-1] a filter that is no UTF-8", packet("82", "0009 00 0001ff 00"), malformed],
  ["[MQTT-4.7.3-2] a filter with U+0000", packet("82", "0009 00 000100 00"), malformed],
  ["[MQTT-3.8.3-2] no filter", packet("82", "0009 00"), protocol],
  ["[MQTT-3.8.3-2] a filter without options", packet("82", "0009 00 000161"), malformed],
  [
    "§3.8.3.1 No Local of a shared filter is judged elsewhere",
    packet("82", "0009 00 00082473686172652f78 04"),
    { packetId: 9 },
  ],
  ["[MQTT-3.8.3-5] reserved bit 6", packet("82", "0009 00 000161 40"), malformed],
  ["[MQTT-3.8.3-5] reserved bit 7", packet("82", "0009 00 000161 80"), malformed],
  ["§3.8.3.1 QoS 2", packet("82", "0009 00 000161 02"), { filters: [{ ...plain, qos: 2 }] }],
  ["§3.8.3.1 QoS 3", packet("82", "0009 00 000161 03"), protocol],
  ["§3.8.3.1 Retain Handling 3", packet("82", "0009 00 000161 30"), protocol],
  ["§4.7.1 a # that is not the last is answered in SUBACK", packet("82", "0009 00 0003232f61 00"), { packetId: 9 }],
  [
    "§4.7.3 an empty filter is answered in SUBACK",
    packet("82", "0009 00 0000 00"),
    { filters: [{ ...plain, filter: "" }] },
  ],
  [
    "§3.8.2.1.2 Subscription Identifier",
    packet("82", "0009 05 0bffffff7f 000161 00"),
    { properties: [[11, 268_435_455]] },
  ],
  ["§3.8.2.1.2 Subscription Identifier 0", packet("82", "0009 02 0b00 000161 00"), protocol],
  ["§3.8.2.1.2 Subscription Identifier twice", packet("82", "0009 04 0b01 0b01 000161 00"), protocol],
  ["[MQTT-1.5.5-1] it is longer than it needs", packet("82", "0009 03 0b8100 000161 00"), malformed],
  ["§2.2.2.2 a Reason String", packet("82", "0009 03 1f0000 000161 00"), malformed],
])("SUBSCRIBE: %s", (_statement, hex, expected) => check(hex, expected, false));

function allOptions(): Record<string, unknown> {
  return { qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 };
}

test.each<Case>([
  ["§3.10 two filters", packet("a2", "0009 00 000161 000123"), { packetId: 9, filters: ["61", "23"], properties: [] }],
  ["[MQTT-3.10.1-1] flags 0", packet("a0", "0009 00 000161"), malformed],
  ["[MQTT-2.2.1-3] packet identifier 0", packet("a2", "0000 00 000161"), protocol],
  ["[MQTT-3.10.3-1] a filter that is no UTF-8", packet("a2", "0009 00 0001ff"), malformed],
  ["[MQTT-3.10.3-2] no filter", packet("a2", "0009 00"), protocol],
  ["§3.10.3 half a filter", packet("a2", "0009 00 000261"), malformed],
  ["§2.2.2.2 a Subscription Identifier", packet("a2", "0009 02 0b01 000161"), malformed],
])("UNSUBSCRIBE: %s", (_statement, hex, expected) => check(hex, expected, false));

test.each<Case>([
  ["§3.12 PINGREQ", "c000", {}],
  ["§1.5.5 a length of five bytes", "c0ffffffff00", malformed],
  ["§3.12 PINGREQ with a body", "c001 00", malformed],
  ["§3.12 which shows early", "c001", { early: malformed }],
  ["[MQTT-2.1.3-1] flags of PINGREQ", "c100", malformed],
  ["§3.14.2.1 DISCONNECT without a code", "e000", { code: 0, properties: [] }],
  ["§3.14.2.1 DISCONNECT with will", "e001 04", { code: 4, properties: [] }],
  ["[MQTT-3.14.1-1] flags of DISCONNECT", "e100", malformed],
  ["[MQTT-3.14.2-1] a code that no DISCONNECT has", "e001 01", either],
  ["[MQTT-3.14.2-1] a code that only a server sends", "e001 8e", either],
  ["§3.14.2.2.2 Session Expiry Interval", packet("e0", "00 05 1100000000"), { properties: [[17, 0]] }],
  ["§3.14.2.2.2 cut", "e0 03 00 01 11", malformed],
  ["§3.14.2.2.3 Reason String twice", packet("e0", "00 06 1f0000 1f0000"), protocol],
  ["table 2-4: a Server Reference", packet("e0", "00 03 1c0000"), { properties: [[28, ""]] }],
  ["§3.14 bytes left over", packet("e0", "00 00 00"), malformed],
  ["§3.15.2.1 AUTH goes on", packet("f0", "18 04 1500016d"), { code: 0x18, properties: [[21, "6d"]] }],
  ["§3.15.2.1 AUTH anew", packet("f0", "19 04 1500016d"), { code: 0x19 }],
  ["§3.15.2.2.2 AUTH without a method is judged elsewhere", packet("f0", "19 00"), { code: 0x19, properties: [] }],
  ["[MQTT-3.15.1-1] flags of AUTH", packet("f1", "18 00"), malformed],
  ["[MQTT-3.15.2-1] success, which only a server says", "f000", either],
  ["[MQTT-3.15.2-1] another code", packet("f0", "87 00"), either],
  ["§3.15.2.2.1 no property length", "f001 18", malformed],
])("the rest: %s", (_statement, hex, expected) => check(hex, expected, false));

test("it judges the packet that the bytes begin with", () => {
  expect(judgeHex("c000 ffff", false)).toEqual({ kind: "accepted", fields: {} });
});

test("a third of what the generator makes can be accepted, and each fault comes", () => {
  const codes: Record<number, number> = {};
  const { counts, wrong } = fuzzClient(
    (bytes, isFirst) => {
      const verdict = judgeClient(bytes, isFirst);
      for (const code of verdict.kind === "fault" ? verdict.codes : []) codes[code] = (codes[code] ?? 0) + 1;
      return verdict;
    },
    6_000,
    1,
  );

  expect(wrong).toEqual([]);
  expect(counts.accepted).toBeGreaterThan(1_800);
  expect(counts.fault).toBeGreaterThan(1_800);
  for (const code of [0x81, 0x82, 0x84, 0x90, 0x94]) expect(codes[code]).toBeGreaterThan(5);
});

test.each<[string, () => Verdict]>([
  ["accepts all", () => ({ kind: "accepted", fields: {} })],
  ["refuses all with 0x81", () => ({ kind: "fault", codes: new Set([0x81]) })],
  ["waits for more", () => ({ kind: "incomplete" })],
  ["throws", () => JSON.parse("") as Verdict],
])("a reader that %s is found out", (_case, read) => {
  expect(fuzzClient(read, 200, 1).wrong.length).toBeGreaterThan(10);
});
