import { Duplex } from "node:stream";

import fc from "fast-check";

import { createPatch } from "../../../runtime/rewrite/patch.ts";
import { Connection } from "../../../runtime/mqtt/connection.ts";
import { PacketReader } from "../../../runtime/mqtt/packet-reader.ts";
import { protocolError, ProtocolError } from "../../../runtime/mqtt/wire/protocol-error.ts";
import { PublishView } from "../../../runtime/mqtt/publish.ts";
import { publishPacket, serverPacket } from "../mqtt/arbitrary-packets.ts";
import { connack, decode, encode } from "../mqtt/scripted-broker.ts";
import { plan, template } from "./fakes.ts";

/** Every step that a dataflow's messages can go through. */
const patch = createPatch(
  plan({
    template: template("site/${inputTopic}"),
    isEventGrid: true,
    maxHops: 8,
    cloudEvents: { mode: "CreateOrRemap", source: "aio://x", contentType: "application/json", dataSchema: "s" },
  }),
);

/** Changes of a packet's bytes: which position becomes what. */
const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });

function damaged(bytes: Buffer, changes: readonly (readonly [number, number])[], end: number): Buffer {
  for (const [at, value] of changes) bytes[at % bytes.length] = value;
  return bytes.subarray(0, end % (bytes.length + 1));
}

test("a damaged PUBLISH is forwarded as a whole packet or refused as a breach of the protocol, nothing else", () => {
  const view = new PublishView();
  const reader = () =>
    new PacketReader((bytes, start, end, headerLength) => {
      if ((bytes[start] ?? 0) >> 4 !== 3) return;
      const made = patch(view.read(bytes, start, end, headerLength));
      if ("packet" in made) expect(made.packet.length).toBe(new PublishView().readPacket(made.packet).end);
    });
  fc.assert(
    fc.property(publishPacket, damage, fc.nat(), fc.nat(50), (packet, changes, end, size) => {
      const bytes = damaged(encode(packet), changes, end);
      const read = reader();
      try {
        for (let at = 0; at < bytes.length; at += size + 1) read.push(bytes.subarray(at, at + size + 1));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }),
    { numRuns: 3000 },
  );
});

test("every step at once leaves a packet that says what it said, but for what was to change", () => {
  const view = new PublishView();
  fc.assert(
    fc.property(publishPacket, (packet) => {
      const reader = new PacketReader((bytes, start, end, headerLength) => {
        const made = patch(view.read(bytes, start, end, headerLength));
        if ("undeliverable" in made) return;
        const [forwarded] = decode(made.packet);
        // As the same decoder reads it: it drops a value behind an empty one of the same name.
        const { properties: sent = {} } = decode(encode(packet))[0] as typeof packet;
        const { userProperties = {}, subscriptionIdentifier: _own, ...kept } = sent;
        expect(forwarded).toMatchObject({
          topic: `site/${packet.topic}`,
          payload: Buffer.from(packet.payload),
          properties: { ...kept, contentType: "application/json" },
        });
        const written = { ...((forwarded as typeof packet).properties?.userProperties ?? {}) };
        // What the step itself writes, and what nobody else may.
        const own = ["specversion", "id", "type", "source", "subject", "time", "dataschema", "mqtt-dataflow-hops"];
        expect(written).toHaveProperty(["mqtt-dataflow-hops"]);
        const others = (from: object) => Object.entries(from).filter(([name]) => !own.includes(name));
        // One value or a list of one is the same on the wire.
        const plain = (from: object) => Object.fromEntries(others(from).map(([name, value]) => [name, [value].flat()]));
        expect(plain(written)).toEqual(plain(userProperties));
      });
      reader.push(encode(packet));
    }),
  );
});

/** A stream whose other end is the test. */
function createStream(): Duplex {
  return new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
}

test("a connection takes any bytes in any chunks: it ends with a reason or goes on, and nothing is thrown", () => {
  const packets = fc.array(serverPacket, { minLength: 1, maxLength: 4 });
  const hostile = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(packets, damage, fc.nat())
      .map(([sent, changes, end]) => damaged(Buffer.concat(sent.map((packet) => encode(packet))), changes, end)),
  );
  fc.assert(
    fc.property(hostile, fc.boolean(), fc.nat(40), (bytes, isConnected, size) => {
      const stream = createStream();
      const ends: (Error | undefined)[] = [];
      const connection = new Connection(
        stream,
        {
          peer: "source x",
          clientId: "c",
          cleanStart: false,
          sessionExpirySeconds: 1,
          keepAliveSeconds: 0,
          receiveMaximum: 1,
          timeoutMs: 1000,
        },
        {
          onConnected: () => undefined,
          onPublish: (view) => void patch(view),
          roomFor: () => undefined,
          onPassedOver: (view) => void patch(view),
          onPuback: () => undefined,
          onClosed: (error) => ends.push(error),
        },
      );
      if (isConnected) stream.emit("data", encode(connack()));

      for (let at = 0; at < bytes.length; at += size + 1) stream.emit("data", bytes.subarray(at, at + size + 1));

      expect(ends.length).toBeLessThanOrEqual(1);
      if (ends.length === 1) expect(ends[0]?.message).toMatch(/^source x /);
      connection.destroy("is done with");
      expect(ends).toHaveLength(1);
    }),
    { numRuns: 3000 },
  );
});

test("a PUBLISH without a topic is a breach of the protocol", () => {
  const bytes = encode({ cmd: "publish", qos: 0, dup: false, retain: false, topic: "a", payload: "p" });
  const withoutTopic = Buffer.from([0x30, 4, 0, 0, 0, bytes.at(-1) ?? 0]);

  expect(new PublishView().read(withoutTopic, 0, withoutTopic.length, 2).check()).toEqual(
    protocolError("a PUBLISH without a topic"),
  );
});
