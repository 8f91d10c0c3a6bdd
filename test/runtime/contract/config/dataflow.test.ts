import { dataflowParts } from "../../../../runtime/contract/config/dataflow.ts";
import { buildDocument, parseDocument, problemsOf } from "./build-document.ts";

const source = { operationType: "Source", sourceSettings: { endpointRef: "edge", dataSources: ["plant/+/telemetry"] } };
const transformation = { operationType: "BuiltInTransformation", builtInTransformationSettings: {} };
const destination = {
  operationType: "Destination",
  destinationSettings: { endpointRef: "cloud", dataDestination: "oslo" },
};
const at = "dataflows.upward";

function withOperations(...operations: unknown[]) {
  return buildDocument({ [`${at}.operations`]: operations });
}

test("a dataflow has AIO's defaults", () => {
  expect(parseDocument(buildDocument()).config.dataflows["upward"]).toEqual({
    mode: "Enabled",
    operations: [source, destination],
    relay: {
      undeliverableMessages: "Stop",
      spool: {
        mode: "Disabled",
        maxBytes: 1_073_741_824,
        drainMessagesPerSecond: 900,
        drainBytesPerSecond: 900_000,
      },
      maxInflightBytes: 16_777_216,
      stallTimeoutSeconds: 60,
      refusalTimeoutSeconds: 60,
    },
  });
});

describe("operations", () => {
  test.each([
    ["a source and a destination", [source, destination]],
    ["a transformation between them", [source, transformation, destination]],
    [
      "a transformation with empty lists, as AIO writes it",
      [
        source,
        {
          ...transformation,
          builtInTransformationSettings: {
            serializationFormat: "Json",
            datasets: [],
            filter: [],
            map: [{ type: "PassThrough", inputs: ["*"], output: "*" }],
          },
        },
        destination,
      ],
    ],
    [
      "a schema and names",
      [
        { ...source, name: "from the plant" },
        { ...transformation, name: "x".repeat(64), builtInTransformationSettings: { schemaRef: "aio-sr://n/s:1" } },
        { ...destination, name: "" },
      ],
    ],
  ])("%s", (_case, operations) => {
    expect(problemsOf(withOperations(...operations))).toEqual([]);
  });

  const remedy = "give a Source, then at most one BuiltInTransformation, then a Destination";
  test.each([
    ["none", [], `is empty; ${remedy}`],
    ["a source alone", [source], `has Source; ${remedy}`],
    ["the wrong order", [destination, source], `has Destination, Source; ${remedy}`],
    ["two sources", [source, source, destination], `has Source, Source, Destination; ${remedy}`],
    ["two destinations", [source, destination, destination], `has Source, Destination, Destination; ${remedy}`],
    [
      "two transformations",
      [source, transformation, transformation, destination],
      `has Source, BuiltInTransformation, BuiltInTransformation, Destination; ${remedy}`,
    ],
    [
      "a transformation last",
      [source, destination, transformation],
      `has Source, Destination, BuiltInTransformation; ${remedy}`,
    ],
  ])("refuses %s", (_case, operations, message) => {
    expect(problemsOf(withOperations(...operations))).toEqual([`${at}.operations: ${message}`]);
  });

  test.each([{}, "Source", null])("are a list, not %j", (operations) => {
    expect(problemsOf(buildDocument({ [`${at}.operations`]: operations }))).toEqual([
      `${at}.operations: is no list; ${remedy}`,
    ]);
  });
});

test("a source may name its asset and its schema, which change nothing", () => {
  const settings = "dataflows.upward.operations.0.sourceSettings";

  expect(
    problemsOf(buildDocument({ [`${settings}.assetRef`]: "oven", [`${settings}.schemaRef`]: "aio-sr://n/s:1" })),
  ).toEqual([]);
});

