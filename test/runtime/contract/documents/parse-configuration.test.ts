import fc from "fast-check";

import { parseRelayConfig } from "../../../../runtime/contract/config.ts";
import { ConfigError } from "../../../../runtime/contract/errors.ts";
import { growthOf, mostLinearGrowth } from "../../../support/growth.ts";
import { buildDocument } from "../config/build-document.ts";
import { parseResources, parseText, problemsOfResources, problemsOfText, withoutPlaces } from "./read-resources.ts";

const endpoint = (name: string, mqttSettings: object = {}) => ({
  kind: "DataflowEndpoint",
  metadata: { name },
  spec: {
    endpointType: "Mqtt",
    mqttSettings: { host: "plant.example:8883", authentication: { method: "Anonymous" }, ...mqttSettings },
  },
});

const dataflow = (name: string, from: string, to: string, more: object = {}) => ({
  kind: "Dataflow",
  metadata: { name },
  spec: {
    operations: [
      { operationType: "Source", sourceSettings: { endpointRef: from, dataSources: ["a/+"] } },
      { operationType: "Destination", destinationSettings: { endpointRef: to, dataDestination: "b" } },
    ],
    ...more,
  },
});

/** An endpoint without fault. */
const plain = {
  endpointType: "Mqtt",
  mqttSettings: { host: "a.example:8883", authentication: { method: "Anonymous" } },
};

describe("this project's own form", () => {
  test("gives the same as parseRelayConfig, in JSON and in YAML", () => {
    const text = JSON.stringify(buildDocument());
    const { config, skipped, notes } = parseRelayConfig(text, { where: "doc" });

    expect(parseText(text)).toMatchObject({ config, skipped, notes });
    expect(parseText(text, {}, "doc.yaml")).toMatchObject({ config, skipped, notes });
  });

  test.each([
    ["an unknown field", { "endpoints.plant.mqttSettings.colour": "blue" }],
    ["an unknown field of the profile", { "profile.tolerations": [] }],
    ["a log level of AIO's", { "profile.diagnostics.logs.level": "off" }],
    ["a word in lower case", { "dataflows.upward.mode": "enabled" }],
    ["null", { "endpoints.plant.hostType": null }],
    ["a name of two characters", { "endpoints.mq": plain }],
    ["a long name of an operation", { "dataflows.upward.operations.1.name": "x".repeat(65) }],
    ["an endpoint that no dataflow uses and that is wrong", { "endpoints.plant.mqttSettings.host": "plant" }],
  ])("is refused for %s, as a ConfigMap with it would be", (_case, change) => {
    const text = JSON.stringify(buildDocument(change));
    const strict = () => parseRelayConfig(text, { where: "doc.json" });

    expect(strict).toThrow(ConfigError);
    expect(problemsOfText(text).map((line) => line.replace(/^doc\.json:1:\d+: /, ""))).toEqual(
      linesOf(strict).map((line) => line.trim()),
    );
  });

  test("has just the dataflows that are wanted, and is not refused for the others", () => {
    const document = buildDocument({ "dataflows.broken": { operations: [] } });

    expect(Object.keys(parseResources(document, { dataflows: ["upward"] }).config.dataflows)).toEqual(["upward"]);
    expect(problemsOfResources(document, { dataflows: ["broken"] })).toHaveLength(1);
  });
});

/** Lines of the message of a refusal, without the first. */
function linesOf(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    return (error as Error).message.split("\n").slice(1);
  }
}

describe("resources of AIO", () => {
  test("are refused for a mistake, even where other dataflows could run", () => {
    const items = [endpoint("plant"), dataflow("good", "default", "plant"), dataflow("bad", "default", "plan")];

    expect(problemsOfResources(items)).toEqual([
      '[2].spec.operations[1].destinationSettings.endpointRef: names the endpoint "plan", which does not exist; did you mean "plant"?',
    ]);
    expect(Object.keys(parseResources(items, { dataflows: ["good"] }).config.dataflows)).toEqual(["good"]);
  });

  test("are judged with what is left once the others are skipped", () => {
    const headers = [{ actionType: "Remove", key: "a" }];
    const skippedFlow = dataflow("away", "plant", "lab");
    const [, destination] = skippedFlow.spec.operations;
    Object.assign(destination!, { destinationSettings: { endpointRef: "lab", dataDestination: "b", headers } });
    const { config, skipped } = parseResources([
      endpoint("plant"),
      endpoint("lab", { qos: 2 }),
      dataflow("stays", "default", "plant"),
      skippedFlow,
    ]);

    expect(Object.keys(config.dataflows)).toEqual(["stays"]);
    expect(Object.keys(config.endpoints)).toEqual(["default", "plant"]);
    expect(withoutPlaces(skipped)).toEqual([
      'dataflow "away": operations[1].destinationSettings.headers is served by AIO\'s own engine only',
      'endpoint "lab" is used by no dataflow, and can\'t be: mqttSettings.qos is 2',
    ]);
  });

  test("may leave out AIO's own endpoint, which is taken as AIO makes it", () => {
    const { config } = parseResources([dataflow("within", "default", "default")]);

    expect(config.endpoints["default"]).toMatchObject({
      hostType: "LocalBroker",
      mqttSettings: {
        host: "aio-broker:18883",
        authentication: { method: "ServiceAccountToken", serviceAccountTokenSettings: { audience: "aio-internal" } },
        tls: { mode: "Enabled", trustedCaCertificateConfigMapRef: "azure-iot-operations-aio-ca-trust-bundle" },
      },
    });
  });

  test("say where they stand, whatever their names are", () => {
    const text =
      '[\n {"kind": "Dataflow", "metadata": {"name": "a.b[0]"},\n  "spec": {"mode": "x", "operations": []}}]';

    expect(problemsOfText(text)).toEqual([
      'doc.json:2:36: [0].metadata.name: is no name for a dataflow ("a.b[0]"); name a dataflow with 1 to 63 lower-case letters, digits and "-", first and last no "-"',
      'doc.json:3:12: [0].spec.mode: is "x"; give "Enabled" or "Disabled"',
    ]);
  });

  test("in a list with something else are refused for it", () => {
    expect(problemsOfResources([dataflow("within", "default", "default"), 7, { a: 1 }])).toEqual([
      "[1]: is no resource of Azure IoT Operations, nor are 1 more of its list; take it out",
    ]);
  });
});

