import type {
  DataflowReport,
  EndpointReport,
  HistoryDocument,
  MessageSample,
  RelayEvent,
  StatusDocument,
} from "../../../../runtime/contract/status/schema.ts";

/** What a relay answers in one situation. */
export interface Scene {
  readonly status: StatusDocument;
  readonly events: readonly RelayEvent[];
  readonly history: HistoryDocument;
  readonly samples: readonly MessageSample[];
}

const now = Date.parse("2026-11-27T12:00:00Z");
const at = (secondsAgo: number) => new Date(now - secondsAgo * 1000).toISOString();

const limits = {
  receiveMaximum: 100,
  maximumQoS: 1,
  maximumPacketBytes: 524_288,
  retainAvailable: false,
  sharedSubscriptionAvailable: true,
  sessionPresent: true,
  sessionExpirySeconds: 28_800,
};

const endpoints: readonly EndpointReport[] = [
  {
    name: "edge",
    host: "aio-broker.azure-iot-operations:18883",
    hostType: "LocalBroker",
    protocol: "Mqtt",
    tls: true,
    method: "ServiceAccountToken",
    identity: "the pod's service account, audience aio-internal",
    proxy: null,
    credentials: [
      { kind: "token", name: "token", endsAt: at(-2900) },
      { kind: "ca_certificate", name: "Azure IoT Operations Quickstart Root CA", endsAt: at(-8_000_000) },
    ],
  },
  {
    name: "cloud",
    host: "contoso.westeurope-1.ts.eventgrid.azure.net:8883",
    hostType: "EventGrid",
    protocol: "Mqtt",
    tls: true,
    method: "UserAssignedManagedIdentity",
    identity: "managed identity 11111111-2222-3333-4444-555555555555",
    proxy: "http://proxy.plant.example:3128",
    credentials: [{ kind: "token", name: "token", endsAt: at(-41_000) }],
  },
  {
    name: "historian",
    host: "mqtt.historian.example:443",
    hostType: "CustomMqtt",
    protocol: "WebSockets",
    tls: true,
    method: "X509Certificate",
    identity: "oslo-relay",
    proxy: null,
    credentials: [{ kind: "client_certificate", name: "oslo-relay", endsAt: at(-7200) }],
  },
];

function side(endpoint: string, change: Partial<DataflowReport["source"]> = {}): DataflowReport["source"] {
  return {
    endpoint,
    clientId: `oslo-telemetry-0-${endpoint}`,
    state: "up",
    since: at(86_400),
    disconnects: 0,
    limits,
    ...change,
  };
}

function dataflow(name: string, change: Partial<DataflowReport> = {}): DataflowReport {
  return {
    name,
    state: "ok",
    reasons: [],
    source: side("edge"),
    destination: side("cloud"),
    filters: [`plant/+/${name}`],
    destinationTopic: `sites/oslo/${name}/\${inputTopic.2}`,
    received: 0,
    delivered: 0,
    deadLettered: 0,
    rejected: 0,
    lost: 0,
    lostByReason: {},
    receivedPerSecond: 0,
    deliveredPerSecond: 0,
    waiting: 0,
    inFlight: 0,
    window: 100,
    heldBytes: 0,
    onDisk: { messages: 0, bytes: 0, takenBytes: 0, maxBytes: 1_073_741_824 },
    oldestSeconds: 0,
    latencySeconds: null,
    lastError: null,
    ...change,
  };
}

const busy: Partial<DataflowReport> = {
  received: 12_345_678,
  delivered: 12_345_601,
  receivedPerSecond: 812,
  deliveredPerSecond: 810,
  inFlight: 42,
  waiting: 35,
  heldBytes: 310_000,
  oldestSeconds: 0.06,
  latencySeconds: { p50: 0.018, p99: 0.092 },
};

function event(id: number, name: string, change: Partial<RelayEvent> = {}): RelayEvent {
  return { id, time: at(600 - id), name, level: "info", text: name.replaceAll("_", " "), ...change };
}

const started = [
  event(1, "serving_the_status_page"),
  event(2, "connected", { dataflow: "telemetry", endpoint: "cloud", side: "destination" }),
  event(3, "connected", { dataflow: "telemetry", endpoint: "edge", side: "source" }),
  event(4, "credential_renewed", { endpoint: "cloud" }),
];

/** Ten minutes that follow a function of the step. */
function history(level: (step: number) => number, dataflowName: string | null = null): HistoryDocument {
  const values = Array.from({ length: 120 }, (_, step) => level(step));
  return {
    version: 1,
    dataflow: dataflowName,
    end: at(0),
    stepSeconds: 5,
    receivedPerSecond: values,
    deliveredPerSecond: values.map((value) => value * 0.98),
    waiting: values.map((value) => value / 10),
    onDisk: values.map((value) => (value > 700 ? value * 3 : 0)),
    p50Seconds: values.map((value) => (value === 0 ? null : 0.01 + value / 1e5)),
    p99Seconds: values.map((value) => (value === 0 ? null : 0.05 + value / 1e4)),
  };
}

