import fc from "fast-check";

import {
  encodePublish,
  encodeUserProperty,
  stampPublish,
  wholeProperties,
  type EncodedPublish,
  type PublishView,
} from "../../../runtime/mqtt/publish.ts";
import type { CloudEventsPlan } from "../../../runtime/rewrite/cloud-events.ts";
import { writeHops } from "../../../runtime/rewrite/hops.ts";
import { createPatch, type Carried, type PatchPlan } from "../../../runtime/rewrite/patch.ts";
import { writeTraceContext } from "../../../runtime/rewrite/trace-context.ts";
import { plan, template, viewOf, viewOfPublish } from "../queue/fakes.ts";
import { encodedProperties } from "./arbitrary-properties.ts";
import { plainCloudEvent, propertiesOf, type Generated } from "./plain-cloud-events.ts";

const cloudEventsPlan: fc.Arbitrary<CloudEventsPlan> = fc.record(
  {
    mode: fc.constantFrom("Propagate" as const, "CreateOrRemap" as const),
    source: fc.constantFrom("aio://cloud", "aio://a"),
    contentType: fc.constantFrom("application/json", "text/plain"),
    dataSchema: fc.constantFrom("sr://oslo/7#2.0.0", "x"),
  },
  { requiredKeys: ["mode", "source"] },
);

const carried: Carried = {
  context: { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", isSampled: true },
  isNew: true,
};

interface Message {
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly properties: Buffer;
  readonly payload: Buffer;
}

const message: fc.Arbitrary<Message> = fc.record({
  topic: fc.constantFrom("a/b", "a/b/c", "a/\u{e5}", `a/${"b".repeat(300)}`),
  qos: fc.constantFrom(0 as const, 1 as const),
  retain: fc.boolean(),
  properties: encodedProperties,
  payload: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
});

/** The message as it arrives. */
function arrival({ topic, qos, retain, properties, payload }: Message): PublishView {
  const source = viewOfPublish({ topic, qos, retain, payload });
  const encoded = encodePublish(source.scanProperties(), { qos, retain, properties: wholeProperties(properties) });
  if (qos > 0) stampPublish(encoded, 1, false);
  return viewOf(encoded.packet).scanProperties();
}

/** The UUID and the time in a forwarded message, as far as it was given one. */
function generatedIn(forwarded: EncodedPublish): Generated {
  const properties = propertiesOf(viewOf(stamped(forwarded).packet));
  const last = (name: string) => properties.findLast((property) => property.name === name)?.value ?? "";
  return { id: last("id"), time: last("time") };
}

function stamped(forwarded: EncodedPublish): EncodedPublish {
  if (forwarded.packetIdOffset > 0) stampPublish(forwarded, 1, false);
  return forwarded;
}

/** Forwards a message as it is done, and as it is written down plainly. */
function forwardBoth(
  patchPlan: PatchPlan & { readonly cloudEvents: CloudEventsPlan },
  came: Message,
  trace?: Carried,
): { made: EncodedPublish; plain: EncodedPublish } {
  const view = arrival(came);
  const made = createPatch(patchPlan)(view, trace);
  if ("undeliverable" in made) throw new Error(made.undeliverable);
  const topic = `cloud/${came.topic}`;
  let properties = plainCloudEvent(view, patchPlan.cloudEvents, topic, generatedIn(made));
  if (patchPlan.maxHops !== undefined) properties = writeHops(wholeProperties(properties), 1);
  if (trace !== undefined) properties = writeTraceContext(wholeProperties(properties), trace.context, trace.isNew);
  const { qos } = patchPlan;
  const parts = { qos, retain: came.retain, topic: Buffer.from(topic), properties: wholeProperties(properties) };
  return { made, plain: stamped(encodePublish(view, parts)) };
}

function planOf(cloudEvents: CloudEventsPlan, change: Partial<PatchPlan> = {}) {
  return { ...plan({ template: template("cloud/${inputTopic}"), ...change }), cloudEvents };
}

test("a forwarded CloudEvent is, byte for byte, what the rules written down plainly make of the message", () => {
  fc.assert(
    fc.property(
      cloudEventsPlan,
      message,
      fc.constantFrom(0 as const, 1 as const),
      fc.constantFrom<Partial<PatchPlan>>({}, { maxHops: 8 }),
      fc.constantFrom(undefined, carried),
      (cloudEvents, came, qos, change, trace) => {
        const { made, plain } = forwardBoth(planOf(cloudEvents, { qos, ...change }), came, trace);

        expect(made.packet.toString("latin1")).toBe(plain.packet.toString("latin1"));
        expect(made.expiryOffset).toBe(plain.expiryOffset);
        expect(made.expirySeconds).toBe(plain.expirySeconds);
      },
    ),
    { numRuns: 2000 },
  );
});

test("also one whose properties are about as large as the memory that they are made in, or larger", () => {
  const cloudEvents = { mode: "CreateOrRemap", source: "aio://cloud" } as const;
  const sizeWith = (valueBytes: number) => {
    const properties = Buffer.concat([Buffer.of(0x0b, 7), encodeUserProperty("big", "v".repeat(valueBytes))]);
    const came: Message = { topic: "a/b", qos: 1, retain: false, properties, payload: Buffer.from("12") };
    const { made, plain } = forwardBoth(planOf(cloudEvents), came);
    expect(made.packet.equals(plain.packet)).toBe(true);
    const { propertiesStart, propertiesEnd } = viewOf(made.packet);
    return propertiesEnd - propertiesStart;
  };
  const smallest = sizeWith(7800);

  const sizes = Array.from({ length: 400 }, (_, index) => sizeWith(7800 + index));

  expect([smallest < 8192, sizes.includes(8192), sizes.includes(8193), sizeWith(60_000) > 60_000]).toEqual(
    Array(4).fill(true),
  );
});

test("the messages of several dataflows in turn leave those before them as they were", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(cloudEventsPlan, message), { minLength: 2, maxLength: 8 }), (some) => {
      const forwarded = some.map(([cloudEvents, came]) => {
        const { packet } = forwardBoth(planOf(cloudEvents), came).made;
        return { packet, then: Buffer.from(packet) };
      });

      expect(forwarded.map(({ packet, then }) => packet.equals(then))).toEqual(forwarded.map(() => true));
    }),
  );
});

test("one dataflow makes of each message what it would make of it alone", () => {
  fc.assert(
    fc.property(cloudEventsPlan, fc.array(message, { maxLength: 8 }), (cloudEvents, messages) => {
      const patch = createPatch(planOf(cloudEvents));

      for (const came of messages) {
        const view = arrival(came);
        const made = patch(view);
        if ("undeliverable" in made) throw new Error(made.undeliverable);
        const expected = plainCloudEvent(view, cloudEvents, `cloud/${came.topic}`, generatedIn(made));
        expect(
          propertiesOf(viewOf(made.packet))
            .map(({ bytes }) => bytes.toString("latin1"))
            .join(""),
        ).toBe(expected.toString("latin1"));
      }
    }),
  );
});

test("the time is the one of its millisecond, whether the clock stands, runs or is set back", () => {
  const times = [1000, 1000, 1001, 5000, 999, 253_402_300_800_000, 1000];
  const patch = createPatch(planOf({ mode: "CreateOrRemap", source: "aio://cloud" }));
  const clock = jest.spyOn(Date, "now");

  const written = times.map((now) => {
    clock.mockReturnValue(now);
    return generatedIn(patch(viewOfPublish()) as EncodedPublish).time;
  });
  clock.mockRestore();

  expect(written).toEqual(times.map((now) => new Date(now).toISOString()));
});