test.each([
  ["a list of numbers", "[1, 2]", "is nothing that holds dataflows (it is a list of something else)"],
  ["values of a chart", "image: { tag: 1 }", 'is nothing that holds dataflows (its fields are "image")'],
])("%s is refused by what it is, in one line", (_case, text, problem) => {
  const [line, ...more] = problemsOfText(text, {}, "doc.yaml");

  expect(line).toMatch(/^doc\.yaml:1:1: document: /);
  expect(line).toContain(problem);
  expect(more).toEqual([]);
});

describe("cost", () => {
  const times = <T>(count: number, make: (index: number) => T) =>
    Array.from({ length: count }, (_, index) => make(index));
  const read = (text: string, file: string) => void linesOf(() => parseText(text, {}, file));

  test.each<[string, (count: number) => unknown[], number]>([
    ["resources", (count) => times(count, (index) => dataflow(`flow-${index}`, "a", "b")), 240],
    ["resources with mistakes", (count) => times(count, (index) => dataflow(`flow-${index}`, "a", "b", { x: 1 })), 240],
    ["resources of one name", (count) => times(count, () => ({ ...dataflow("one", "a", "b"), spec: {} })), 500],
    ["endpoints with mistakes", (count) => times(count, (index) => endpoint(`e-${index}`, { qos: 2 })), 240],
    ["endpoints that are not MQTT", (count) => times(count, (index) => endpoint(`e-${index}`, { x: 1 })), 240],
    ["other kinds", (count) => times(count, (index) => ({ kind: `Kind${index}` })), 3000],
    ["things that are nothing", (count) => times(count, () => 1), 60_000],
  ])("grows as the text does, in JSON and in YAML: %s", (_case, make, size) => {
    const json = (count: number) => JSON.stringify({ kind: "List", items: make(count) });
    const yaml = (count: number) =>
      make(count)
        .map((item) => `--- ${JSON.stringify(item)}\n`)
        .join("");

    expect(
      growthOf(
        json,
        (text) => {
          read(text, "doc.json");
        },
        size,
      ),
    ).toBeLessThan(mostLinearGrowth);
    expect(
      growthOf(
        yaml,
        (text) => {
          read(text, "doc.yaml");
        },
        Math.min(size, 240),
      ),
    ).toBeLessThan(mostLinearGrowth);
  });

  test("of a template whose expressions name a large value again and again is bounded", () => {
    const large = times(9000, (index) => index);
    const properties = Object.fromEntries(times(5000, (index) => [`k${index}`, "[variables('large')]"]));
    const resources = [{ type: "Microsoft.IoTOperations/instances/dataflowEndpoints", name: "a/b", properties }];
    const text = JSON.stringify({ contentVersion: "1.0.0.0", variables: { large }, resources });

    expect(linesOf(() => parseText(text)).join("\n")).toContain("holds what only a deployment resolves");
  });
});

test("whatever a file holds, it is read or refused as a configuration", () => {
  const words = [
    "Mqtt",
    "List",
    "DataflowEndpoint",
    "Dataflow",
    "Source",
    "Anonymous",
    "[parameters('a')]",
    "{{ a }}",
    "",
  ];
  const word = fc.constantFrom(...words, "Microsoft.IoTOperations/instances/dataflowEndpoints", "__proto__");
  const keys = ["kind", "metadata", "name", "spec", "items", "type", "properties", "resources", "contentVersion"];
  const key = fc.constantFrom(...keys, "dataflows", "dataflowEndpoints", "operations", "endpointType", "value", "id");
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 5 }, word, fc.constantFrom(null, 1, true), tie("list"), tie("object")),
    list: fc.array(tie("value"), { maxLength: 3 }),
    object: fc.dictionary(key, tie("value"), { maxKeys: 5 }),
  }));

  fc.assert(
    fc.property(value, (content) => {
      try {
        parseResources(content);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
      }
    }),
    { numRuns: 2000 },
  );
});
