import { renderRelayConfig } from "../../components/index.ts";
import type { DataflowArgs, RelayDeclaration } from "../../components/index.ts";
import { checkEndpointValues } from "../../components/endpoint/parse.ts";
import { checkRelayConfig } from "../../components/render.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import { ConfigError } from "../../runtime/contract/errors.ts";

const declaration: RelayDeclaration = {
  site: "oslo",
  endpoints: {
    edge: {
      endpointType: "Mqtt",
      mqttSettings: { authentication: { method: "ServiceAccountToken" }, clientIdPrefix: "oslo-" },
    },
    cloud: {
      endpointType: "Mqtt",
      hostType: "EventGrid",
      mqttSettings: {
        host: "cloud.ts.eventgrid.azure.net:8883",
        authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: "cert" } },
        retain: "Never",
      },
    },
  },
  dataflows: {
    upward: {
      source: "edge",
      dataSources: ["plant/#"],
      destination: "cloud",
      dataDestination: "sites/oslo/${inputTopic}",
      schemaRef: "aio-sr://site/telemetry:1",
      serializationFormat: "Json",
      undeliverableMessages: "Discard",
    },
    down: { source: "cloud", dataSources: ["down/+"], destination: "edge", dataDestination: "x", mode: "Disabled" },
  },
  instanceCount: 1,
  logLevel: "debug",
  metricsPort: 9700,
  drainTimeoutSeconds: 45,
  mountPath: "/etc/relay",
};

/** The same value with the keys of every object the other way round. */
function reordered<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reordered) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(entries.map(([key, inner]: [string, unknown]) => [key, reordered(inner)])) as T;
}

test("renders a dataflow as AIO's operations", () => {
  const { config } = renderRelayConfig("oslo", declaration);

  expect(config.dataflows["upward"]).toEqual({
    mode: "Enabled",
    operations: [
      { operationType: "Source", sourceSettings: { endpointRef: "edge", dataSources: ["plant/#"] } },
      {
        operationType: "BuiltInTransformation",
        builtInTransformationSettings: { serializationFormat: "Json", schemaRef: "aio-sr://site/telemetry:1" },
      },
      {
        operationType: "Destination",
        destinationSettings: { endpointRef: "cloud", dataDestination: "sites/oslo/${inputTopic}" },
      },
    ],
    relay: expect.objectContaining({ undeliverableMessages: "Discard" }),
  });
  expect(config.dataflows["down"]).toMatchObject({ mode: "Disabled", operations: [{}, {}] });
});

test("renders the settings of the profile and of the relay", () => {
  const { config } = renderRelayConfig("oslo", declaration);

  expect(config.profile).toEqual({
    instanceCount: 1,
    diagnostics: { logs: { level: "debug" }, metrics: { prometheusPort: 9700 } },
  });
  expect(config.relay).toMatchObject({ site: "oslo", drainTimeoutSeconds: 45, mountPath: "/etc/relay" });
});

test("writes every default out, so that a later default changes no deployed relay", () => {
  const { text } = renderRelayConfig("oslo", declaration);
  const written = JSON.parse(text) as { endpoints: Record<string, { hostType: string; mqttSettings: object }> };

  expect(written.endpoints["edge"]).toMatchObject({
    hostType: "LocalBroker",
    mqttSettings: { host: "aio-broker:18883", sessionExpirySeconds: 3600, qos: 1, protocol: "Mqtt" },
  });
});

test("gives just what the relay will read from the text", () => {
  const { text, config } = renderRelayConfig("oslo", declaration);

  expect(parseRelayConfig(text, { where: "test" }).config).toEqual(config);
});

test("gives the same bytes for the same declaration in another order", () => {
  expect(renderRelayConfig("oslo", reordered(declaration)).text).toBe(renderRelayConfig("oslo", declaration).text);
});

test("gives the same bytes again for what it rendered", () => {
  const { text, config } = renderRelayConfig("oslo", declaration);

  const again = renderRelayConfig("oslo", { ...declaration, endpoints: config.endpoints });

  expect(again.text).toBe(text);
});

test("passes warnings on, each at its path in the declaration", () => {
  const { edge, cloud } = declaration.endpoints;
  const loses = { ...edge!, mqttSettings: { ...edge!.mqttSettings, qos: 0 as const } };

  const { warnings } = renderRelayConfig("oslo", { ...declaration, endpoints: { edge: loses, cloud: cloud! } });

  expect(warnings.map(({ path }) => path)).toContain("endpoints.edge.qos");
});

