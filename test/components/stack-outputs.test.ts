import { siteContract, referToSite } from "../../components/index.ts";
import { outputSchema, parseOutputs } from "../../components/stack-outputs.ts";
import { deploy, setStackOutputs, valueOf } from "./mocks.ts";

const outputs = {
  contractVersion: 2,
  hostname: "oslo.westeurope-1.ts.eventgrid.azure.net",
  topicSpaceIds: { telemetry: "/subscriptions/s/telemetry" },
  configMapName: "oslo-relay-cfg",
  statefulSetName: "oslo-relay-set",
  serviceAccountName: "oslo-relay-sa",
};

test("an application reads a site's outputs by their names and types", async () => {
  setStackOutputs(outputs);

  const { result } = await deploy(() => referToSite("contoso/mqtt-dataflow/prod"));

  expect(await valueOf(result.hostname)).toBe(outputs.hostname);
  expect(await valueOf(result.topicSpaceIds.apply(({ telemetry }) => telemetry))).toBe("/subscriptions/s/telemetry");
});

test("names the stack, each output that is missing or of another type, and what it should be", () => {
  const { configMapName, ...others } = outputs;

  const parse = () =>
    parseOutputs('site stack "contoso/mqtt-dataflow/prod"', siteContract, {
      ...others,
      topicSpaceIds: ["a"],
      hostname: 1,
    });

  expect(configMapName).toBeDefined();
  expect(parse).toThrow(
    [
      'site stack "contoso/mqtt-dataflow/prod" has 3 problems:',
      "  hostname: is no text but number; export this output there as a text: the host name of the Event Grid namespace's MQTT broker",
      "  topicSpaceIds: is no texts by name but a list; export this output there as texts by name: the resource IDs of the topic spaces, scopes of role assignments",
      "  configMapName: is missing; export this output there as a text: the name of the ConfigMap with the relay's configuration",
    ].join("\n"),
  );
});

test("reads the outputs of a stack that an earlier version has deployed, as far back as they mean the same, and no others", () => {
  const parse = (contractVersion: unknown) => () => parseOutputs("site", siteContract, { ...outputs, contractVersion });

  expect(parse(undefined)).not.toThrow();
  expect(parse(1)).not.toThrow();
  expect(parse(3)).toThrow("contractVersion: is 3, and this program reads versions 1 to 2 of these outputs");
});

test("describes outputs that several versions have with each of them", () => {
  expect(outputSchema("Outputs", { version: 2, readsFrom: 1, outputs: {} })).toMatchObject({
    properties: { contractVersion: { enum: [1, 2] } },
    required: [],
  });
});

test("describes the outputs as JSON Schema", () => {
  const contract = { version: 2, outputs: { ids: { type: "texts", description: "IDs" } } } as const;

  expect(outputSchema("Outputs", contract)).toEqual({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Outputs",
    type: "object",
    properties: {
      contractVersion: { const: 2 },
      ids: { type: "object", additionalProperties: { type: "string", minLength: 1 }, description: "IDs" },
    },
    required: ["contractVersion", "ids"],
  });
});
