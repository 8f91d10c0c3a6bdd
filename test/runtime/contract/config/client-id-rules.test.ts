import { parseRelayConfig } from "../../../../runtime/contract/config.ts";
import { ConfigError } from "../../../../runtime/contract/errors.ts";
import { buildDocument } from "./build-document.ts";

/** Lines of what is wrong with a document; empty when all is well. */
function problemsOf(changes: Record<string, unknown>): string[] {
  try {
    parseRelayConfig(JSON.stringify(buildDocument(changes)), { where: "test" });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, problem, remedy }) => `${path}: ${problem}; ${remedy}`);
  }
}

const prefix = (endpoint: string, text: string) => ({ [`endpoints.${endpoint}.mqttSettings.clientIdPrefix`]: text });
const destination = "dataflows.upward.operations[1].destinationSettings.endpointRef";
const source = "dataflows.upward.operations[0].sourceSettings.endpointRef";
/** `upward-19-destination` and `upward-19-source`, of the instance with the largest number. */
const ownCharacters = { destination: 21, source: 16 };

describe("client identifiers at Event Grid", () => {
  test("have 128 characters at most, in every instance that may be", () => {
    const most = 128 - ownCharacters.destination;

    expect(problemsOf(prefix("cloud", "ø".repeat(most)))).toEqual([]);
    expect(problemsOf(prefix("cloud", "ø".repeat(most + 1)))).toEqual([
      `${destination}: has client identifiers of up to 129 characters, and Event Grid takes 128; shorten clientIdPrefix of the endpoint "cloud" by 1, or the dataflow's name`,
    ]);
  });

  test("leave no room for a dataflow behind a prefix that is longer still", () => {
    expect(problemsOf(prefix("cloud", "o".repeat(200)))).toEqual([
      "endpoints.cloud.mqttSettings.clientIdPrefix: is 200 characters long, and Event Grid takes client identifiers of 128 characters; give 110 characters at most, less for dataflows with long names",
    ]);
  });
});

test("client identifiers at other brokers have as many bytes as MQTT can carry", () => {
  const most = 65_535 - ownCharacters.destination;
  const toPlant = { "dataflows.upward.operations.1.destinationSettings.endpointRef": "plant" };

  expect(problemsOf({ ...prefix("plant", "o".repeat(most)), ...toPlant })).toEqual([]);
  expect(problemsOf({ ...prefix("plant", "o".repeat(most + 2)), ...toPlant })).toEqual([
    `${destination}: has client identifiers of up to 65537 bytes, and MQTT takes 65535; shorten clientIdPrefix of the endpoint "plant" by 2, or the dataflow's name`,
  ]);
  expect(problemsOf({ ...prefix("plant", "o".repeat(65_535)), ...toPlant })).toEqual([
    "endpoints.plant.mqttSettings.clientIdPrefix: is 65535 bytes long, and MQTT takes client identifiers of 65535 bytes; give 65517 bytes at most, less for dataflows with long names",
  ]);
});

test("the group of a shared subscription, which begins with the prefix, leaves room for the filter", () => {
  const dataSources = { "dataflows.upward.operations.0.sourceSettings.dataSources": ["a".repeat(60_000)] };

  expect(problemsOf({ ...prefix("edge", "o".repeat(5000)), ...dataSources })).toEqual([]);
  // $share/ + prefix + upward + / + filter
  expect(problemsOf({ ...prefix("edge", "o".repeat(6000)), ...dataSources })).toEqual([
    `${source}: has shared subscriptions of up to 66014 bytes, and MQTT takes 65535; shorten clientIdPrefix of the endpoint "edge" by 479, or the dataflow's name`,
  ]);
});

test("no client identifier has the character that MQTT forbids", () => {
  expect(problemsOf(prefix("edge", "a\0b"))).toEqual([
    'endpoints.edge.mqttSettings.clientIdPrefix: is "a\\u0000b"; give a text in quotes without U+0000',
  ]);
});
