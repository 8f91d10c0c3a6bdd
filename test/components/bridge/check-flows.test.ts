import * as pulumi from "@pulumi/pulumi";

import { checkFlows, findFlowWarnings } from "../../../components/bridge/check-flows.ts";
import { planBridge } from "../../../components/bridge/plan.ts";
import { listSessions } from "../../../components/bridge/sessions.ts";
import type { MqttBridgeArgs } from "../../../components/index.ts";
import { baseDeclaration, withChange } from "../../../doc/checks/declaration.ts";

const existing = { host: "contoso.westeurope-1.ts.eventgrid.azure.net:8883" };

function declare(change: object = {}) {
  return planBridge("oslo", withChange<MqttBridgeArgs>(baseDeclaration, change));
}

/** Path and rule of what is refused. */
function refused(change: object): string[] {
  return checkFlows(declare(change)).map(({ path, rule }) => `${path} [${rule}]`);
}

function warned(change: object): string[] {
  return findFlowWarnings(declare(change)).map(({ path, rule }) => `${path} [${rule}]`);
}

test("the declaration that the others change is refused nothing and warned of nothing", () => {
  expect(refused({})).toEqual([]);
  expect(warned({})).toEqual([]);
});

describe("one broker is known as one", () => {
  const brokers = (change: object) => {
    return Object.fromEntries(declare(change).endpoints.map(({ name, broker }) => [name, broker]));
  };
  const anonymous = { authenticationMethod: "Anonymous" };

  test("AIO's, whatever the listener", () => {
    const { edge, other } = brokers({ localEndpoints: { other: { host: "aio-broker:1883", tlsMode: "Disabled" } } });

    expect(other).toBe(edge);
  });

  test("AIO's, by a custom endpoint too, and not another cluster's", () => {
    const { edge, custom, bergen, far } = brokers({
      customEndpoints: {
        custom: { host: "aio-broker.azure-iot-operations:18883", ...anonymous },
        bergen: { host: "aio-broker.bergen.example:18883", ...anonymous },
      },
      localEndpoints: { far: { host: "aio-broker.bergen.example:18883" } },
    });

    expect(custom).toBe(edge);
    expect(bergen).not.toBe(edge);
    expect(far).toBe(bergen);
  });

  test("the bridge's own namespace, by whatever port", () => {
    const { cloud, web } = brokers({ eventGridEndpoints: { web: { protocol: "WebSockets" } } });

    expect(web).toBe(cloud);
  });

  test("an existing namespace, by whatever port and in whatever case", () => {
    const { one, two } = brokers({
      eventGridEndpoints: {
        one: existing,
        two: { host: "Contoso.westeurope-1.ts.eventgrid.azure.net:443/mqtt", protocol: "WebSockets" },
      },
    });

    expect(two).toBe(one);
  });

  test("another broker, by host and port alike", () => {
    const { one, two, three } = brokers({
      customEndpoints: {
        one: { host: "mqtt.plant:1883", ...anonymous },
        two: { host: "MQTT.plant:1883", ...anonymous },
        three: { host: "mqtt.plant:2883", ...anonymous },
      },
    });

    expect(two).toBe(one);
    expect(three).not.toBe(one);
  });

  test("and one of unknown host is like no other", () => {
    const { one, two } = brokers({
      customEndpoints: {
        one: { host: pulumi.output("a:1883"), ...anonymous },
        two: { host: pulumi.output("a:1883"), ...anonymous },
      },
    });

    expect(one).not.toBe(two);
  });
});

describe("sessions", () => {
  test("are one for each end of each dataflow that is enabled, under the identifiers that the relay uses", () => {
    const sessions = listSessions(declare({ dataflows: { commands: { mode: "Disabled" } } }));

    expect(sessions).toEqual([
      { path: "dataflows.telemetry.source", broker: "AIO's broker", clientId: "oslo-telemetry-0-source" },
      {
        path: "dataflows.telemetry.destination",
        broker: "the bridge's namespace",
        clientId: "oslo-telemetry-0-destination",
      },
    ]);
  });

  test("of an unknown prefix are not compared", () => {
    expect(
      listSessions(declare({ localEndpoints: { edge: { clientIdPrefix: pulumi.output("a-") } } })).map(
        ({ path }) => path,
      ),
    ).toEqual(["dataflows.telemetry.destination", "dataflows.commands.source"]);
  });
});

