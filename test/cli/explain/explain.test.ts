import { writeFileSync } from "node:fs";
import path from "node:path";

import { explain, type Explanation } from "../../../cli/explain/explain.ts";
import type { SampleMessage } from "../../../cli/explain/sample-message.ts";
import { explanationLines } from "../../../cli/explain/text.ts";
import { findTopicSpaces, type DeclaredTopicSpace } from "../../../cli/explain/topic-spaces.ts";
import { parseRelayConfig, type RelayConfigInput } from "../../../runtime/contract/config.ts";
import type { DataflowInput } from "../../../runtime/contract/config/dataflow.ts";
import type { EndpointInput } from "../../../runtime/contract/config/endpoint.ts";
import { runCommandLine } from "../../support/command-line.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../../support/relay-config.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

afterAll(removeTemporaryFolders);

const cloud: EndpointInput = {
  endpointType: "Mqtt",
  mqttSettings: {
    host: "ns-1.westeurope-1.ts.eventgrid.azure.net:8883",
    clientIdPrefix: "oslo-",
    authentication: {
      method: "UserAssignedManagedIdentity",
      userAssignedManagedIdentitySettings: {
        clientId: "11111111-2222-3333-4444-555555555555",
        tenantId: "66666666-7777-8888-9999-000000000000",
      },
    },
  },
};
const endpoints = { edge: plainEndpoint(1883), plant: plainEndpoint(1884), cloud };

interface Asked extends Partial<SampleMessage> {
  readonly from?: string;
  readonly topicSpaces?: readonly DeclaredTopicSpace[];
}

function ask(
  topic: string,
  dataflows: Record<string, DataflowInput>,
  { from, topicSpaces, ...message }: Asked = {},
  more: Partial<RelayConfigInput> = {},
): Explanation {
  const text = JSON.stringify(buildConfig({ endpoints, dataflows, ...more }));
  const { config } = parseRelayConfig(text, { where: "relay.json" });
  const sample = { topic, qos: 1, retain: false, userProperties: [], payload: Buffer.from("{}"), ...message } as const;
  return explain(config, { message: sample, from, ...(topicSpaces === undefined ? {} : { topicSpaces }) });
}

const upward = buildDataflow(["edge", ["plant/+/temperature", "plant/#"]], ["cloud", "oslo/${inputTopic.2}/temp"]);

test("names the dataflow, all filters that take the topic, and how it arrives", () => {
  const { taken, notTaken } = ask("plant/line4/temperature", { upward }, { retain: true });

  expect(taken).toHaveLength(1);
  expect(taken[0]).toMatchObject({
    dataflow: "upward",
    source: { endpoint: "edge" },
    destination: { endpoint: "cloud", host: "ns-1.westeurope-1.ts.eventgrid.azure.net:8883" },
    filters: ["plant/+/temperature", "plant/#"],
    outcome: { kind: "delivered", message: { topic: "oslo/line4/temp", qos: 1, retain: true } },
  });
  expect(notTaken).toEqual([]);
});

test("clears the retain flag and the QoS where the destination says so", () => {
  const plant = plainEndpoint(1884, { retain: "Never", qos: 0 });
  const down = buildDataflow(["edge", ["#"]], ["plant", "${inputTopic}"]);

  const { taken } = ask("a/b", { down }, { retain: true }, { endpoints: { ...endpoints, plant } });

  expect(taken[0]?.outcome).toMatchObject({ message: { topic: "a/b", qos: 0, retain: false } });
});

test("shows the CloudEvents attributes that the relay adds, and leaves those that came", () => {
  const mapped = { ...cloud, mqttSettings: { ...cloud.mqttSettings, cloudEventAttributes: "CreateOrRemap" } } as const;

  const { taken } = ask(
    "plant/line4/temperature",
    { upward },
    { userProperties: [["type", "com.example.reading"]] },
    { endpoints: { ...endpoints, cloud: mapped } },
  );

  const [{ outcome } = { outcome: undefined }] = taken;
  expect(outcome).toMatchObject({
    generated: { specversion: "1.0", source: "aio://cloud", id: "", time: "", subject: "oslo/line4/temp" },
    message: { userProperties: expect.arrayContaining([["type", "com.example.reading"]]) },
  });
  expect(outcome).not.toHaveProperty("generated.type");
});

test("says why a message that is taken can't be delivered, and what the dataflow does then", () => {
  const deep = buildDataflow(["edge", ["plant/#"]], ["cloud", "oslo/${inputTopic.3}"], {
    relay: { undeliverableMessages: "DeadLetter", deadLetter: { endpointRef: "edge", topic: "dead/upward" } },
  });

  expect(ask("plant/line4", { deep }).taken[0]?.outcome).toEqual({
    kind: "undeliverable",
    reason: 'the topic "plant/line4" lacks a level that "oslo/${inputTopic.3}" asks for',
    consequence:
      "it becomes a dead letter, published at the source as dead/upward (undeliverableMessages is DeadLetter)",
  });
});

