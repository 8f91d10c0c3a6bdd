/*
 * What a broker can do wrong to a client of MQTT 5, one thing in each script, as bytes: no encoder would write them.
 */

const malformed = 0x81;
const protocol = 0x82;
const aliasInvalid = 0x94;

export interface HostileScript {
  readonly name: string;
  /** When the bytes are sent: in place of CONNACK, or once both sides are connected. */
  readonly when: "first" | "connected";
  readonly bytes: Buffer;
  /** Reason code of the DISCONNECT that answers; `undefined` where a client may not send one, since it was not accepted. */
  readonly code: number | undefined;
}

type Body = readonly number[];

/** Length and bytes of a text; a string stands for its UTF-8. */
function text(value: string | Body): number[] {
  const bytes = typeof value === "string" ? [...Buffer.from(value)] : value;
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
}

function packet(first: number, body: Body): Buffer {
  if (body.length > 127) throw new Error("a script is short");
  return Buffer.from([first, body.length, ...body]);
}

/** Properties with their length in front. */
function properties(...list: Body[]): number[] {
  const bytes = list.flat();
  return [bytes.length, ...bytes];
}

/** A PUBLISH with QoS 1, packet identifier 7 and the payload "x". */
function publish(topic: string | Body, ...list: Body[]): Buffer {
  return packet(0x32, [...text(topic), 0, 7, ...properties(...list), 0x78]);
}

const hex = (first: number) => `0x${first.toString(16).padStart(2, "0")}`;

