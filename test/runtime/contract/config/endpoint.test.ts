import fc from "fast-check";

import {
  brokerOf,
  inferHostType,
  isLocalBroker,
  parseHost,
  parseServiceName,
} from "../../../../runtime/contract/config/endpoint.ts";
import { buildDocument, parseDocument, problemsOf } from "./build-document.ts";

describe("parseHost", () => {
  test.each([
    ["aio-broker:18883", { hostname: "aio-broker", port: 18883 }],
    ["broker.example:1", { hostname: "broker.example", port: 1 }],
    ["broker.example:65535", { hostname: "broker.example", port: 65535 }],
    ["broker.example:443/mqtt", { hostname: "broker.example", port: 443, path: "/mqtt" }],
    ["broker.example:443/", { hostname: "broker.example", port: 443, path: "/" }],
    ["10.0.0.7:1883", { hostname: "10.0.0.7", port: 1883 }],
    ["[2001:db8::7]:1883", { hostname: "2001:db8::7", port: 1883 }],
    ["my_broker:1883", { hostname: "my_broker", port: 1883 }],
  ])("takes %s apart", (host, address) => {
    expect(parseHost(host)).toEqual(address);
  });

  test.each([
    "",
    "broker.example",
    "broker.example:",
    "broker.example:0",
    "broker.example:65536",
    "broker.example:mqtt",
    "broker.example.8883", // the form that the specification prints by a slip
    ":8883",
    "mqtts://broker.example:8883",
    "wss://broker.example:443/mqtt",
    "user:password@broker.example:8883",
    "broker.example:8883 ",
    "broker.example:443/a?b",
    "broker.example:443/a#b",
    "2001:db8::7:1883",
  ])('refuses "%s"', (host) => {
    expect(parseHost(host)).toBeUndefined();
  });

  test("gives back what it was made of", () => {
    const hostname = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
    fc.assert(
      fc.property(hostname, fc.integer({ min: 1, max: 65_535 }), (name, port) => {
        expect(parseHost(`${name}:${port}`)).toEqual({ hostname: name, port });
      }),
    );
  });
});

test.each([
  ["aio-broker:18883", "LocalBroker"],
  ["AIO-Broker:18883", "LocalBroker"],
  ["aio-broker.azure-iot-operations:18883", "LocalBroker"],
  ["aio-broker.azure-iot-operations.svc.cluster.local:18883", "LocalBroker"],
  ["aio-broker.plant.svc:18883", "LocalBroker"],
  ["aio-broker.plant.svc.edge.example:18883", "LocalBroker"],
  ["aio-broker.bergen.example:18883", "CustomMqtt"], // of another cluster
  ["aio-broker.plant.svc.clusterset.local:18883", "CustomMqtt"],
  ["aio-broker-2:18883", "CustomMqtt"],
  ["my-aio-broker:18883", "CustomMqtt"],
  ["contoso.westeurope-1.ts.eventgrid.azure.net:8883", "EventGrid"],
  ["Contoso.westeurope-1.TS.EventGrid.Azure.Net:443/mqtt", "EventGrid"],
  ["contoso.westeurope-1.ts.eventgrid.azure.net", "EventGrid"], // the port is missing, the broker is known
  ["contoso.westeurope-1.ts.eventgrid.azure.net.:8883", "EventGrid"],
  ["aio-broker.azure-iot-operations.svc.cluster.local.:18883", "LocalBroker"],
  ["eventgrid.azure.net.example:8883", "CustomMqtt"],
  ["mqtt.contoso.example:8883", "CustomMqtt"], // a custom domain of Event Grid can't be told
])("the host type of %s is %s", (host, hostType) => {
  expect(inferHostType(host)).toBe(hostType);
});

test.each([
  ["aio-broker", { service: "aio-broker" }],
  ["AIO-Broker.Plant", { service: "aio-broker", namespace: "plant" }],
  ["b.plant.svc", { service: "b", namespace: "plant" }],
  ["b.plant.svc.cluster.local.", { service: "b", namespace: "plant" }],
  ["b.plant.example.com", undefined],
  ["b.plant.svc.clusterset.local", undefined],
  ["10.0.0.1", undefined],
  ["", undefined],
  ["b.", { service: "b" }],
  ["b..plant", undefined],
])("the Service of host name %p is %j", (hostname, expected) => {
  expect(parseServiceName(hostname)).toEqual(expected);
});

