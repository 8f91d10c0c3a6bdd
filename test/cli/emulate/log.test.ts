import { describeEvent } from "../../../cli/emulate/log.ts";
import type { BrokerEvent } from "../../../emulator/events.ts";

const message = { topic: "a/b", qos: 1, retain: false, payload: Buffer.from("private"), userProperties: [] };

test.each<[string, BrokerEvent, string[]]>([
  [
    "a client that is refused, with the reason code",
    { kind: "refuse", clientId: "a", reasonCode: 0x87, why: 'no client has the authentication name "x"' },
    ['a: refused: 0x87 Not authorized: no client has the authentication name "x"'],
  ],
  [
    "a handshake that fails, of a client that has no name yet",
    { kind: "refuse", clientId: "", why: "the client does not speak TLS (CODE)" },
    ["a client: refused in the TLS handshake: the client does not speak TLS (CODE)"],
  ],
  [
    "a message that is refused, with the remedy and without its payload",
    {
      kind: "publish",
      clientId: "a",
      packetIdentifier: 1,
      dup: false,
      message,
      reasonCode: 0x87,
      why: 'no role for "a/b"',
    },
    [
      'a: PUBLISH to "a/b" refused: 0x87 Not authorized: no role for "a/b"; give the client a permission binding for a topic space that has it',
    ],
  ],
  [
    "each filter of a SUBSCRIBE",
    {
      kind: "subscribe",
      clientId: "a",
      filters: [
        { filter: "a/#", reasonCode: 1 },
        { filter: "b", reasonCode: 0x97, why: "fault: answered" },
      ],
    },
    [
      'a: subscribed to "a/#" with QoS 1',
      'a: SUBSCRIBE of "b" refused: 0x97 Quota exceeded: a fault of the file asks for it',
    ],
  ],
  [
    "nothing of a message that is taken",
    { kind: "publish", clientId: "a", packetIdentifier: 1, dup: false, message, reasonCode: 0 },
    [],
  ],
  [
    "what a client calls itself, without what a terminal would obey",
    { kind: "refuse", clientId: "\u001b[2J", reasonCode: 0x87, why: "it is refused" },
    [expect.stringMatching(/^[\x20-\x7e]+: refused: 0x87 Not authorized: it is refused$/) as string],
  ],
])("tells %s", (_, event, lines) => {
  expect(describeEvent(event)).toEqual(lines);
});
