import * as v from "valibot";

import { buildDataflowProperties } from "../../components/aio/dataflow-properties.ts";
import { buildDataflow } from "../../components/dataflow.ts";
import type { DataflowArgs } from "../../components/index.ts";
import { dataflowSchema } from "../../runtime/contract/config/dataflow.ts";

const dataflow: DataflowArgs = { source: "edge", dataSources: ["a"], destination: "cloud", dataDestination: "b" };

test.each<[Partial<DataflowArgs>, string | undefined]>([
  [{}, undefined],
  [{ schemaRef: "aio-sr://contoso/press:1" }, "Json"],
  [{ transformation: {} }, "Json"],
  [{ serializationFormat: "Json" }, "Json"],
])("the stage of %j has the same format with both engines: %p", (changed, format) => {
  const args = { ...dataflow, ...changed };

  const aio = buildDataflowProperties({ ...args, engine: "AzureIoTOperations" }).operations;
  const relay = v.parse(dataflowSchema, buildDataflow(args)).operations;

  const formatOf = (operations: readonly object[]) =>
    operations.flatMap((operation) =>
      "builtInTransformationSettings" in operation
        ? [(operation.builtInTransformationSettings as { serializationFormat?: string }).serializationFormat]
        : [],
    )[0];
  expect(formatOf(aio)).toBe(format);
  expect(formatOf(relay)).toBe(format);
});

test("what only readers of AIO's resources see changes nothing in the relay's configuration", () => {
  const names = { source: "presses", destination: "cloud" };
  const read = { ...dataflow, assetRef: "press-1", sourceSchemaRef: "aio-sr://oslo/press:1", operationNames: names };

  expect(buildDataflow(read)).toEqual(buildDataflow(dataflow));
});