describe("fields of operations", () => {
  const engine = "which only AIO's own engine can; remove it or run the dataflow there";
  const format = "which only AIO's own engine can read and write; remove it or run the dataflow there";
  const spoolBytes = "is 1 bytes; give a whole number from 1048576 to 1099511627776 bytes";
  const engineOnly = "is served by AIO's own engine only; remove it or run the dataflow there";
  const types = 'set "operationType" to one of Source, BuiltInTransformation, Destination';
  const settings = "operations.1.builtInTransformationSettings";

  test.each([
    ["mode", "enabled", "mode", 'is "enabled"; give "Enabled" or "Disabled"'],
    ["operations.0.operationType", "source", "operations[0].operationType", `is not an operation type; ${types}`],
    ["operations.0.operationType", undefined, "operations[0].operationType", `is missing; ${types}`],
    [
      "operations.0.name",
      "x".repeat(65),
      "operations[0].name",
      `is "${"x".repeat(56)}...; shorten it to 64 characters`,
    ],
    ["operations.0.sourceSettings", undefined, "operations[0].sourceSettings", "is missing; add it"],
    [
      "operations.0.sourceSettings.endpointRef",
      undefined,
      "operations[0].sourceSettings.endpointRef",
      "is missing; add it",
    ],
    [
      "operations.0.sourceSettings.dataSources",
      [],
      "operations[0].sourceSettings.dataSources",
      "lists no topic filters; add at least one",
    ],
    [
      "operations.0.sourceSettings.dataSources",
      "plant/#",
      "operations[0].sourceSettings.dataSources",
      "is no list; give a list of topic filters",
    ],
    [
      "operations.0.sourceSettings.dataSources.1",
      7,
      "operations[0].sourceSettings.dataSources[1]",
      "is 7; give a text in quotes",
    ],
    [
      "operations.0.sourceSettings.serializationFormat",
      "Parquet",
      "operations[0].sourceSettings.serializationFormat",
      `is "Parquet", ${format}`,
    ],
    [
      "operations.0.sourceSettings.serializationFormat",
      "Avro",
      "operations[0].sourceSettings.serializationFormat",
      'is "Avro"; give "Json"',
    ],
    ["operations.0.sourceSettings.assetRef", 7, "operations[0].sourceSettings.assetRef", "is 7; give a text in quotes"],
    [
      "operations.0.sourceSettings.dataSource",
      ["a"],
      "operations[0].sourceSettings.dataSource",
      'is not a known field; did you mean "dataSources"?',
    ],
    [
      `${settings}.datasets`,
      [{}],
      "operations[1].builtInTransformationSettings.datasets",
      `asks the relay to enrich messages, ${engine}`,
    ],
    [
      `${settings}.filter`,
      [{}],
      "operations[1].builtInTransformationSettings.filter",
      `asks the relay to filter messages, ${engine}`,
    ],
    [
      `${settings}.map`,
      [{}],
      "operations[1].builtInTransformationSettings.map",
      'asks the relay to map messages, which only AIO\'s own engine can; remove all but "*" to "*" or run the dataflow there',
    ],
    [
      `${settings}.map`,
      [{ inputs: ["*"], output: "copy.*" }],
      "operations[1].builtInTransformationSettings.map",
      'asks the relay to map messages, which only AIO\'s own engine can; remove all but "*" to "*" or run the dataflow there',
    ],
    [`${settings}.map`, {}, "operations[1].builtInTransformationSettings.map", "is no list; remove it"],
    [
      `${settings}.serializationFormat`,
      "Delta",
      "operations[1].builtInTransformationSettings.serializationFormat",
      `is "Delta", ${format}`,
    ],
    ["operations.2.destinationSettings.headers", [], "operations[2].destinationSettings.headers", engineOnly],
    [
      "operations.2.destinationSettings.dataDestination",
      undefined,
      "operations[2].destinationSettings.dataDestination",
      "is missing; add it",
    ],
    ["requestDiskPersistence", "On", "requestDiskPersistence", 'is "On"; give "Enabled" or "Disabled"'],
    ["relay.spool.maxBytes", 1, "relay.spool.maxBytes", spoolBytes],
    [
      "relay.undeliverableMessages",
      "Retry",
      "relay.undeliverableMessages",
      'is "Retry"; give "Stop" or "Discard" or "DeadLetter"',
    ],
  ])("%s refuses %j", (path, value, where, message) => {
    const document = buildDocument({
      [`${at}.operations`]: structuredClone([source, transformation, destination]),
      [`${at}.${path}`]: value,
    });

    expect(problemsOf(document)).toEqual([`${at}.${where}: ${message}`]);
  });

  test.each(["Stop", "Discard", "DeadLetter"])("undeliverableMessages takes %s", (policy) => {
    const { config } = parseDocument(buildDocument({ [`${at}.relay`]: { undeliverableMessages: policy } }));

    expect(config.dataflows["upward"]?.relay.undeliverableMessages).toBe(policy);
  });
});

describe("dataflowParts", () => {
  const read = (...operations: unknown[]) =>
    parseDocument(withOperations(...operations)).config.dataflows["upward"] ?? { operations: [] };

  test("finds source and destination", () => {
    expect(dataflowParts(read(source, destination))).toEqual({
      source: source.sourceSettings,
      destination: destination.destinationSettings,
    });
  });

  test("finds the transformation between them", () => {
    expect(dataflowParts(read(source, transformation, destination))).toEqual({
      source: source.sourceSettings,
      transformation: { serializationFormat: "Json" },
      destination: destination.destinationSettings,
    });
  });

  test("finds nothing in a dataflow without operations", () => {
    expect(dataflowParts({ operations: [] })).toBeUndefined();
  });
});