test.each([
  ["a topic longer than Event Grid's", `plant/${"x".repeat(300)}`, {}, /is 311 bytes long, more than Event Grid's 256/],
  ["a topic with more levels", `plant/${"x/".repeat(20)}x`, {}, /segments, more than Event Grid's 15/],
  ["a packet that is too large", "plant/x", { payload: Buffer.alloc(600_000) }, /bytes, more than Event Grid's 524288/],
])("knows %s", (_what, topic, message, reason) => {
  const all = buildDataflow(["edge", ["plant/#"]], ["cloud", "oslo/${inputTopic}"]);

  expect(ask(topic, { all }, message).taken[0]?.outcome).toMatchObject({
    kind: "undeliverable",
    reason: expect.stringMatching(reason),
  });
});

test("says why a topic goes nowhere, with the nearest filter first", () => {
  const far = buildDataflow(["edge", ["weather/+"]], ["cloud", "weather"]);
  const near = buildDataflow(["edge", ["weather/#", "plant/+/Temperature"]], ["cloud", "temp"]);

  const { taken, notTaken } = ask("plant/line4/temperature", { far, near });

  expect(taken).toEqual([]);
  expect(notTaken).toMatchObject([
    {
      dataflow: "near",
      reason: "no filter",
      nearest: {
        filter: "plant/+/Temperature",
        difference:
          'level 3 is "temperature", and the filter has "Temperature" there (upper and lower case are different topics)',
      },
    },
    { dataflow: "far" },
  ]);
});

test.each([
  ["is too short for a filter", "plant", "plant/+/temp", "the topic has 1 level, and the filter asks for 3"],
  ["is too long for a filter", "plant/a/temp/x", "plant/+/temp", "the topic has 4 levels, and the filter asks for 3"],
  ["lacks what stands before a #", "plant", "plant/+/#", "the topic has 1 level, and the filter asks for 2 at least"],
  [
    "begins with $",
    "$SYS/uptime",
    "+/uptime",
    'the topic begins with "$", which no filter takes in that begins with a',
  ],
])("says that a topic %s", (_what, topic, filter, difference) => {
  const flow = buildDataflow(["edge", [filter]], ["cloud", "temp"]);

  expect(ask(topic, { flow }).notTaken[0]?.nearest?.difference).toContain(difference);
});

test("tells dataflows that are disabled, and those whose source is another broker", () => {
  const stopped = { ...upward, mode: "Disabled" as const };
  const other = buildDataflow(["plant", ["plant/#"]], ["cloud", "temp"]);

  const { taken, notTaken } = ask("plant/line4/temperature", { stopped, other }, { from: "edge" });

  expect(taken).toEqual([]);
  expect(notTaken.map(({ dataflow, reason, nearest }) => [dataflow, reason, nearest])).toEqual([
    ["stopped", "disabled", undefined],
    ["other", "another source", undefined],
  ]);
});

test("follows a message from dataflow to dataflow, and says where it goes round", () => {
  const back = buildDataflow(["plant", ["in/#"]], ["edge", "out/${inputTopic.2}"]);
  const forth = buildDataflow(["edge", ["out/#"]], ["plant", "in/${inputTopic.2}"]);

  const { taken } = ask("out/a", { back, forth }, { from: "edge" });

  expect(taken).toMatchObject([
    { dataflow: "forth", next: [{ dataflow: "back", outcome: { message: { topic: "out/a" } }, loops: ["forth"] }] },
  ]);
});

test("names the right that each broker has to give, and the topic spaces of the file that take the topic in", () => {
  const topicSpaces = [
    { name: "telemetry", topicTemplates: ["oslo/+/temp"] },
    { name: "own", topicTemplates: ["${client.authenticationName}/#"] },
    { name: "commands", topicTemplates: ["commands/#"] },
  ];

  const { taken } = ask("plant/line4/temperature", { upward }, { topicSpaces });

  expect(taken[0]?.rights.at(-1)).toEqual({
    endpoint: "cloud",
    act: "publish",
    topic: "oslo/line4/temp",
    identity: "the managed identity with client ID 11111111-2222-3333-4444-555555555555",
    grant: 'the role "EventGrid TopicSpaces Publisher" on the topic space, or on what holds it',
    topicSpaces: ["telemetry", "own"],
  });
});

test("a subscriber needs a topic space that takes its whole filter in", () => {
  const down = buildDataflow(["cloud", ["commands/#"]], ["plant", "${inputTopic}"]);
  const topicSpaces = [{ name: "some", topicTemplates: ["commands/+"] }];

  const { taken } = ask("commands/stop", { down }, { topicSpaces });

  expect(taken[0]?.rights[0]).toMatchObject({ act: "subscribe", topic: "commands/#", topicSpaces: [] });
  expect(explanationLines(ask("commands/stop", { down }, { topicSpaces })).join("\n")).toContain(
    "no topic space of the file takes it in: add a topic template that does",
  );
});

test("finds topic spaces in templates of Azure Resource Manager, in Pulumi's YAML and in what az prints", () => {
  const folder = createTemporaryFolder("topic-spaces");
  const arm = {
    resources: [
      {
        type: "Microsoft.EventGrid/namespaces/topicSpaces",
        name: "ns-1/telemetry",
        properties: { topicTemplates: ["a/#"] },
      },
    ],
  };
  writeFileSync(path.join(folder, "1.json"), JSON.stringify(arm));
  writeFileSync(path.join(folder, "2.json"), JSON.stringify([{ name: "commands", topicTemplates: ["b/#"] }]));
  const pulumi =
    "resources:\n  broker:\n    properties:\n      topicSpaces:\n        events: { topicTemplates: [c/#] }\n";
  writeFileSync(path.join(folder, "3.yaml"), pulumi);

  expect(findTopicSpaces(folder)).toEqual([
    { name: "telemetry", topicTemplates: ["a/#"] },
    { name: "commands", topicTemplates: ["b/#"] },
    { name: "events", topicTemplates: ["c/#"] },
  ]);
});

test.each([
  ["a topic with a wildcard", "plant/+", {}, 'the topic "plant/+" has a wildcard'],
  ["an endpoint that is not there", "plant/a", { from: "egde" }, 'which does not exist; did you mean "edge"?'],
])("refuses %s", (_what, topic, asked, problem) => {
  expect(ask(topic, { upward }, asked).problem).toContain(problem);
});

test("reads as sentences", () => {
  const text = explanationLines(
    ask("plant/line4/temperature", { upward, other: buildDataflow(["edge", ["x"]], ["cloud", "x"]) }),
  );

  expect(text).toEqual([
    "upward takes it from edge (127.0.0.1:1883) by plant/+/temperature and by plant/#",
    "  a broker may send it once for each of these filters",
    "  arrives at cloud (ns-1.westeurope-1.ts.eventgrid.azure.net:8883) as oslo/line4/temp, QoS 1, not retained",
    "  needs at edge the right to subscribe to plant/+/temperature: reading in the broker's access control, where it has any, for anybody (Anonymous)",
    "  needs at edge the right to subscribe to plant/#: reading in the broker's access control, where it has any, for anybody (Anonymous)",
    '  needs at cloud the right to publish to oslo/line4/temp: the role "EventGrid TopicSpaces Publisher" on the topic space, or on what holds it, for the managed identity with client ID 11111111-2222-3333-4444-555555555555',
    "  note: Event Grid takes 1000 messages and 1000000 bytes a second from this dataflow's session at most",
    "",
    "not taken by",
    '  other: nearest filter x: level 1 is "plant", and the filter has "x" there; the topic has 3 levels, and the filter asks for 1',
  ]);
});

test.each([
  ["0 where it is delivered", ["plant/line4/temperature"], 0],
  ["1 where it goes nowhere", ["other"], 1],
  ["1 where it can't be delivered", ["plant"], 1],
  ["2 where the question is wrong", ["plant/+"], 2],
])("the command ends with %s", async (_what, args, code) => {
  const file = path.join(createTemporaryFolder("explain"), "relay.json");
  writeFileSync(file, JSON.stringify(buildConfig({ endpoints, dataflows: { upward } })));

  expect((await runCommandLine(["explain", ...args, "--config", file])).code).toBe(code);
});

test("the command prints JSON with a version, and lets no topic steer the terminal", async () => {
  const file = path.join(createTemporaryFolder("explain"), "relay.json");
  writeFileSync(file, JSON.stringify(buildConfig({ endpoints, dataflows: { upward } })));
  const ask = ["explain", "plant/\u001b[2J\u202e", "--config", file, "--user-property", "a=b=c"];

  const { output } = await runCommandLine([...ask, "--json"]);

  expect(JSON.parse(output)).toMatchObject({ version: 1, topic: "plant/\u001b[2J\u202e" });
  expect(output + (await runCommandLine(ask)).output).not.toMatch(/\u001b|\u202e/);
});
