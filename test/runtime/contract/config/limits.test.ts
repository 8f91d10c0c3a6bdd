import { parseRelayConfig } from "../../../../runtime/contract/config.ts";
import { ConfigError } from "../../../../runtime/contract/errors.ts";
import { growthOf, mostLinearGrowth } from "../../../support/growth.ts";
import { buildDocument, parseDocument, problemsOf, problemsOfText } from "./build-document.ts";

const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));

function flow(from: string, dataSources: unknown, to: string, dataDestination: string, more: object = {}) {
  return {
    operations: [
      { operationType: "Source", sourceSettings: { endpointRef: from, dataSources } },
      { operationType: "Destination", destinationSettings: { endpointRef: to, dataDestination } },
    ],
    ...more,
  };
}

const named = <T>(count: number, make: (index: number) => T) =>
  Object.fromEntries(times(count, (index) => [`name-${index}`, make(index)] as const));

const endpoint = (host: string) => ({
  endpointType: "Mqtt",
  mqttSettings: { host, authentication: { method: "Anonymous" } },
});

describe("a document has a largest", () => {
  const tooLarge =
    "document: is larger than 1048576 bytes, which is all that a ConfigMap can hold; spread the dataflows over several relays";

  test("size in bytes, not in characters", () => {
    const text = JSON.stringify(buildDocument());
    const padded = (bytes: number, character: string) =>
      text + character.repeat((bytes - text.length) / Buffer.byteLength(character));

    expect(problemsOfText(padded(1_048_576, " "))).toEqual([]);
    expect(problemsOfText(padded(1_048_577, " "))).toEqual([tooLarge]);
    expect(problemsOfText(`"${"€".repeat(349_525)}`)).toEqual([
      "line 1, column 349527: is not JSON (Unterminated string); correct it there",
    ]);
    expect(problemsOfText(`"${"€".repeat(349_526)}`)).toEqual([tooLarge]);
  });

  test.each([
    ["unknown field", "x[0][0][0]", "{", '"x":', "}"],
    ["field", "relay.site[0][0]", "{", '"relay":{"site":', "}}"],
    ["list", "items[0][0][0]", '{"kind":"List",', '"items":', "}"],
    ["document", "document[0][0][0][0]", "", "", ""],
  ])("depth, whatever stands there and without a stack for it: %s", (_case, path, start, key, end) => {
    const nested = (depth: number) => `${start}${key}${"[".repeat(depth)}${"]".repeat(depth)}${end}`;
    const tooDeep = `${path}: has more than 64 objects and lists within each other; correct it; no field is that deep`;

    expect(problemsOfText(nested(60))).not.toContain(tooDeep);
    expect(problemsOfText(nested(100_000))).toEqual([tooDeep]);
  });

  test.each([
    [
      "number of endpoints",
      { endpoints: named(1001, (index) => endpoint(`host-${index}:8883`)) },
      "endpoints: lists 1001 endpoints, more than 1000; spread the dataflows over several relays",
    ],
    [
      "number of dataflows",
      { dataflows: named(1001, () => flow("edge", ["a"], "cloud", "b")) },
      "dataflows: lists 1001 dataflows, more than 1000; spread the dataflows over several relays",
    ],
    [
      "number of topic filters, in all dataflows together",
      { dataflows: named(3, () => flow("edge", times(667, String), "cloud", "b")) },
      "dataflows: list 2001 topic filters in all, more than 2000; spread the dataflows over several relays, or use wildcards",
    ],
  ])("%s, which comes before all else that is wrong", (_case, changes, problem) => {
    expect(problemsOf(buildDocument({ ...changes, colour: "blue" }))).toEqual([problem]);
  });

  test("length of a text, which MQTT has too", () => {
    const at = "dataflows.upward.operations[1].destinationSettings.dataDestination";
    const withTopic = (length: number) =>
      problemsOf(buildDocument({ "dataflows.upward": flow("edge", ["a"], "plant", "t".repeat(length)) }));

    expect(withTopic(65_535)).toEqual([]);
    expect(withTopic(65_536)).toContain(`${at}: is 65536 bytes long; give 65535 bytes at most`);
  });
});

test("a topic with half a character is refused: UTF-8 has none, so that it would become another topic", () => {
  const problems = problemsOf(buildDocument({ "dataflows.upward": flow("edge", ["a/\ud83d/b"], "cloud", "x/\ude00") }));

  expect(problems.map((problem) => problem.replace(/^\S+ /, ""))).toEqual(
    times(2, () => "holds half a character (a surrogate without its other half); correct it"),
  );
});

