import { planMermaid } from "../../../cli/plan/mermaid.ts";
import { planSite } from "../../../cli/plan/site-plan.ts";
import { planSvg } from "../../../cli/plan/svg.ts";
import { planTables } from "../../../cli/plan/table.ts";
import { parseRelayConfig, type RelayConfig, type RelayConfigInput } from "../../../runtime/contract/config.ts";
import type { EndpointInput } from "../../../runtime/contract/config/endpoint.ts";
import { hostileText } from "../../support/hostile-text.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../../support/relay-config.ts";

const cloud: EndpointInput = {
  endpointType: "Mqtt",
  mqttSettings: {
    host: "ns-1.westeurope-1.ts.eventgrid.azure.net:8883",
    clientIdPrefix: "oslo-",
    authentication: { method: "SystemAssignedManagedIdentity" },
  },
  relay: { allowSharedSubscriptions: true },
};
const endpoints = { edge: plainEndpoint(1883), cloud, unused: plainEndpoint(1884) };
const upward = buildDataflow(["edge", ["plant/#"]], ["cloud", "oslo/${inputTopic}"]);
const downward = buildDataflow(["cloud", ["commands/+"]], ["edge", "${inputTopic}"]);
const stopped = { ...upward, mode: "Disabled" as const };

function configOf(more: Partial<RelayConfigInput> = {}): RelayConfig {
  const config = buildConfig({ endpoints, dataflows: { upward, downward, stopped }, ...more });
  return parseRelayConfig(JSON.stringify(config), { where: "relay.json" }).config;
}

test("counts the sessions of each identity at each broker, of all instances, and not those of disabled dataflows", () => {
  const { sessions, dataflows } = planSite(configOf({ profile: { instanceCount: 3 } }), 5);

  expect(sessions).toMatchObject([
    { broker: "127.0.0.1:1883", sessions: 6 },
    { broker: "ns-1.westeurope-1.ts.eventgrid.azure.net", sessions: 6, limit: 5 },
  ]);
  expect(sessions[0]).not.toHaveProperty("limit");
  expect(dataflows.map(({ clientIds }) => clientIds.length)).toEqual([6, 6, 0]);
  expect(dataflows[0]?.clientIds).toContain("oslo-upward-2-destination");
  expect(dataflows[0]?.source.filters).toEqual(["$share/upward/plant/#"]);
});

test("counts the session of the relay's status", () => {
  const { sessions } = planSite(configOf({ relay: { status: { endpointRef: "cloud", topic: "status" } } }));

  expect(sessions[1]?.sessions).toBe(3);
});

test("names the used endpoints with identity and what they need", () => {
  const { endpoints: planned } = planSite(configOf());

  expect(planned.map(({ name }) => name)).toEqual(["edge", "cloud"]);
  expect(planned[1]).toMatchObject({
    identity: "the system-assigned managed identity of the node",
    grants: [
      expect.stringContaining('"EventGrid TopicSpaces Subscriber"'),
      expect.stringContaining('"EventGrid TopicSpaces Publisher"'),
    ],
  });
});

test("the table says where the limit of sessions is exceeded", () => {
  const lines = planTables(planSite(configOf({ profile: { instanceCount: 3 } }), 5));

  expect(lines).toContainEqual(expect.stringMatching(/^6 +5 EXCEEDED +ns-1\.westeurope/));
  expect(lines).toContainEqual(expect.stringMatching(/^stopped \(disabled\) +edge/));
});

test("Mermaid has a node for each endpoint and side, and an arrow for each dataflow", () => {
  expect(planMermaid(planSite(configOf()))).toBe(`flowchart LR
  from0["edge<br/>127.0.0.1:1883"]
  to1["cloud<br/>ns-1.westeurope-1.ts.eventgrid.azure.net:8883"]
  from2["cloud<br/>ns-1.westeurope-1.ts.eventgrid.azure.net:8883"]
  to3["edge<br/>127.0.0.1:1883"]
  from0 -- "upward<br/>plant/#35;<br/>-#62; oslo/$#123;inputTopic#125;" --> to1
  from2 -- "downward<br/>commands/+<br/>-#62; $#123;inputTopic#125;" --> to3
  from0 -. "stopped<br/>plant/#35;<br/>-#62; oslo/$#123;inputTopic#125; (disabled)" .-> to1`);
});

test("the picture has each dataflow, nothing from outside, and says in words what it shows", () => {
  const svg = planSvg(planSite(configOf()));

  expect(svg.match(/<path class="flow/g)).toHaveLength(3);
  expect(svg.match(/<rect class="box"/g)).toHaveLength(4);
  expect(svg).toContain("upward from edge to cloud; downward from cloud to edge");
  expect(svg.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|url\(|<image|<script/);
});

test("what a file says is text in a picture, and never markup", () => {
  const evil = `a/<script>&"'${hostileText.replaceAll("\u0000", "")}/#`;
  const config = configOf({ dataflows: { upward: buildDataflow(["edge", [evil]], ["cloud", "x"]) } });
  const svg = planSvg(planSite(config));

  expect(svg).toContain("a/&lt;script&gt;&amp;&quot;&#39;");
  expect(svg).not.toContain("<script");
  expect(svg).not.toMatch(/\u001b/);
  expect(planMermaid(planSite(config))).not.toMatch(/[<]script|\u001b/);
});