function scene(
  dataflows: readonly DataflowReport[],
  change: Partial<StatusDocument> = {},
  more: Partial<Scene> = {},
): Scene {
  const reasons = dataflows.flatMap(({ name, reasons: its }) => its.map((reason) => `${name}: ${reason}`));
  return {
    status: {
      version: 1,
      time: at(0),
      relay: {
        site: "oslo",
        instance: 0,
        startedAt: at(200_000),
        residentBytes: 98_000_000,
        limitBytes: 268_435_456,
      },
      state: reasons.length === 0 ? "ok" : "attention",
      reasons,
      endpoints: [...endpoints],
      dataflows: [...dataflows],
      tap: "Off",
      ...change,
    },
    events: started,
    history: history((step) => 400 + 300 * Math.sin(step / 12)),
    samples: [],
    ...more,
  };
}

const names = ["telemetry", "alarms", "commands", "history"] as const;
const ways: Readonly<Record<(typeof names)[number], Partial<DataflowReport>>> = {
  telemetry: {},
  alarms: {},
  commands: { source: side("cloud"), destination: side("edge") },
  history: { destination: side("historian") },
};
const four = (change: Partial<DataflowReport>) => names.map((name) => dataflow(name, { ...change, ...ways[name] }));

const noRole =
  "destination cloud (contoso.westeurope-1.ts.eventgrid.azure.net:8883) refused the connection: 0x87 Not authorized";

/** The situations that the page is looked at in. */
export const scenes = {
  idle: scene(four({}), {}, { history: history(() => 0) }),
  busy: scene(
    four(busy),
    { tap: "Payload" },
    {
      samples: [
        {
          time: at(1),
          dataflow: "telemetry",
          source: {
            topic: "plant/line-4/telemetry",
            qos: 1,
            retain: false,
            bytes: 212,
            properties: [["Content Type", "application/json"]],
          },
          destination: {
            topic: "sites/oslo/telemetry/line-4",
            qos: 1,
            retain: false,
            bytes: 298,
            properties: [
              ["Content Type", "application/json"],
              ["type", "ms.aio.telemetry"],
            ],
          },
          payloadBytes: 160,
          payload: { encoding: "utf8", content: '{"temperature":71.2,"<b>unit</b>":"C"}', isWhole: true },
        },
      ],
    },
  ),
  "one side down": scene(
    four(busy).map((one) => ({
      ...one,
      ...(one.destination.endpoint === "cloud"
        ? {
            state: "attention" as const,
            reasons: [`destination is down, ${noRole}`],
            destination: side("cloud", {
              state: "down",
              since: at(95),
              reason: noRole,
              reasonCode: 0x87,
              disconnects: 1,
            }),
            deliveredPerSecond: 0,
            waiting: 2000,
            inFlight: 0,
            onDisk: { messages: 76_400, bytes: 12_000_000, takenBytes: 16_500_000, maxBytes: 1_073_741_824 },
            oldestSeconds: 3.2,
            latencySeconds: null,
            lastError: {
              event: "connection_refused",
              text: `could not connect, will retry: ${noRole}`,
              remedy:
                "assign the role EventGrid TopicSpaces Publisher to the identity at this topic space; it takes up to five minutes to count",
              since: at(95),
              last: at(4),
              times: 9,
              isOver: false,
            },
          }
        : {}),
    })),
    {},
    {
      events: [
        ...started,
        event(5, "disconnected", {
          level: "warn",
          dataflow: "telemetry",
          endpoint: "cloud",
          side: "destination",
          reason: "the connection was closed",
        }),
        event(6, "connection_refused", {
          level: "warn",
          text: "could not connect, will retry",
          dataflow: "telemetry",
          endpoint: "cloud",
          side: "destination",
          reason: noRole,
          remedy: "assign the role",
        }),
      ],
    },
  ),
  "dead letters": scene(
    four(busy).map((one, index) =>
      index > 1
        ? one
        : {
            ...one,
            state: index === 0 ? ("attention" as const) : ("failed" as const),
            reasons:
              index === 0
                ? ["31 messages became dead letters within the last minute"]
                : ['stopped, a message with topic "plant/a" can\'t be delivered: 0x90 Topic Name invalid'],
            deadLettered: 31,
            lost: 2,
            lostByReason: { expired: 2 },
            lastError: {
              event: "message_dead_lettered",
              text: "message undeliverable, kept as a dead letter: the topic lacks a level that the destination topic asks for",
              since: at(50),
              last: at(3),
              times: 31,
              isOver: false,
            },
          },
    ),
    { state: "failed" },
    {
      events: [
        ...started,
        event(5, "message_dead_lettered", {
          level: "warn",
          dataflow: "telemetry",
          topic: "plant/<script>alert(1)</script>",
          reason: "lacks a level",
        }),
        event(6, "dataflow_stopped", { level: "error", dataflow: "alarms", reason: "0x90 Topic Name invalid" }),
      ],
    },
  ),
  "200 dataflows": scene(
    Array.from({ length: 200 }, (_, index) =>
      dataflow(`line-${index + 1}`, {
        ...busy,
        receivedPerSecond: index * 2,
        deliveredPerSecond: index * 2,
        destination: side(index % 3 === 0 ? "historian" : "cloud"),
        ...(index % 50 === 7 ? { state: "attention", reasons: ["destination is connecting"] } : {}),
      }),
    ),
  ),
} satisfies Readonly<Record<string, Scene>>;

export type SceneName = keyof typeof scenes;
