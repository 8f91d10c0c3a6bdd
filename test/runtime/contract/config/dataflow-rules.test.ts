import { normalizeFilter } from "../../../../runtime/contract/config/dataflow-rules.ts";
import { buildDocument, problemsOf } from "./build-document.ts";

/** A dataflow between two of the endpoints `edge`, `cloud` and `plant`. */
function flow(
  source: string,
  dataSources: string[],
  destination: string,
  dataDestination: string,
  others: object = {},
) {
  return buildDocument({
    "dataflows.upward.operations": [
      { operationType: "Source", sourceSettings: { endpointRef: source, dataSources } },
      { operationType: "Destination", destinationSettings: { endpointRef: destination, dataDestination } },
    ],
    ...others,
  });
}

const sourceAt = "dataflows.upward.operations[0].sourceSettings";
const destinationAt = "dataflows.upward.operations[1].destinationSettings";
const topic256 = `${"a".repeat(250)}/bcdef`.slice(0, 256);
const levels = (count: number) => Array<string>(count).fill("a").join("/");
const filters = (count: number) => Array.from({ length: count }, (_, index) => `line${index}/#`);
const shared =
  'set instanceCount to 1, or, where the namespace supports shared subscriptions, set allowSharedSubscriptions of the endpoint "cloud"';
const leaves = "publish to a topic that the dataflow does not subscribe to, or narrow its dataSources";
const loop = (topic: string, filter: string) =>
  `${destinationAt}.dataDestination: "${topic}" goes back to the same endpoint under the dataflow's own filter "${filter}", an endless loop; ${leaves}`;

