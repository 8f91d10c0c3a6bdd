import { buildDocument, parseDocument } from "./build-document.ts";

const upward = "dataflows.upward";

/** A dataflow in a document. */
function flow(from: string, dataSources: string[], to: string, dataDestination: string, more: object = {}) {
  return {
    operations: [
      { operationType: "Source", sourceSettings: { endpointRef: from, dataSources } },
      { operationType: "Destination", destinationSettings: { endpointRef: to, dataDestination } },
    ],
    ...more,
  };
}

function relayOf(document: object, name = "upward") {
  return parseDocument(document).config.dataflows[name]?.relay;
}

describe("the spool is on by default", () => {
  test.each([
    ["where the source is Event Grid", { upward: flow("cloud", ["a"], "edge", "b") }, "Enabled"],
    ["not where it is the local broker", { upward: flow("edge", ["a"], "cloud", "b") }, "Disabled"],
    ["not where it is another broker", { upward: flow("plant", ["a"], "cloud", "b") }, "Disabled"],
    [
      "where AIO's broker would have to keep it on its disk",
      { upward: flow("edge", ["a"], "cloud", "b", { requestDiskPersistence: "Enabled" }) },
      "Enabled",
    ],
    [
      "but for a mode that says otherwise",
      { upward: flow("cloud", ["a"], "edge", "b", { relay: { spool: { mode: "Disabled" } } }) },
      "Disabled",
    ],
  ])("%s", (_case, dataflows, mode) => {
    expect(relayOf(buildDocument({ dataflows }))?.spool.mode).toBe(mode);
  });
});

describe("the spool drains by default", () => {
  const eventGrid = { drainMessagesPerSecond: 900, drainBytesPerSecond: 900_000 };
  const unbounded = { drainMessagesPerSecond: 0, drainBytesPerSecond: 0 };
  const own = { drainMessagesPerSecond: 50, drainBytesPerSecond: 0 };
  test.each([
    ["just below what Event Grid takes where it is the destination", flow("edge", ["a"], "cloud", "b"), eventGrid],
    ["as fast as another broker takes it", flow("edge", ["a"], "plant", "b"), unbounded],
    ["as fast as AIO's broker takes it, also from Event Grid", flow("cloud", ["a"], "edge", "b"), unbounded],
    ["at the rates that were given, 0 among them", flow("edge", ["a"], "cloud", "b", { relay: { spool: own } }), own],
  ])("%s", (_case, upward, rates) => {
    expect(relayOf(buildDocument({ dataflows: { upward } }))?.spool).toMatchObject(rates);
  });

  test("at Event Grid's rates where hostType says that a custom domain is Event Grid's", () => {
    const document = buildDocument({
      "endpoints.cloud.hostType": "EventGrid",
      "endpoints.cloud.mqttSettings.host": "mqtt.contoso.com:8883",
    });

    expect(relayOf(document)?.spool).toMatchObject(eventGrid);
  });
});

describe("hops are counted by default", () => {
  const back = (filter: string, topic = "${inputTopic}", more = {}) => ({
    upward: flow("edge", ["plant/#"], "cloud", "sites/oslo/${inputTopic}"),
    downward: flow("cloud", [filter], "edge", topic, more),
  });
  test.each([
    ["where another dataflow brings messages back to where they came from", back("sites/+/#", "plant/x"), 8],
    ["not where it takes other topics", back("commands/#", "plant/x"), undefined],
    ["not where it brings them back under another topic", back("sites/#", "commands/x"), undefined],
    ["not where it is disabled", back("sites/#", "plant/x", { mode: "Disabled" }), undefined],
    ["not where a filter is a level short", back("sites/oslo", "plant/x"), undefined],
    ["where a shared subscription brings them back", back("$shared/group/sites/#", "plant/x"), 8],
    ["with the number that was given", back("sites/#", "plant/x"), 3],
    [
      "where two more brokers lie between",
      {
        upward: flow("edge", ["a"], "cloud", "b"),
        middle: flow("cloud", ["+"], "plant", "${inputTopic.1}/c"),
        downward: flow("plant", ["b/+"], "edge", "a"),
      },
      8,
    ],
    ["not in a dataflow alone", { upward: flow("edge", ["#"], "cloud", "${inputTopic}") }, undefined],
  ])("%s", (_case, dataflows, maxHops) => {
    const given = maxHops === 3 ? { [`${upward}.relay`]: { maxHops: 3 } } : {};

    // What brings messages back has a namespace with shared subscriptions here.
    const document = buildDocument({
      dataflows,
      "endpoints.cloud.relay": { allowSharedSubscriptions: true },
      ...given,
    });

    expect(relayOf(document)?.maxHops).toBe(maxHops);
  });
});

test("what was filled in is parsed to the same again", () => {
  const { config } = parseDocument(buildDocument({ dataflows: { upward: flow("cloud", ["a"], "edge", "b") } }));

  expect(parseDocument(config).config).toEqual(config);
});
