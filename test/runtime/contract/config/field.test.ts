import * as v from "valibot";

import {
  block,
  choice,
  flag,
  integer,
  kubernetesName,
  list,
  named,
  nearestName,
  secretName,
  show,
  text,
  unknownKey,
} from "../../../../runtime/contract/config/field.ts";
import { growthOf, mostLinearGrowth } from "../../../support/growth.ts";

const notes = { description: "What it decides.", source: "A test" };

function messagesOf(schema: v.GenericSchema, value: unknown): string[] {
  return v.safeParse(schema, value).issues?.map(({ message }) => message) ?? [];
}

describe("integer", () => {
  const schema = integer({ min: 1, max: 20 }, { ...notes, unit: "s" });

  test.each([1, 2, 20])("takes %d", (value) => {
    expect(messagesOf(schema, value)).toEqual([]);
  });

  test.each([
    [0, "is 0 s; give a whole number from 1 to 20 s"],
    [21, "is 21 s; give a whole number from 1 to 20 s"],
    [1.5, "is 1.5 s; give a whole number from 1 to 20 s"],
    ["5", 'is "5"; give a whole number from 1 to 20 s'],
    [null, "is null; give a whole number from 1 to 20 s"],
    [true, "is true; give a whole number from 1 to 20 s"],
    [[5], "is [5]; give a whole number from 1 to 20 s"],
  ])("refuses %j", (value, message) => {
    expect(messagesOf(schema, value)).toEqual([message]);
  });

  test("leaves the unit out where there is none", () => {
    expect(messagesOf(integer({ min: 1, max: 2 }, notes), 3)).toEqual(["is 3; give a whole number from 1 to 2"]);
  });

  test("tells its bounds to the reference page", () => {
    expect(v.getMetadata(schema)).toEqual({ ...notes, unit: "s", bounds: "1 to 20" });
  });
});

describe("text", () => {
  const schema = text(notes, { pattern: /^a/, hint: 'give a text that begins with "a"' });

  test("takes a text that its rule takes", () => {
    expect(messagesOf(schema, "ab")).toEqual([]);
  });

  test.each([
    ["b", 'is "b"; give a text that begins with "a"'],
    [7, 'is 7; give a text that begins with "a"'],
    ["mqtt://me:hunter2@host", 'is "mqtt://…@host"; give a text that begins with "a"'],
  ])("refuses %j", (value, message) => {
    expect(messagesOf(schema, value)).toEqual([message]);
  });

  test("takes any text when it has no rule", () => {
    expect(messagesOf(text(notes), "")).toEqual([]);
    expect(messagesOf(text(notes), 7)).toEqual(["is 7; give a text in quotes"]);
  });
});

describe("secretName", () => {
  test("takes the name of a Secret", () => {
    expect(messagesOf(secretName(notes), "relay-credentials.v2")).toEqual([]);
  });

  test.each(["Hunter2!", "-----BEGIN PRIVATE KEY-----", "", 42, { key: "hunter2" }, "a".repeat(254)])(
    "refuses %j without repeating it",
    (value) => {
      const message = "is not the name of a Kubernetes Secret; give the Secret's name, never its content";
      expect(new Set(messagesOf(secretName(notes), value))).toEqual(new Set([message]));
    },
  );
});

test.each([
  ["a", true],
  ["a.b-c", true],
  ["a".repeat(253), true],
  ["a".repeat(254), false],
  ["-a", false],
  ["a-", false],
  ["A", false],
  ["a_b", false],
  ["", false],
])('kubernetesName of "%s" is %s', (name, isName) => {
  expect(kubernetesName.test(name)).toBe(isName);
});

test.each([
  [choice(["Keep", "Never"], notes), "Keep", []],
  [choice(["Keep", "Never"], notes), "keep", ['is "keep"; give "Keep" or "Never"']],
  [choice([0, 1], notes), 1, []],
  [choice([0, 1], notes), 2, ["is 2; give 0 or 1"]],
  [choice([0, 1], notes), "1", ['is "1"; give 0 or 1']],
  [flag(notes), false, []],
  [flag(notes), "false", ['is "false"; give true or false']],
  [flag(notes), 0, ["is 0; give true or false"]],
])("choices and flags %#", (schema, value, messages) => {
  expect(messagesOf(schema, value)).toEqual(messages);
});