describe("loops", () => {
  const back = { dataDestination: "plant/${inputTopic.4}/telemetry/${inputTopic.5}" };
  const up = { dataDestination: "sites/oslo/commands/${inputTopic.2}/${inputTopic.4}" };

  test("are found from endpoint to endpoint", () => {
    expect(refused({ dataflows: { telemetry: up, commands: back } })).toEqual([
      "dataflows.telemetry.dataDestination [loop]",
    ]);
  });

  test("are none with a dataflow that is disabled", () => {
    expect(refused({ dataflows: { telemetry: up, commands: { ...back, mode: "Disabled" } } })).toEqual([]);
  });

  test("are found through a second endpoint at the same broker", () => {
    const change = {
      localEndpoints: { "edge-2": { clientIdPrefix: "oslo-2-" } },
      dataflows: {
        telemetry: {
          ...baseDeclaration.dataflows["telemetry"],
          destination: "edge-2",
          dataDestination: "${inputTopic}",
        },
      },
    };

    expect(refused(change)).toEqual(["dataflows.telemetry.dataDestination [loop]"]);
  });

  test("are none between two brokers of one host", () => {
    const anonymous = { authenticationMethod: "Anonymous" };
    const change = {
      customEndpoints: {
        one: { host: "mqtt.plant:1883", ...anonymous },
        two: { host: "mqtt.plant:2883", ...anonymous },
      },
      dataflows: {
        mirror: { source: "one", dataSources: ["#"], destination: "two", dataDestination: "${inputTopic}" },
      },
    };

    expect(refused(change)).toEqual([]);
  });
});

describe("load", () => {
  test("is judged at the bridge's own namespace", () => {
    const telemetry = { expectedMessagesPerSecond: 1001 };

    expect(refused({ dataflows: { telemetry } })).toEqual([
      "dataflows.telemetry.expectedMessagesPerSecond [load]",
      "eventGrid.capacity [load]",
    ]);
  });

  test("is not judged where the capacity is unknown, or the namespace another's", () => {
    const telemetry = { expectedMessagesPerSecond: 1001 };

    expect(refused({ dataflows: { telemetry }, eventGrid: { capacity: pulumi.output(1) } })).toEqual([]);
    expect(refused({ dataflows: { telemetry }, eventGridEndpoints: { cloud: existing } })).toEqual([]);
  });

  test("is shared by the instances", () => {
    const change = (instanceCount: number) => ({
      dataflows: { commands: { expectedMessagesPerSecond: 200 } },
      relay: { instanceCount },
    });

    expect(refused(change(1))).toEqual(["dataflows.commands.expectedMessagesPerSecond [load]"]);
    expect(refused(change(2))).toEqual([]);
  });
});

describe("session expiry", () => {
  const cloud = { sessionExpirySeconds: 7200 };

  test("is compared with the namespace's, which is 1 h where nothing is said", () => {
    expect(refused({ eventGridEndpoints: { cloud } })).toEqual([
      "eventGridEndpoints.cloud.sessionExpirySeconds [session-expiry]",
    ]);
    expect(refused({ eventGridEndpoints: { cloud }, eventGrid: { maximumSessionExpiryInHours: 2 } })).toEqual([]);
  });

  test("of destinations alone does not matter: nothing waits there", () => {
    expect(refused({ eventGridEndpoints: { cloud }, dataflows: { commands: { mode: "Disabled" } } })).toEqual([]);
  });

  test("is not compared with an hour that is unknown, nor at other namespaces", () => {
    const unknown = { maximumSessionExpiryInHours: pulumi.output(1) };

    expect(refused({ eventGridEndpoints: { cloud }, eventGrid: unknown })).toEqual([]);
    expect(refused({ eventGridEndpoints: { cloud: { ...cloud, ...existing } } })).toEqual([]);
  });
});

describe("certificates", () => {
  const cloud = { authenticationMethod: "X509Certificate", secretRef: "cert", username: "relay" };
  const x509 = {
    caCertificates: { plant: { certificate: "PEM" } },
    clients: { relay: {} },
    permissionBindings: {
      "all-up": { clientGroup: "$all", topicSpace: "telemetry", permission: "Publisher" },
      "all-down": { clientGroup: "$all", topicSpace: "commands", permission: "Subscriber" },
    },
  };

  test("need what the namespace has to know of them", () => {
    expect(refused({ eventGridEndpoints: { cloud } })).toEqual([
      "eventGrid.x509.caCertificates [x509-access]",
      "eventGridEndpoints.cloud.username [x509-access]",
    ]);
    expect(refused({ eventGridEndpoints: { cloud }, eventGrid: { x509 } })).toEqual([]);
  });

  test("may have a name that only the deployment knows", () => {
    const unnamed = { ...cloud, username: pulumi.output("relay") };

    expect(refused({ eventGridEndpoints: { cloud: unnamed }, eventGrid: { x509 } })).toEqual([]);
  });

  test("need nothing here at another's namespace, and identities need nothing of it at all", () => {
    expect(refused({ eventGridEndpoints: { cloud: { ...cloud, ...existing } } })).toEqual([]);
  });

  test("draw a warning with permissions for a part of the topics", () => {
    const topicSpaces = {
      ...baseDeclaration.eventGrid?.topicSpaces,
      press: { topicTemplates: ["sites/oslo/plant/press/#"] },
    };
    const press = { clientGroup: "$all", topicSpace: "press", permission: "Publisher" };
    const change = {
      eventGridEndpoints: { cloud },
      eventGrid: {
        topicSpaces,
        x509: { ...x509, permissionBindings: { ...x509.permissionBindings, "all-up": press } },
      },
    };

    expect(refused(change)).toEqual([]);
    expect(warned(change)).toEqual(["dataflows.telemetry.dataDestination [x509-access]"]);
  });
});