test("refuses with every problem at its path in the declaration", () => {
  const dataflows = {
    upward: { source: "egde", dataSources: ["a/#/b"], destination: "cloud", dataDestination: "x/${inputTopic.0}" },
    loop: { source: "edge", dataSources: ["a/+"], destination: "edge", dataDestination: "a/b" },
    strange: { ...declaration.dataflows["upward"]!, serializationFormat: "Xml" },
  };

  const render = () => renderRelayConfig("oslo", { ...declaration, dataflows, drainTimeoutSeconds: 0 });

  expect(render).toThrow(ConfigError);
  expect(render).toThrow(/^oslo has 6 problems:/);
  expect(render).toThrow(/\n {2}drainTimeoutSeconds: is 0 s; give a whole number from 1 to 3600 s/);
  expect(render).toThrow(
    /\n {2}dataflows\.upward\.source: names the endpoint "egde", which does not exist; did you mean "edge"\?/,
  );
  expect(render).toThrow(/\n {2}dataflows\.upward\.dataSources\[0\]: "a\/#\/b" has "#" before the last level/);
  expect(render).toThrow(/\n {2}dataflows\.upward\.dataDestination: has the unknown placeholder "\$\{inputTopic\.0\}"/);
  expect(render).toThrow(/\n {2}dataflows\.loop\.dataDestination: "a\/b" goes back to the same endpoint/);
  expect(render).toThrow(/\n {2}dataflows\.strange\.serializationFormat: is "Xml"; give "Json"/);
});

test("refuses what AIO's engine runs, by the field that says so", () => {
  const dataflow = { source: "edge", dataSources: ["a"], destination: "edge", dataDestination: "b" };
  const dataflows = { telemetry: { ...dataflow, engine: "AzureIoTOperations" } } as const;

  expect(checkRelayConfig({ endpoints: {}, dataflows })).toEqual([
    {
      path: "dataflows.telemetry.engine",
      problem: "is AzureIoTOperations, and this is the relay",
      remedy: 'set it to "Relay", or give the dataflow to AioDataflows',
    },
  ]);
});

test("refuses, by their own names, the settings that only AIO's engine has", () => {
  const edge = { endpointType: "Mqtt", mqttSettings: { authentication: { method: "Anonymous" } } } as const;
  const dataflow = { source: "edge", dataSources: ["a"], destination: "edge", dataDestination: "b" };
  const telemetry: DataflowArgs = {
    ...dataflow,
    requestDiskPersistence: "Enabled",
    headers: [{ actionType: "Remove", key: "a" }],
    transformation: { filter: [{ inputs: ["a"], expression: "$1" }] },
  };

  const problems = checkRelayConfig({ endpoints: { edge }, dataflows: { telemetry } });

  expect(problems.map(({ path }) => path).sort()).toEqual([
    "dataflows.telemetry.headers",
    "dataflows.telemetry.transformation.filter",
  ]);
});

test("writes how a dataflow delivers as the relay reads it", () => {
  const edge = { endpointType: "Mqtt", mqttSettings: { authentication: { method: "Anonymous" } } } as const;
  const telemetry: DataflowArgs = {
    source: "edge",
    dataSources: ["a"],
    destination: "edge",
    dataDestination: "b",
    undeliverableMessages: "DeadLetter",
    deadLetter: { endpoint: "edge", topic: "dead" },
    spool: {
      mode: "Enabled",
      maxBytes: 2_000_000,
      maxAgeSeconds: 60,
      drainMessagesPerSecond: 10,
      drainBytesPerSecond: 0,
    },
    maxInflightBytes: 100_000,
    stallTimeoutSeconds: 5,
    refusalTimeoutSeconds: 300,
    maxHops: 3,
  };

  const { config } = renderRelayConfig("test", { endpoints: { edge }, dataflows: { telemetry } });

  expect(config.dataflows["telemetry"]?.relay).toEqual({
    undeliverableMessages: "DeadLetter",
    deadLetter: { endpointRef: "edge", topic: "dead" },
    spool: telemetry.spool,
    maxInflightBytes: 100_000,
    stallTimeoutSeconds: 5,
    refusalTimeoutSeconds: 300,
    maxHops: 3,
  });
});

test("says where a dead letter's endpoint is declared", () => {
  const edge = { endpointType: "Mqtt", mqttSettings: { authentication: { method: "Anonymous" } } } as const;
  const telemetry: DataflowArgs = {
    source: "edge",
    dataSources: ["a"],
    destination: "edge",
    dataDestination: "b",
    undeliverableMessages: "DeadLetter",
    deadLetter: { endpoint: "egde", topic: "dead" },
  };

  const problems = checkRelayConfig({ endpoints: { edge }, dataflows: { telemetry } });

  expect(problems.map(({ path }) => path)).toEqual(["dataflows.telemetry.deadLetter.endpoint"]);
});

test("a value that becomes known later and is thousands deep is refused by the way there, and does not run out of stack", () => {
  let nest: unknown = "bottom";
  for (let level = 0; level < 50_000; level++) nest = [nest];
  const tooDeep = {
    problem: "has more than 64 objects and lists within each other",
    remedy: "correct it; no field is that deep",
  };

  const relay = checkRelayConfig({ endpoints: {}, dataflows: { up: { dataSources: nest } as never } });
  const endpoint = checkEndpointValues("CustomMqtt", { authenticationMethod: "Anonymous", host: nest as string });

  expect(relay).toEqual([{ path: "dataflows.up.dataSources[0]", ...tooDeep }]);
  expect(endpoint).toEqual([{ path: "host[0][0][0]", ...tooDeep }]);
});
