import { check, connect, either, malformed, packet, pairs, protocol, type Case } from "./client-examples.ts";

/* As client-oracle.test.ts, for the first packet of a connection. */

test.each<Case>([
  ["nothing", "", "incomplete"],
  ["[MQTT-3.1.0-1] PINGREQ before CONNECT", "c000", protocol],
  ["[MQTT-3.1.0-1] one byte is enough", "30", protocol],
  ["[MQTT-3.1.0-1] a reserved type", "00", either],
  ["[MQTT-3.1.0-1] wrong flags too", "80", either],
  ["§3.1 half a CONNECT", "100d00044d51", "incomplete"],
  ["§3.1 the type alone", "10", "incomplete"],
  ["[MQTT-2.1.3-1] flags of CONNECT", "11 00", malformed],
  ["[MQTT-2.1.3-1] flags of CONNECT, which show early", "11", { early: malformed }],
  ["[MQTT-1.5.5-1] a length in more bytes than it needs", "10 8d00 00044d5154540500003c00 0000", malformed],
  ["§1.5.5 a length of five bytes", "10 ffffffff", malformed],
  ["§3.1.2.1 no protocol name", "10 00", malformed],
  ["§3.1.2.1 half a protocol name", "10 04 00044d51", malformed],
  ["[MQTT-3.1.2-1] MQIsdp", "10 09 00064d514973647003", [0x81, 0x82, 0x84]],
  ["[MQTT-3.1.2-1] mqtt", "10 07 00046d71747405", [0x81, 0x82, 0x84]],
  ["§3.1.2.2 no version", "10 06 00044d515454", malformed],
  ["[MQTT-3.1.2-2] version 4, whatever comes then", "10 0a 00044d51545404ffffff", { version: 4 }],
  ["[MQTT-3.1.2-2] version 6, and nothing then", "10 07 00044d51545406", { version: 6 }],
  ["[MQTT-3.1.2-3] the reserved flag", connect("01", "00 0000"), either],
  ["[MQTT-3.1.2-9] a will", connect("04", "00 000163 00 000174 0002 6869"), { will: will("74", "6869", 0, false) }],
  ["[MQTT-3.1.2-9] no will properties", connect("04", "00 0000"), malformed],
  ["[MQTT-3.1.2-9] no will payload", connect("04", "00 0000 00 000174"), malformed],
  ["[MQTT-3.1.2-11] will QoS 1 without a will", connect("08", "00 0000"), either],
  ["[MQTT-3.1.2-12] will QoS 2", connect("14", "00 0000 00 000174 0000"), { will: will("74", "", 2, false) }],
  ["[MQTT-3.1.2-12] will QoS 3", connect("1c", "00 0000 00 000174 0000"), either],
  ["[MQTT-3.1.2-13] will retain without a will", connect("20", "00 0000"), either],
  ["§3.1.2.7 will retain", connect("24", "00 0000 00 000174 0000"), { will: will("74", "", 0, true) }],
  ["[MQTT-3.1.2-16] a user name without its flag", connect("00", "00 0000 000175"), malformed],
  ["[MQTT-3.1.2-17] a flag without the user name", connect("80", "00 0000"), malformed],
  ["[MQTT-3.1.2-18] a password without its flag", connect("80", "00 0000 000175 0001ff"), malformed],
  ["[MQTT-3.1.2-19] a flag without the password", connect("40", "00 0000"), malformed],
  ["[MQTT-3.1.2-19] a password of any bytes", connect("40", "00 0000 0002ff00"), { password: "ff00" }],
  ["§3.1.2.4 Clean Start", connect("02", "00 0000"), { version: 5, clean: true, keepAlive: 60, clientId: "" }],
  ["[MQTT-3.1.3-1] all fields in their order", connect("c4", "00 000163 00 000174 000170 000175 000177"), all()],
  ["[MQTT-3.1.3-3] no client identifier", connect("00", "00"), malformed],
  ["[MQTT-3.1.3-4] a client identifier that is no UTF-8", connect("00", "00 0001ff"), malformed],
  ["§3.1.3.2.8 user properties of a will, in order", connect("04", `00 0000 15 ${pairs()} 000174 0000`), bab()],
  ["[MQTT-3.1.3-11] a will topic that is no UTF-8", connect("04", "00 0000 00 0001ff 0000"), malformed],
  ["[MQTT-3.1.3-12] a user name that is no UTF-8", connect("80", "00 0000 0002c3"), malformed],
  ["[MQTT-3.1.4-1] bytes left over", connect("00", "00 0000 00"), malformed],
  ["[MQTT-2.2.2-1] no property length", packet("10", "00044d5154540500003c"), malformed],
  ["§2.2.2.1 properties behind the end", connect("00", "05 11 00"), malformed],
  ["§2.2.2.2 an unknown property", connect("00", "02 7f00 0000"), malformed],
  ["§2.2.2.2 a property of a PUBLISH", connect("00", "02 0100 0000"), malformed],
  ["§3.1.2.11.2 Session Expiry Interval", connect("00", "05 11ffffffff 0000"), { properties: [[17, 0xffffffff]] }],
  ["§3.1.2.11.2 twice", connect("00", "0a 1100000001 1100000001 0000"), protocol],
  ["§3.1.2.11.3 Receive Maximum 0", connect("00", "03 210000 0000"), protocol],
  ["§3.1.2.11.4 Maximum Packet Size 0", connect("00", "05 2700000000 0000"), protocol],
  ["§3.1.2.11.5 Topic Alias Maximum 0", connect("00", "03 220000 0000"), { properties: [[34, 0]] }],
  ["§3.1.2.11.6 Request Response Information 2", connect("00", "02 1902 0000"), protocol],
  ["§3.1.2.11.7 Request Problem Information 2", connect("00", "02 1702 0000"), protocol],
  ["§3.1.2.11.8 a user property twice", connect("00", `0e ${pairs().slice(0, 28)} 0000`), { clientId: "" }],
  ["§3.1.2.11.9 Authentication Method", connect("00", "04 1500016d 0000"), { properties: [[21, "6d"]] }],
  ["§3.1.2.11.10 Authentication Data without a method", connect("00", "04 16000100 0000"), protocol],
  ["§3.1.2.11.10 before its method", connect("00", "08 16000100 1500016d 0000"), { clientId: "" }],
  ["§3.1.3.2.2 Will Delay Interval", connect("04", "00 0000 05 1800000005 000174 0000"), { keepAlive: 60 }],
  ["§3.1.3.2.2 Will Delay Interval out of a will", connect("00", "05 1800000005 0000"), malformed],
  ["§3.1.3.2.3 Payload Format Indicator 2 of a will", connect("04", "00 0000 02 0102 000174 0000"), protocol],
  ["[MQTT-4.7.0-1] a wildcard in a will's Response Topic", connect("04", "00 0000 04 08000123 000174 0000"), either],
  ["[MQTT-3.1.0-1] AUTH before CONNECT", "f000", protocol],
])("the first packet: %s", (_statement, hex, expected) => check(hex, expected, true));

function will(topic: string, payload: string, qos: number, retain: boolean): Record<string, unknown> {
  return { topic, payload, qos, retain, properties: [] };
}

function all(): Record<string, unknown> {
  return { clientId: "63", will: { ...will("74", "", 0, false), payload: "70" }, userName: "75", password: "77" };
}

function bab(): Record<string, unknown> {
  const properties = ["62=31", "61=32", "62=33"].map((pair) => [38, pair]);
  return { will: { ...will("74", "", 0, false), properties } };
}