describe("warns of", () => {
  test("filters that overlap, but not in a dataflow that is disabled", () => {
    const telemetry = { dataSources: ["plant/#", "plant/+/alarms"] };

    expect(warned({ dataflows: { telemetry } })).toEqual(["dataflows.telemetry.dataSources[1] [overlapping-filters]"]);
    expect(warned({ dataflows: { telemetry: { ...telemetry, mode: "Disabled" } } })).toEqual([]);
  });

  const plant = { host: "mqtt.example.com:8883", authenticationMethod: "Anonymous" };
  const alarms = { source: "plant", dataSources: ["a/#"], destination: "edge", dataDestination: "x/${inputTopic}" };
  const forgotten = (change: object, endpoint = {}) =>
    warned({ customEndpoints: { plant: { ...plant, ...endpoint } }, relay: { instanceCount: 2 }, ...change });

  test("shared subscriptions that mosquitto forgets, once for all dataflows of one source", () => {
    const topic = { ...alarms, dataSources: ["b", "$shared/group/c/#"] };

    expect(forgotten({ dataflows: { alarms } })).toEqual(["relay.instanceCount [forgotten-shares]"]);
    expect(forgotten({ dataflows: { alarms, more: alarms } })).toHaveLength(1);
    expect(forgotten({ dataflows: { alarms: topic }, relay: {} })).toEqual([
      "dataflows.alarms.dataSources[1] [forgotten-shares]",
    ]);
    expect(
      forgotten({
        dataflows: { alarms: { ...alarms, engine: "AzureIoTOperations" } },
        dataflowProfile: { instanceCount: 2 },
      }),
    ).toEqual(["dataflowProfile.instanceCount [forgotten-shares]"]);
  });

  test("none with one instance, at AIO's own broker, and where nothing is kept anyway", () => {
    expect(forgotten({ dataflows: { alarms }, relay: {} })).toEqual([]);
    expect(forgotten({ dataflows: { alarms: { ...alarms, source: "edge", destination: "plant" } } })).toEqual([]);
    expect(forgotten({ dataflows: { alarms } }, { qos: 0 })).toEqual([]);
    expect(forgotten({ dataflows: { alarms } }, { sessionExpirySeconds: 0 })).toEqual([]);
  });

  test("removed filters at Event Grid that nothing remembers, but not where the relay has a disk", () => {
    const withDisk = { spool: { mode: "Disabled" }, undeliverableMessages: "DeadLetter" };

    expect(warned({ dataflows: { commands: { spool: { mode: "Disabled" } } } })).toEqual([
      "dataflows.commands.spool.mode [unremembered-filters]",
    ]);
    expect(warned({ dataflows: { commands: withDisk } })).toEqual([]);
    expect(warned({ dataflows: { commands: { spool: { mode: "Disabled" }, mode: "Disabled" } } })).toEqual([]);
  });

  test("tokens for somebody else at a custom broker, known audience or not", () => {
    const other = { host: "mqtt.example.com:8883", authenticationMethod: "ServiceAccountToken" };
    const audience: MqttBridgeArgs["site"] | pulumi.Output<string> = pulumi.output("https://mqtt.example.com");

    expect(warned({ customEndpoints: { other } })).toEqual(["customEndpoints.other.audience [foreign-audience]"]);
    expect(warned({ customEndpoints: { other: { ...other, audience } } })).toEqual([]);
  });
});

describe("dataflows that lead back to each other", () => {
  const there = { source: "edge", dataSources: ["both/#"], destination: "other", dataDestination: "${inputTopic}" };
  const back = { ...there, source: "other", destination: "edge" };
  const circle = (more: object) => ({
    customEndpoints: { other: { host: "other.example:8883", authenticationMethod: "Anonymous" } },
    dataflows: { there: { ...there, ...more }, back: { ...back, ...more } },
  });

  test.each([{}, { maxHops: 1 }, { undeliverableMessages: "Discard" }])("are refused with %j", (more) => {
    expect(refused(circle(more))).toEqual([expect.stringMatching(/dataDestination \[loop\]$/)]);
  });

  test("are taken as meant where they discard what has passed as many relays as they say", () => {
    expect(refused(circle({ maxHops: 1, undeliverableMessages: "Discard" }))).toEqual([]);
  });
});