test("keys that objects inherit are unknown keys like others", () => {
  const document = `{"toString": 1, "__proto__": 1, ${JSON.stringify(buildDocument()).slice(1)}`;

  expect(problemsOfText(document).map((problem) => problem.split(":")[0])).toEqual(["toString", "__proto__"]);
});

test("a text of any length is shortened where a message repeats it", () => {
  const long = "x/".repeat(30_000);
  const upward = flow("edge", [`${long}#`, `${long}a`], "plant", "b");

  const { warnings } = parseDocument(buildDocument({ "dataflows.upward": upward }));

  expect(warnings).toHaveLength(1);
  expect(warnings[0]?.problem.length).toBeLessThan(1000);
});

/** A document of a size that has one part which grows. */
const shapes: readonly (readonly [part: string, size: number, make: (size: number) => object])[] = [
  ["open placeholders", 5000, (n) => ({ dataflows: { one: flow("edge", ["a"], "plant", "${".repeat(n)) } })],
  ["unknown keys of the document", 2000, (n) => named(n, () => 1)],
  ["unknown keys of a field", 2000, (n) => ({ "endpoints.plant.mqttSettings": named(n, () => 1) })],
  ["names that are none", 1000, (n) => ({ endpoints: Object.fromEntries(times(n, (i) => [`X${i}`, 1])) })],
  ["wrong values", 2000, (n) => ({ dataflows: { one: flow("edge", times(n / 4, Number), "plant", "a") } })],
  ["operations", 250, (n) => ({ dataflows: { one: { operations: times(n, () => ({ operationType: "Source" })) } } })],
  ["endpoints", 250, (n) => ({ endpoints: named(n, (i) => endpoint(`host-${i}:8883`)) })],
  [
    "dataflows that are chained",
    240,
    (n) => ({ dataflows: named(n, (i) => flow("plant", [`t${i}/#`], "plant", `t${i + 1}/x`)) }),
  ],
  [
    "dataflows in a ring",
    240,
    (n) => ({ dataflows: named(n, (i) => flow("plant", [`t${i}/#`], "plant", `t${(i + 1) % n}/x`)) }),
  ],
  [
    "dataflows that all lead to each other",
    240,
    (n) => ({
      dataflows: named(n, (i) => flow(i % 2 ? "edge" : "plant", ["#"], i % 2 ? "plant" : "edge", "${inputTopic}")),
    }),
  ],
  [
    "dataflows whose endpoints don't exist",
    240,
    (n) => ({
      endpoints: named(n, (i) => endpoint(`host-${i}:8883`)),
      dataflows: named(n, (i) => flow(`nome-${i}`, ["a"], `nema-${i}`, "b")),
    }),
  ],
  [
    "topic filters of a dataflow",
    480,
    (n) => ({
      dataflows: {
        one: flow(
          "edge",
          times(n, (i) => `s${i}/#`),
          "plant",
          "${inputTopic}",
        ),
      },
    }),
  ],
  [
    "topic filters that all overlap",
    480,
    (n) => ({
      dataflows: {
        one: flow(
          "edge",
          times(n, () => "s/#"),
          "plant",
          "${inputTopic}",
        ),
      },
    }),
  ],
  [
    "topic filters at one endpoint",
    480,
    (n) => ({
      dataflows: {
        one: flow(
          "plant",
          times(n, (i) => `s${i}/#`),
          "plant",
          "q/${inputTopic}",
        ),
      },
    }),
  ],
  [
    "levels of topic filters",
    4000,
    (n) => ({
      dataflows: { one: flow("edge", [`${"x/".repeat(n)}+`, `${"x/".repeat(n)}y`], "plant", "${inputTopic}") },
    }),
  ],
  [
    "slashes in a row",
    7000,
    (n) => ({ dataflows: { one: flow("edge", [`a${"/".repeat(n)}b`], "plant", "${inputTopic.1}") } }),
  ],
];

test.each(shapes)("cost grows as the document does: %s", (_part, size, make) => {
  const text = (n: number) => JSON.stringify(buildDocument({ ...make(n) }));

  expect(growthOf(text, read, size)).toBeLessThan(mostLinearGrowth);
});

/** Reads a document, whatever is wrong with it. */
function read(text: string): void {
  try {
    parseRelayConfig(text, { where: "doc" });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
}
