import type { UserProperties } from "mqtt-packet";

import { createPatch, type Carried } from "../../../runtime/rewrite/patch.ts";
import { readTraceContext, stampSpanId, traceParentBytes } from "../../../runtime/rewrite/trace-context.ts";
import { decode } from "../mqtt/scripted-broker.ts";
import { plan, viewOfPublish } from "../queue/fakes.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const parent = `00-${traceId}-${spanId}-01`;

function read(userProperties: UserProperties) {
  return readTraceContext(viewOfPublish({ properties: { userProperties } }));
}

describe("readTraceContext", () => {
  test("reads the trace, the span, and whether it is sampled", () => {
    expect(read({ a: "b", traceparent: parent })).toEqual({ traceId, spanId, isSampled: true });
    expect(read({ traceparent: `00-${traceId}-${spanId}-00` })?.isSampled).toBe(false);
    expect(read({ traceparent: `00-${traceId}-${spanId}-03` })?.isSampled).toBe(true);
  });

  test("keeps what others have beside it, several of them as one list", () => {
    expect(read({ traceparent: parent, tracestate: "congo=t61rcWkgMzE" })?.state).toBe("congo=t61rcWkgMzE");
    expect(read({ traceparent: parent, tracestate: ["a=1", "b=2"] })?.state).toBe("a=1,b=2");
    expect(read({ traceparent: parent, tracestate: "a".repeat(513) })).toEqual({ traceId, spanId, isSampled: true });
  });

  test("reads a later version as far as it is known", () => {
    expect(read({ traceparent: `01-${traceId}-${spanId}-01-more` })).toEqual({ traceId, spanId, isSampled: true });
  });

  test.each([
    ["nothing", {}],
    ["another name", { Traceparent: parent }],
    ["an empty value", { traceparent: "" }],
    ["version ff", { traceparent: `ff-${traceId}-${spanId}-01` }],
    ["capital letters", { traceparent: parent.toUpperCase() }],
    ["a trace of zeros", { traceparent: `00-${"0".repeat(32)}-${spanId}-01` }],
    ["a span of zeros", { traceparent: `00-${traceId}-${"0".repeat(16)}-01` }],
    ["more than version 00 has", { traceparent: `${parent}-more` }],
    ["something behind it", { traceparent: `${parent}x` }],
    ["two of them", { traceparent: [parent, parent] }],
    ["a state alone", { tracestate: "a=1" }],
  ])("finds none in %s", (_case, userProperties) => {
    expect(read(userProperties as UserProperties)).toBeUndefined();
  });
});

describe("a message that is given a trace", () => {
  const context = { traceId, spanId: "00f067aa0ba902b7", isSampled: true };
  const written = `00-${traceId}-00f067aa0ba902b7-01`;
  const give = (userProperties: UserProperties, carried: Carried, patch = createPatch(plan())) => {
    const made = patch(viewOfPublish({ properties: { userProperties, messageExpiryInterval: 60 } }), carried);
    if ("undeliverable" in made) throw new Error(made.undeliverable);
    return made;
  };
  const propertiesOf = (...given: Parameters<typeof give>) =>
    (decode(give(...given).packet)[0] as { properties: object }).properties;

  test("has a new one behind its own properties, and is so much longer", () => {
    expect(propertiesOf({ a: "b" }, { context, isNew: true })).toEqual({
      messageExpiryInterval: 60,
      userProperties: { a: "b", traceparent: written },
    });
    const properties = { userProperties: { a: "b" }, messageExpiryInterval: 60 };
    const bare = createPatch(plan())(viewOfPublish({ properties }));
    expect(give({ a: "b" }, { context, isNew: true }).length - ("length" in bare ? bare.length : 0)).toBe(
      traceParentBytes,
    );
  });

  test("has a continued one where the other stood, and keeps the state", () => {
    const given = { x: "1", traceparent: parent, tracestate: "a=1", y: "2" };

    const made = propertiesOf(given, { context, isNew: false }) as { userProperties: object };

    expect(Object.entries(made.userProperties)).toEqual([
      ["x", "1"],
      ["traceparent", written],
      ["tracestate", "a=1"],
      ["y", "2"],
    ]);
  });

  test("loses what it had of another one when the trace is new", () => {
    const given = { traceparent: ["malformed", "too"], tracestate: "a=1", y: "2" };

    expect(propertiesOf(given, { context, isNew: true })).toMatchObject({ userProperties: { traceparent: written } });
    expect(propertiesOf(given, { context, isNew: true })).not.toHaveProperty("userProperties.tracestate");
  });

  test("counts hops as well", () => {
    const patch = createPatch(plan({ maxHops: 3 }));

    expect(propertiesOf({}, { context, isNew: true }, patch)).toMatchObject({
      userProperties: { "mqtt-dataflow-hops": "1", traceparent: written },
    });
  });

  test("names another span when it is stamped, and only if the trace is its own", () => {
    const made = give({ a: "b" }, { context, isNew: true });
    const parentOf = () =>
      (decode(made.packet)[0] as { properties: { userProperties: UserProperties } }).properties.userProperties[
        "traceparent"
      ];

    stampSpanId(made, "1".repeat(32), "2".repeat(16));
    expect(parentOf()).toBe(written);
    stampSpanId(made, traceId, "2".repeat(16));
    expect(parentOf()).toBe(`00-${traceId}-2222222222222222-01`);
  });
});