/** Each rule: a document that breaks it with the exact message, and a neighbour that keeps it. */
const rules: readonly (readonly [string, object, string, object])[] = [
  [
    "the source exists",
    flow("egde", ["a"], "cloud", "b"),
    `${sourceAt}.endpointRef: names the endpoint "egde", which does not exist; did you mean "edge"?`,
    flow("edge", ["a"], "cloud", "b"),
  ],
  [
    "the destination exists",
    flow("edge", ["a"], "historian", "b"),
    `${destinationAt}.endpointRef: names the endpoint "historian", which does not exist; use one of "edge", "cloud", "plant", or add it`,
    flow("edge", ["a"], "plant", "b"),
  ],
  [
    "an endpoint named like a member of every object does not exist by that",
    flow("constructor", ["a"], "cloud", "b"),
    `${sourceAt}.endpointRef: names the endpoint "constructor", which does not exist; use one of "edge", "cloud", "plant", or add it`,
    flow("edge", ["a"], "cloud", "b"),
  ],
  [
    "each topic filter is one of MQTT's",
    flow("edge", ["a/+", "a/#/b"], "cloud", "b"),
    `${sourceAt}.dataSources[1]: "a/#/b" has "#" before the last level; give a topic filter`,
    flow("edge", ["a/+", "a/b/#"], "cloud", "b"),
  ],
  [
    "a source at Event Grid has no reserved topics",
    flow("cloud", ["$SYS/#"], "edge", "b"),
    `${sourceAt}.dataSources[0]: "$SYS/#" begins with "$", and Event Grid reserves those topics; give topics that do not begin with "$"`,
    flow("plant", ["$SYS/#"], "edge", "b"),
  ],
  [
    "a destination at Event Grid is no reserved topic",
    flow("edge", ["a"], "cloud", "$sys/b"),
    `${destinationAt}.dataDestination: "$sys/b" begins with "$", and Event Grid reserves those topics; begin it with another level, such as "system/"`,
    flow("edge", ["a"], "cloud", "system/$sys/b"),
  ],
  [
    "a destination at Event Grid is no reserved topic that comes from the source",
    flow("edge", ["a/#", "$SYS/broker/#"], "cloud", "${inputTopic}"),
    `${destinationAt}.dataDestination: "$SYS/broker/#" begins with "$", and Event Grid reserves those topics; begin it with another level, such as "system/"`,
    flow("edge", ["a/#", "$SYS/broker/#"], "cloud", "system/${inputTopic}"),
  ],
  [
    "a topic filter is not empty",
    flow("edge", [""], "cloud", "b"),
    `${sourceAt}.dataSources[0]: "" is empty; give a topic filter`,
    flow("edge", ["/"], "cloud", "b"),
  ],
  [
    "a shared subscription has a group",
    flow("edge", ["$shared//a"], "cloud", "b"),
    `${sourceAt}.dataSources[0]: "$share//a" is not a shared subscription of the form "$share/<group>/<filter>"; give a topic filter`,
    flow("edge", ["$shared/group/a"], "cloud", "b"),
  ],
  [
    "Event Grid takes 256 bytes of a topic filter",
    flow("cloud", [`${topic256}é`], "edge", "b"),
    `${sourceAt}.dataSources[0]: "${topic256}é" is 258 bytes long, more than Event Grid's 256; give a topic filter`,
    flow("cloud", [topic256], "edge", "b"),
  ],
  [
    "Event Grid takes 15 segments of a topic filter",
    flow("cloud", [levels(16)], "edge", "b"),
    `${sourceAt}.dataSources[0]: "${levels(16)}" has 16 segments, more than Event Grid's 15; give a topic filter`,
    flow("cloud", [levels(15)], "edge", "b"),
  ],
  [
    "only Event Grid limits a topic filter's segments",
    flow("cloud", [levels(16)], "edge", "b"),
    `${sourceAt}.dataSources[0]: "${levels(16)}" has 16 segments, more than Event Grid's 15; give a topic filter`,
    flow("edge", [levels(16)], "plant", "b"),
  ],
  [
    "several instances need shared subscriptions, which not every Event Grid namespace has",
    flow("cloud", ["a"], "edge", "b", { "profile.instanceCount": 2 }),
    `profile.instanceCount: is 2, and the source "cloud" is Event Grid; ${shared}`,
    flow("cloud", ["a"], "edge", "b", { "profile.instanceCount": 1 }),
  ],
  [
    "several instances may publish to Event Grid",
    flow("cloud", ["a"], "edge", "b", { "profile.instanceCount": 20 }),
    `profile.instanceCount: is 20, and the source "cloud" is Event Grid; ${shared}`,
    flow("edge", ["a"], "cloud", "b", { "profile.instanceCount": 20 }),
  ],
  [
    "a shared subscription is not taken for granted at Event Grid",
    flow("cloud", ["$share/group/a"], "edge", "b"),
    `${sourceAt}.dataSources: has a shared subscription, and the source "cloud" is Event Grid; ${shared.replace("set instanceCount to 1", 'give the filters without "$share"')}`,
    flow("cloud", ["$share/group/a"], "edge", "b", { "endpoints.cloud.relay.allowSharedSubscriptions": true }),
  ],
  [
    "Event Grid takes 50 subscriptions of a session",
    flow("cloud", filters(51), "edge", "b"),
    `${sourceAt}.dataSources: lists 51 topic filters, more than the 50 of an Event Grid session; split the dataflow`,
    flow("cloud", filters(50), "edge", "b"),
  ],
  [
    "only Event Grid limits the subscriptions",
    flow("cloud", filters(51), "edge", "b"),
    `${sourceAt}.dataSources: lists 51 topic filters, more than the 50 of an Event Grid session; split the dataflow`,
    flow("edge", filters(51), "cloud", "b"),
  ],
  [
    "the destination topic is a template",
    flow("edge", ["a/+"], "cloud", "b/${topic.1}"),
    `${destinationAt}.dataDestination: has the unknown placeholder "\${topic.1}"; use \${inputTopic}, or \${inputTopic.1} for its first level and so on`,
    flow("edge", ["a/+"], "cloud", "b/${inputTopic.1}"),
  ],
  [
    "the destination topic has no wildcard",
    flow("edge", ["a/+"], "cloud", "b/#"),
    `${destinationAt}.dataDestination: "b/#" has a wildcard ("+" or "#"), which only a topic filter may have; give a topic name to publish to`,
    flow("edge", ["a/+"], "cloud", "b/c"),
  ],
  [
    "a level that is asked for exists",
    flow("edge", ["a/#", "$share/g/a/+"], "cloud", "b/${inputTopic.3}"),
    `${destinationAt}.dataDestination: asks for level 3, which no topic under "a/+" has; ask for a level that exists, or change the topic filter`,
    flow("edge", ["a/#", "$share/g/a/+/+"], "cloud", "b/${inputTopic.3}"),
  ],
  [
    "Event Grid takes 256 bytes of a topic",
    flow("edge", ["a"], "cloud", `${topic256}é`),
    `${destinationAt}.dataDestination: "${topic256}é" is 258 bytes long, more than Event Grid's 256; shorten it`,
    flow("edge", ["a"], "cloud", topic256),
  ],
  [
    "Event Grid takes 15 segments of a topic",
    flow("edge", ["a"], "cloud", levels(16)),
    `${destinationAt}.dataDestination: "${levels(16)}" has 16 segments, more than Event Grid's 15; shorten it`,
    flow("edge", ["a"], "plant", levels(16)),
  ],
  [
    "no message comes back as it is",
    flow("edge", ["a/#"], "edge", "${inputTopic}"),
    loop("${inputTopic}", "a/#"),
    flow("edge", ["a/#"], "plant", "${inputTopic}"),
  ],
  [
    "no message comes back under a fixed topic",
    flow("edge", ["a/#"], "edge", "a/b"),
    loop("a/b", "a/#"),
    flow("edge", ["a/#"], "edge", "b/a"),
  ],
  [
    "no message comes back under a topic that grows",
    flow("edge", ["a/#"], "edge", "${inputTopic}/copy"),
    loop("${inputTopic}/copy", "a/#"),
    flow("edge", ["a/+"], "edge", "${inputTopic}/copy"),
  ],
  [
    "no message comes back with its levels swapped",
    flow("edge", ["+/+"], "edge", "${inputTopic.2}/${inputTopic.1}"),
    loop("${inputTopic.2}/${inputTopic.1}", "+/+"),
    flow("edge", ["a/+"], "edge", "${inputTopic.2}/b"),
  ],
  [
    "no message comes back under another filter of the dataflow",
    flow("edge", ["a", "b/#"], "edge", "b/${inputTopic}"),
    loop("b/${inputTopic}", "a"),
    flow("edge", ["a", "b"], "edge", "c/${inputTopic}"),
  ],
  [
    "a shared subscription hides no loop",
    flow("edge", ["$share/group/a/#"], "edge", "a/b"),
    loop("a/b", "a/#"),
    flow("edge", ["$share/group/a/#"], "edge", "$SYS/a"),
  ],
];

