import { serverFault } from "./server-packets.ts";

/* All tests of the emulator that use `RawClient` judge what they receive by this. */
test.each([
  ["a CONNACK with reserved flags [MQTT-3.2.2-1]", "2003020000"],
  ["a CONNACK that refuses and says session present [MQTT-3.2.2-6]", "2003019700"],
  ["a CONNACK with a code of DISCONNECT [MQTT-3.2.2-8]", "2003008e00"],
  ["a CONNACK with a method that CONNECT had not [MQTT-4.12.0-5]", "200700000415000178"],
  ["a CONNACK without a property length [MQTT-2.2.2-1]", "20020000"],
  ["wrong flags in the fixed header [MQTT-2.1.3-1]", "41020001"],
  ["a PUBLISH of QoS 0 with DUP [MQTT-3.3.1-2]", "3804000174" + "00"],
  ["a PUBLISH of QoS 3 [MQTT-3.3.1-4]", "3606000174" + "000100"],
  ["a PUBLISH with packet identifier 0 [MQTT-2.2.1-4]", "3206000174" + "000000"],
  ["a PUBLISH with a wildcard [MQTT-3.3.2-2]", "3004000123" + "00"],
  ["a PUBLISH with a topic alias [MQTT-3.1.2-26] [MQTT-3.3.2-11]", "3007000174" + "03230001"],
  ["a PUBACK with a code of SUBACK [MQTT-3.4.2-1]", "400300018f"],
  ["a SUBACK with a code of UNSUBACK [MQTT-3.9.3-2]", "90040001" + "0011"],
  ["an UNSUBACK with a code of SUBACK [MQTT-3.11.3-2]", "b0040001" + "0001"],
  ["a DISCONNECT with a code of a client [MQTT-3.14.2-1]", "e00104"],
  ["a DISCONNECT with Session Expiry Interval [MQTT-3.14.2-2]", "e007" + "8b" + "05" + "1100000001"],
  ["an AUTH without a method in CONNECT [MQTT-4.12.0-6]", "f006" + "18" + "04" + "15000178"],
  ["an AUTH with a code of a client [MQTT-3.15.2-1]", "f006" + "19" + "04" + "15000178"],
])("a broker is found out that sends %s", (_, hex) => {
  expect(serverFault(Buffer.from(hex, "hex"))).toBeDefined();
});

test.each([
  ["a CONNACK", "2003000000"],
  ["a PUBLISH", "3206000174" + "000100"],
  ["a SUBACK", "90040001" + "0001"],
  ["a DISCONNECT", "e0018b"],
])("a broker may send %s", (_, hex) => {
  expect(serverFault(Buffer.from(hex, "hex"))).toBeUndefined();
});