const badTexts: readonly (readonly [name: string, bytes: Body])[] = [
  ["U+0000", [0x61, 0x00]],
  ["U+0000 alone", [0x00]],
  ["a byte that UTF-8 has not", [0x61, 0xff]],
  ["an overlong form of two bytes", [0xc0, 0xaf]],
  ["an overlong U+0000", [0xc0, 0x80]],
  ["an overlong form of three bytes", [0xe0, 0x9f, 0xbf]],
  ["an overlong form of four bytes", [0xf0, 0x8f, 0xbf, 0xbf]],
  ["the first surrogate", [0xed, 0xa0, 0x80]],
  ["the last surrogate", [0xed, 0xbf, 0xbf]],
  ["a pair of surrogates", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ["a character behind U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ["a form of five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ["a character that ends too early", [0x61, 0x62, 0x63, 0x64, 0xe2, 0x82]],
  ["a byte that continues nothing", [0x61, 0x80]],
];

/** Where a PUBLISH has a text. */
const places: readonly (readonly [name: string, make: (bad: Body) => Buffer])[] = [
  ["its topic", (bad) => publish(bad)],
  ["its content type", (bad) => publish("a/b", [0x03, ...text(bad)])],
  ["its response topic", (bad) => publish("a/b", [0x08, ...text(bad)])],
  ["the name of a user property", (bad) => publish("a/b", [0x26, ...text(bad), ...text("v")])],
  ["the value of a user property", (bad) => publish("a/b", [0x26, ...text("n"), ...text(bad)])],
];

const wildcards = ["+", "#", "a/+", "a/+/b", "a/#", "a+", "longer/topic/#", "é/+"];

/** Properties of PUBLISH that may come once. */
const singles: readonly Body[] = [
  [0x01, 1],
  [0x02, 0, 0, 0, 9],
  [0x03, ...text("a")],
  [0x08, ...text("a")],
  [0x09, 0, 1, 0xff],
];

/** Properties that only other packets have, and identifiers that none has. */
const foreign: readonly Body[] = [
  [0x00],
  [0x04, 1],
  [0x11, 0, 0, 0, 1],
  [0x12, ...text("a")],
  [0x13, 0, 1],
  [0x15, ...text("a")],
  [0x16, 0, 0],
  [0x17, 1],
  [0x18, 0, 0, 0, 1],
  [0x19, 1],
  [0x1a, ...text("a")],
  [0x1c, ...text("a")],
  [0x1f, ...text("a")],
  [0x21, 0, 1],
  [0x22, 0, 1],
  [0x24, 1],
  [0x25, 1],
  [0x27, 0, 0, 0, 1],
  [0x28, 1],
  [0x29, 1],
  [0x2a, 1],
  [0x2b, 1],
  [0x7f, 1],
  [0x80, 1],
];

function script(name: string, when: HostileScript["when"], bytes: Buffer, code?: number): HostileScript {
  return { name, when, bytes, code };
}

function connected(name: string, bytes: Buffer, code: number): HostileScript {
  return script(name, "connected", bytes, code);
}

const messages: readonly HostileScript[] = [
  ...places.flatMap(([place, make]) =>
    badTexts.map(([name, bad]) => connected(`a PUBLISH with ${name} in ${place}`, make(bad), malformed)),
  ),
  ...wildcards.map((topic) => connected(`a PUBLISH with the topic ${topic}`, publish(topic), protocol)),
  ...wildcards.map((topic) =>
    connected(`a PUBLISH with the response topic ${topic}`, publish("a", [0x08, ...text(topic)]), protocol),
  ),
  ...singles.map((single) =>
    connected(`a PUBLISH with two properties ${hex(single[0]!)}`, publish("a", single, single), protocol),
  ),
  ...foreign.map((property) =>
    connected(`a PUBLISH with the property ${hex(property[0]!)}`, publish("a", property), malformed),
  ),
  connected("a PUBLISH without a topic", publish(""), protocol),
  connected("a PUBLISH with an empty response topic", publish("a", [0x08, 0, 0]), protocol),
  connected("a PUBLISH with a topic alias and a topic", publish("a", [0x23, 0, 1]), aliasInvalid),
  connected("a PUBLISH with topic alias 0", publish("a", [0x23, 0, 0]), aliasInvalid),
  connected("a PUBLISH with Subscription Identifier 0", publish("a", [0x0b, 0]), protocol),
  connected(
    "a PUBLISH with a Subscription Identifier longer than it need be",
    publish("a", [0x0b, 0x81, 0x00]),
    malformed,
  ),
  connected("a PUBLISH with payload format indicator 2", publish("a", [0x01, 2]), protocol),
  connected("a PUBLISH with a property that ends too early", publish("a", [0x02, 0, 0]), malformed),
  connected("a PUBLISH with a text longer than its properties", publish("a", [0x03, 0, 9, 97]), malformed),
  connected("a PUBLISH with properties longer than it is", packet(0x32, [...text("a"), 0, 7, 90]), malformed),
  connected(
    "a PUBLISH with a length of properties longer than it need be",
    packet(0x32, [...text("a"), 0, 7, 0x80, 0]),
    malformed,
  ),
  connected("a PUBLISH with a topic longer than it is", packet(0x32, [0, 9, 97]), malformed),
  connected("a PUBLISH that ends behind its topic", packet(0x32, text("a")), malformed),
  connected("a PUBLISH with nothing in it", packet(0x30, []), malformed),
  connected("a PUBLISH with QoS 3", packet(0x36, [...text("a"), 0, 7, 0]), malformed),
  connected("a PUBLISH with QoS 2", packet(0x34, [...text("a"), 0, 7, 0]), protocol),
  connected("a PUBLISH with QoS 0 and DUP", packet(0x38, [...text("a"), 0]), protocol),
  connected("a PUBLISH with packet identifier 0", packet(0x32, [...text("a"), 0, 0, 0]), protocol),
];

/** First bytes of what a server sends beside PUBLISH. */
const answers = {
  CONNACK: 0x20,
  PUBACK: 0x40,
  SUBACK: 0x90,
  UNSUBACK: 0xb0,
  PINGRESP: 0xd0,
  DISCONNECT: 0xe0,
  AUTH: 0xf0,
};

const neverSent = {
  CONNECT: 0x10,
  PUBREC: 0x50,
  PUBREL: 0x62,
  PUBCOMP: 0x70,
  SUBSCRIBE: 0x82,
  UNSUBSCRIBE: 0xa2,
  PINGREQ: 0xc0,
};

const reason = [0x1f, ...text("a")];
const control: readonly HostileScript[] = [
  ...Object.entries(answers).flatMap(([name, first]) =>
    [1, 2, 4, 8, 15].map((flags) =>
      connected(`${name} with flags ${flags}`, packet(first | flags, [0, 5, 0, 0]), malformed),
    ),
  ),
  ...Object.entries(neverSent).map(([name, first]) => connected(name, packet(first, [0, 5]), protocol)),
  ...[0x00, 0x0f].map((first) => connected(`a packet of type 0, ${hex(first)}`, packet(first, []), malformed)),
  ...["PUBACK", "SUBACK", "UNSUBACK"].flatMap((name) => {
    const first = answers[name as keyof typeof answers];
    const start = name === "PUBACK" ? [0, 5, 0] : [0, 5];
    return [
      connected(`${name} with nothing in it`, packet(first, []), malformed),
      connected(`${name} with half a packet identifier`, packet(first, [5]), malformed),
      connected(`${name} with packet identifier 0`, packet(first, [0, 0, 0, 0]), protocol),
      connected(`${name} with two reason strings`, packet(first, [...start, ...properties(reason, reason)]), protocol),
      connected(`${name} with a property of PUBLISH`, packet(first, [...start, ...properties([0x01, 1])]), malformed),
      connected(`${name} with properties longer than it is`, packet(first, [...start, 60, 0]), malformed),
      connected(
        `${name} with a reason string that is no UTF-8`,
        packet(first, [...start, 4, 0x1f, 0, 1, 0xff]),
        malformed,
      ),
    ];
  }),
  connected("a PUBACK with bytes behind it", packet(0x40, [0, 5, 0, 0, 0]), malformed),
  connected("a SUBACK without properties", packet(0x90, [0, 5]), malformed),
  connected("a SUBACK that nobody waits for", packet(0x90, [0xfd, 0xe8, 0, 1]), protocol),
  connected("an UNSUBACK that nobody waits for", packet(0xb0, [0xfd, 0xe8, 0, 0]), protocol),
  connected("a PUBACK that nobody waits for", packet(0x40, [0xfd, 0xe7]), protocol),
  connected("a PINGRESP that nobody waits for", packet(0xd0, []), protocol),
  connected("a PINGRESP with a byte in it", packet(0xd0, [0]), malformed),
  connected("an AUTH of no method", packet(0xf0, []), protocol),
  connected("an AUTH that asks for a step", packet(0xf0, [0x18, ...properties([0x15, ...text("m")])]), protocol),
  connected("an AUTH with one byte", packet(0xf0, [0]), malformed),
  connected("a second CONNACK", packet(0x20, [0, 0, 0]), protocol),
  connected("a DISCONNECT with a session expiry interval", packet(0xe0, [0, 5, 0x11, 0, 0, 0, 9]), malformed),
  connected(
    "a DISCONNECT with two server references",
    packet(0xe0, [0x9c, ...properties([0x1c, 0, 0], [0x1c, 0, 0])]),
    protocol,
  ),
  connected("a DISCONNECT with bytes behind it", packet(0xe0, [0, 0, 0]), malformed),
  connected("a packet length of five bytes", Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]), malformed),
  connected("a packet length longer than it need be", Buffer.from([0xd0, 0x80, 0x00]), malformed),
  connected("the header of a CONNECT of 256 MB", Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]), protocol),
  connected("the header of a packet of type 0 of 256 MB", Buffer.from([0x00, 0xff, 0xff, 0xff, 0x7f]), malformed),
];