test.each([
  ["LocalBroker", "aio-broker:18883", true],
  ["LocalBroker", "my-listener.azure-iot-operations:1883", true],
  ["LocalBroker", "10.0.0.1:1883", true],
  ["LocalBroker", "aio-broker.bergen.example:8883", false],
  ["CustomMqtt", "aio-broker.azure-iot-operations:18883", true],
  ["CustomMqtt", "aio-broker.bergen.example:8883", false],
  ["CustomMqtt", "my-listener:1883", false],
] as const)("an endpoint of type %s at %s leads to AIO's broker: %p", (hostType, host, expected) => {
  expect(isLocalBroker(hostType, host)).toBe(expected);
  expect(brokerOf(hostType, host) === "AIO's broker").toBe(expected);
});

function withSettings(settings: object) {
  const changes = Object.entries(settings).map(([field, value]) => [
    `endpoints.plant.mqttSettings.${field}`,
    value as unknown,
  ]);
  return buildDocument(Object.fromEntries(changes) as Record<string, unknown>);
}

test("an endpoint has the specification's defaults", () => {
  const { config } = parseDocument(buildDocument());

  expect(config.endpoints["edge"]).toEqual({
    endpointType: "Mqtt",
    hostType: "LocalBroker",
    mqttSettings: {
      host: "aio-broker:18883",
      authentication: { method: "ServiceAccountToken", serviceAccountTokenSettings: { audience: "aio-internal" } },
      protocol: "Mqtt",
      clientIdPrefix: "",
      keepAliveSeconds: 60,
      maxInflightMessages: 100,
      qos: 1,
      retain: "Keep",
      sessionExpirySeconds: 3600,
      tls: { mode: "Enabled" },
    },
    relay: { allowSharedSubscriptions: false },
  });
});

describe("settings with words", () => {
  test.each([
    ["protocol", ["Mqtt", "WebSockets"]],
    ["qos", [0, 1]],
    ["retain", ["Keep", "Never"]],
    ["cloudEventAttributes", ["Propagate", "CreateOrRemap"]],
  ])("%s takes %j", (field, values) => {
    for (const value of values) {
      const { config } = parseDocument(withSettings({ [field]: value }));

      expect(config.endpoints["plant"]?.mqttSettings).toMatchObject({ [field]: value });
    }
  });

  test.each([
    ["protocol", "mqtt", 'is "mqtt"; give "Mqtt" or "WebSockets"'],
    ["qos", 2, "is 2; give 0 or 1"],
    ["qos", -1, "is -1; give 0 or 1"],
    ["retain", true, 'is true; give "Keep" or "Never"'],
    ["cloudEventAttributes", "Create", 'is "Create"; give "Propagate" or "CreateOrRemap"'],
    ["clientIdPrefix", 7, "is 7; give a text in quotes without U+0000"],
    ["host", "broker.example", 'is "broker.example"; give "<hostname>:<port>", such as "broker.example:8883"'],
    [
      "host",
      "mqtts://me:hunter2@broker.example:8883",
      'is "mqtts://…@broker.example:8883"; give "<hostname>:<port>", such as "broker.example:8883"',
    ],
    ["tls", { mode: "enabled" }, 'is "enabled"; give "Enabled" or "Disabled"', ".mode"],
    ["tls", [], "is a list; give an object"],
    [
      "tls",
      { trustedCaCertificateConfigMapRef: "My CA" },
      'is "My CA"; give the name of a ConfigMap',
      ".trustedCaCertificateConfigMapRef",
    ],
  ])("%s refuses %j", (field, value, message, inner = "") => {
    expect(problemsOf(withSettings({ [field]: value }))).toEqual([
      `endpoints.plant.mqttSettings.${field}${inner}: ${message}`,
    ]);
  });
});

describe("endpointType and hostType", () => {
  test.each([
    ["endpointType", "Kafka", 'endpoints.plant.endpointType: is "Kafka"; give "Mqtt"'],
    ["endpointType", undefined, 'endpoints.plant.endpointType: is missing; give "Mqtt"'],
    [
      "hostType",
      "Eventhub",
      'endpoints.plant.hostType: is "Eventhub"; give "LocalBroker" or "EventGrid" or "CustomMqtt"',
    ],
    ["mqttSettings", undefined, "endpoints.plant.mqttSettings: is missing; add it"],
  ])("%s refuses %j", (field, value, problem) => {
    expect(problemsOf(buildDocument({ [`endpoints.plant.${field}`]: value }))).toEqual([problem]);
  });

  test("a custom domain of Event Grid is declared", () => {
    const document = buildDocument({
      "endpoints.cloud.hostType": "EventGrid",
      "endpoints.cloud.mqttSettings.host": "mqtt.contoso.example:8883",
    });

    expect(parseDocument(document).config.endpoints["cloud"]?.hostType).toBe("EventGrid");
  });
});
