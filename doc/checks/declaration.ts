import type { MqttBridgeArgs } from "../../components/index.ts";

/** A change to the declaration that breaks a rule, and the smallest change beside it that does not. */
export interface CheckExample {
  /** Name of the rule in `components/checks/rules.ts`, or in `configurationRules`. */
  readonly rule: string;
  /** Fields of {@link baseDeclaration} to replace, as far down as objects go. */
  readonly fails: object;
  readonly passes: object;
  /** Where the problem is reported. */
  readonly path: string;
  /** Whether preview goes on, with a warning. */
  readonly isWarning?: true;
  /** For a field that Pulumi programs can only get wrong at runtime, or a text that is too long to show. */
  readonly shown?: string;
}

/** The declaration that every example changes: one site, an edge broker and a namespace, telemetry up and commands down. */
export const baseDeclaration: MqttBridgeArgs = {
  site: "oslo",
  eventGrid: {
    resourceGroupName: "rg",
    topicSpaces: {
      telemetry: { topicTemplates: ["sites/oslo/plant/#"] },
      commands: { topicTemplates: ["sites/oslo/commands/+/+"] },
    },
  },
  localEndpoints: { edge: {} },
  eventGridEndpoints: { cloud: { retain: "Never" } },
  dataflows: {
    telemetry: {
      source: "edge",
      dataSources: ["plant/+/telemetry/#"],
      destination: "cloud",
      dataDestination: "sites/oslo/${inputTopic}",
    },
    commands: {
      source: "cloud",
      dataSources: ["sites/oslo/commands/+/+"],
      destination: "edge",
      dataDestination: "plant/${inputTopic.4}/commands/${inputTopic.5}",
    },
  },
  identity: {
    clientId: "00000000-0000-0000-0000-0000000000c1",
    tenantId: "00000000-0000-0000-0000-0000000000e1",
    principalId: "00000000-0000-0000-0000-0000000000a1",
  },
  relay: { image: "mqtt-dataflow-relay:0.1.0" },
};

/** Rules that the relay's configuration has by itself, which its parser and a preview check alike. */
export const configurationRules = {
  "authentication-method": {
    title: "An endpoint has an authentication method that its kind of broker takes",
    source: "Specification, the forms of endpoints; Azure CLI, `az iot ops dataflow endpoint`",
  },
  "client-id-length": {
    title: "Client identifiers are as long as their broker takes: 128 characters at Event Grid, 65535 bytes elsewhere",
    source: "Event Grid, event schema of MQTTClientSessionConnected, clientSessionName; MQTT 5.0 §1.5.4",
  },
  "event-grid-host": {
    title: "Event Grid is reached by its host name, on port 8883, or 443 with WebSockets at `/mqtt`, with TLS",
    source: "Event Grid, MQTT support (2025-07-30)",
  },
  "event-grid-keep-alive": {
    title: "Keep alive is from 1 to 1160 s at Event Grid",
    source: "Event Grid, MQTT support (2025-07-30)",
  },
  host: {
    title: "A host is a name and a port",
    source: "Specification, Host",
  },
  "instance-count": {
    title: "One instance has Event Grid as its source, unless the namespace is said to support shared subscriptions",
    source: "Specification, no shared subscriptions; Event Grid, MQTT shared subscriptions (2026-05-07)",
  },
  "topic-filter": {
    title:
      'Topic filters are MQTT\'s, and at Event Grid have 15 segments and 256 bytes at most and do not begin with "$"',
    source: "MQTT 5.0 §4.7; Event Grid, quotas (2025-07-30) and Topic spaces (2026-08-26)",
  },
  "topic-template": {
    title:
      'A destination topic has no wildcard, only levels that the source\'s topics have, and at Event Grid no "$" as its first',
    source: "Azure IoT Operations, Data flow destinations (2026-03-19); Event Grid, Topic spaces (2026-08-26)",
  },
} as const;

/** A CA certificate from 2020 to 2119, whose key nobody has kept. */
export const certificate = `-----BEGIN CERTIFICATE-----
MIIBijCCAS+gAwIBAgIQPZRQfZZMqDzPospSWw9N7jAKBggqhkjOPQQDAjATMREw
DwYDVQQDDAhwbGFudCBDQTAgFw0yMDAxMDEwMDAwMDBaGA8yMTE5MTIzMTAwMDAw
MFowEzERMA8GA1UEAwwIcGxhbnQgQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAQRseB66SF3T6hFs1l97P7VCQsFKhMfu85RWr6IqHMqQV16+C+lzDeeGouqZSU5
4NNW9N9vKlZZkJPPJ/wpA3J/o2MwYTAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB
/wQEAwIBBjAfBgNVHSMEGDAWgBQBBi6akblvFw2uU3exCDMq/psbyTAdBgNVHQ4E
FgQUAQYumpG5bxcNrlN3sQgzKv6bG8kwCgYIKoZIzj0EAwIDSQAwRgIhAJ1LEpQw
b4FbKs/o3ZFGRpvO//l6pW/qIOsfkvrMIEYEAiEA8gIlPVpsMZMAadMQYq/kwCwl
RcHA54Q0ehzNxJKkhlE=
-----END CERTIFICATE-----
`;

/** Replaces fields as far down as objects go; lists and texts are replaced whole. */
export function withChange<T>(base: T, change: object): T {
  const changed = Object.entries(change).map(([key, value]: [string, unknown]) => {
    const before = (base as Record<string, unknown>)[key];
    return [key, isRecord(before) && isRecord(value) ? withChange(before, value) : value] as const;
  });
  return { ...base, ...Object.fromEntries(changed) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