describe("rules between a dataflow and its endpoints", () => {
  test.each(rules)("%s", (_rule, broken, problem) => {
    expect(problemsOf(broken)).toEqual([problem]);
  });

  test.each(rules)("%s: the neighbour passes", (_rule, _broken, _problem, kept) => {
    expect(problemsOf(kept)).toEqual([]);
  });

  test("a message that comes back once and then leaves is no loop", () => {
    // x/b → b/c → c/c, which is under neither filter
    expect(problemsOf(flow("edge", ["+/b", "b/+"], "edge", "${inputTopic.2}/c"))).toEqual([]);
  });

  test("a missing endpoint is added where there is none to choose from", () => {
    const document = { ...flow("edge", ["a"], "cloud", "b"), endpoints: {} };

    expect(problemsOf(document)).toEqual([
      `${sourceAt}.endpointRef: names the endpoint "edge", which does not exist; add it`,
      `${destinationAt}.endpointRef: names the endpoint "cloud", which does not exist; add it`,
    ]);
  });

  test("an endpoint that can't be read is not reported as missing", () => {
    const document = flow("edge", ["a"], "cloud", "b", { "endpoints.edge.mqttSettings.qos": 2 });

    expect(problemsOf(document)).toEqual(["endpoints.edge.mqttSettings.qos: is 2; give 0 or 1"]);
  });
});

test.each([
  ["$shared/group/a/+", "$share/group/a/+"],
  ["$share/group/a", "$share/group/a"],
  ["a/$shared/b", "a/$shared/b"],
  ["$shared", "$shared"],
])("normalizeFilter writes %s as %s", (filter, normal) => {
  expect(normalizeFilter(filter)).toBe(normal);
});
