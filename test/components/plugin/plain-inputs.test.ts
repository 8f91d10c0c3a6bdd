import * as pulumi from "@pulumi/pulumi";

import { checkPlainInputs } from "../../../components/plugin/plain-inputs.ts";

const types = {
  "mqtt-dataflow:index:Dataflow": {
    properties: {
      source: { plain: true },
      dataSources: { plain: true, items: { plain: true } },
      schemaRef: {},
    },
  },
};

const properties = {
  dataflows: { plain: true, additionalProperties: { $ref: "#/types/mqtt-dataflow:index:Dataflow", plain: true } },
  image: {},
};

const output = pulumi.output("value");

test.each([
  ["an argument", { dataflows: output }, "dataflows"],
  ["a value of a map", { dataflows: { telemetry: output } }, "dataflows.telemetry"],
  ["a field of an object", { dataflows: { telemetry: { source: output } } }, "dataflows.telemetry.source"],
  [
    "an item of a list",
    { dataflows: { telemetry: { dataSources: ["a", output] } } },
    "dataflows.telemetry.dataSources[1]",
  ],
])("refuses an output as %s that is plain", (_, inputs, path) => {
  expect(checkPlainInputs(types, properties, inputs)).toEqual([
    {
      path,
      problem: "is an output, and has to be known when the program runs, because it decides which resources exist",
      remedy: "give a plain value; fields within it may be outputs where they are not plain",
    },
  ]);
});

test("takes outputs where they may be, and leaves to others what is not in the schema", () => {
  const telemetry = { source: "edge", dataSources: ["a"], schemaRef: output, other: output };

  expect(checkPlainInputs(types, properties, { image: output, dataflows: { telemetry }, unknown: output })).toEqual([]);
});