describe("block", () => {
  const schema = block({ qos: v.number(), retain: v.optional(v.string(), "Keep") });

  test("fills in defaults", () => {
    expect(v.parse(schema, { qos: 1 })).toEqual({ qos: 1, retain: "Keep" });
  });

  test.each([
    [{}, "is missing; add it"],
    [{ qos: 1, QoS: 1 }, 'is not a known field; did you mean "qos"?'],
    [{ qos: 1, colour: 1 }, 'is not a known field; use one of "qos", "retain"'],
    [null, "is null; give an object"],
    [[], "is a list; give an object"],
    [[{ qos: 1 }], "is a list; give an object"],
    ["hunter2", "is a text; give an object"],
    [7, "is a number; give an object"],
    [true, "is a boolean; give an object"],
  ])("refuses %j", (value, message) => {
    expect(messagesOf(schema, value)).toEqual([message]);
  });

  test("refuses a list where everything may be left out", () => {
    expect(messagesOf(block({ retain: v.optional(v.string(), "Keep") }), [])).toEqual(["is a list; give an object"]);
  });
});

describe("named", () => {
  const schema = named(v.number(), "an endpoint");
  const rule = 'name an endpoint with 3 to 63 lower-case letters, digits and "-", first and last no "-"';

  test.each(["abc", "a-b", "0a0", "a".repeat(63)])('takes the name "%s"', (name) => {
    expect(messagesOf(schema, { [name]: 1 })).toEqual([]);
  });

  test.each(["ab", "a".repeat(64), "-ab", "ab-", "Abc", "a_b", "a.b", ""])('refuses the name "%s"', (name) => {
    const shown = name.length > 58 ? `"${name.slice(0, 56)}...` : `"${name}"`;
    expect(messagesOf(schema, { [name]: 1 })).toEqual([`is no name for an endpoint (${shown}); ${rule}`]);
  });

  test.each([
    [[], "is a list; give an object whose keys are names"],
    [null, "is null; give an object whose keys are names"],
    ["edge", "is a text; give an object whose keys are names"],
  ])("refuses %j", (value, message) => {
    expect(messagesOf(schema, value)).toEqual([message]);
  });
});

describe("nearestName", () => {
  const known = ["qos", "keepAliveSeconds", "maxInflightMessages", "retain", "protocol"];

  test.each([
    ["QoS", "qos"],
    ["qso", "qos"],
    ["keepAliveSecond", "keepAliveSeconds"],
    ["keepalive", "keepAliveSeconds"],
    ["maxInflight", "maxInflightMessages"],
    ["retains", "retain"],
    ["Protocoll", "protocol"],
    ["colour", undefined],
    ["kee", undefined],
    ["toString", undefined],
    ["", undefined],
  ])('of "%s" is %s', (typed, name) => {
    expect(nearestName(typed, known)).toBe(name);
  });

  test("prefers the nearest of several", () => {
    expect(nearestName("clod", ["cold", "cloud", "clo"])).toBe("cloud");
  });
});

test("unknownKey lists what is known when nothing is near", () => {
  expect(unknownKey("x", ["qos", "retain"])).toBe('is not a known field; use one of "qos", "retain"');
});

test.each([
  [[], "none"],
  [["a"], '"a"'],
  [["a", "b"], '"a", "b"'],
])("list of %j is %s", (names, listed) => {
  expect(list(names)).toBe(listed);
});

test.each([
  [undefined, "missing"],
  ["a", '"a"'],
  [{ a: [1] }, '{"a":[1]}'],
  ["x".repeat(58), `"${"x".repeat(58)}"`],
  ["x".repeat(59), `"${"x".repeat(56)}...`],
  ["mqtts://user:hunter2@broker:8883", '"mqtts://…@broker:8883"'],
  ["mqtts://user:a//b@c d@broker:8883", '"mqtts://…@broker:8883"'],
  ["me@host//x", '"me@host//x"'],
])("show(%j) is %s", (value, shown) => {
  expect(show(value)).toBe(shown);
});

test.each([
  ["slashes without a user", (n: number) => "//".repeat(n)],
  ["users", (n: number) => "//a@".repeat(n)],
])("showing a value costs as it is long: %s", (_case, make) => {
  expect(growthOf(make, show, 50_000)).toBeLessThan(mostLinearGrowth);
});