/** A CONNACK that accepts, with these properties. */
const connack = (...list: Body[]) => packet(0x20, [0, 0, ...properties(...list)]);

const first: readonly HostileScript[] = [
  ...Object.entries({ ...neverSent, ...answers, PUBLISH: 0x30 })
    .filter(([name]) => name !== "CONNACK")
    .map(([name, byte]) =>
      script(`${name} before CONNACK`, "first", packet(byte, name === "PINGRESP" ? [] : [0, 5, 0, 0])),
    ),
  ...[2, 3, 0x80, 0xff].map((flags) =>
    script(`a CONNACK with flags ${flags}`, "first", packet(0x20, [flags, 0, 0]), malformed),
  ),
  script("a CONNACK that refuses and says Session Present", "first", packet(0x20, [1, 0x88, 0])),
  script("a CONNACK without properties", "first", packet(0x20, [0, 0]), malformed),
  script("a CONNACK with nothing in it", "first", packet(0x20, [])),
  script("a CONNACK with Receive Maximum 0", "first", connack([0x21, 0, 0]), protocol),
  script("a CONNACK with Maximum Packet Size 0", "first", connack([0x27, 0, 0, 0, 0]), protocol),
  script("a CONNACK with Maximum QoS 2", "first", connack([0x24, 2]), protocol),
  ...[0x25, 0x28, 0x29, 0x2a].map((flag) =>
    script(`a CONNACK in which ${hex(flag)} is 2`, "first", connack([flag, 2]), protocol),
  ),
  ...[
    [0x11, 0, 0, 0, 9],
    [0x12, ...text("a")],
    [0x13, 0, 9],
    [0x1a, ...text("a")],
    [0x1c, ...text("a")],
    reason,
    [0x21, 0, 9],
    [0x22, 0, 9],
    [0x24, 1],
    [0x25, 1],
    [0x27, 0, 0, 9, 9],
    [0x28, 1],
    [0x29, 1],
    [0x2a, 1],
  ].map((one) => script(`a CONNACK with two properties ${hex(one[0]!)}`, "first", connack(one, one), protocol)),
  ...[[0x01, 1], [0x0b, 1], [0x23, 0, 1], [0x17, 1], [0x00]].map((one) =>
    script(`a CONNACK with the property ${hex(one[0]!)}`, "first", connack(one), malformed),
  ),
  script("a CONNACK with a reason string that is no UTF-8", "first", connack([0x1f, 0, 1, 0xff]), malformed),
  script(
    "a CONNACK with an authentication method that was not asked for",
    "first",
    connack([0x15, ...text("m")]),
    protocol,
  ),
  script("a CONNACK with bytes behind its properties", "first", packet(0x20, [0, 0, 0, 0]), malformed),
  script("a CONNACK with properties longer than it is", "first", packet(0x20, [0, 0, 9]), malformed),
  script(
    "a CONNACK with a length of properties longer than it need be",
    "first",
    packet(0x20, [0, 0, 0x80, 0]),
    malformed,
  ),
];

export const hostileScripts: readonly HostileScript[] = [...first, ...messages, ...control];
