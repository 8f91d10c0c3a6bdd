import path from "node:path";

import type { MqttClient } from "mqtt";
import { stringify } from "yaml";

import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient, type Collector } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

const edgeHost = "aio-broker";
const cloudHost = "plant.westeurope-1.ts.eventgrid.azure.net";
const trustBundle = "azure-iot-operations-aio-ca-trust-bundle";

describeWithPart("mosquitto", (executable) => {
  let edge: Mosquitto<"mqtt" | "tests">;
  let cloud: Mosquitto<"mqtt" | "tests">;
  let publisher: MqttClient;
  let arrivals: Collector;
  let relay: RelayProcess;

  beforeAll(async () => {
    const folder = createTemporaryFolder("aio-resources");
    const authority = await createCertificateAuthority();
    const start = async (host: string) => {
      const tls = { server: await authority.createServerCertificate([host]), clientAuthority: authority.certificate };
      return startMosquitto(executable, path.join(folder, host), { listeners: { mqtt: { tls }, tests: {} } });
    };
    edge = await start(edgeHost);
    cloud = await start(cloudHost);
    publisher = await connectMqttClient({ port: edge.ports.tests });
    arrivals = await collect("#", { port: cloud.ports.tests });
    const client = await authority.createClientCertificate("edge-relay");
    const keys = { "client_cert.pem": client.certificate, "client_key.pem": client.key };
    relay = await startRelay({
      folder,
      // As `kubectl get … -o yaml` prints them, one after the other: the relay reads what `check` reads.
      config: exportedResources()
        .items.map((item) => stringify(item))
        .join("---\n"),
      connectTo: [`${edgeHost}:18883=127.0.0.1:${edge.ports.mqtt}`, `${cloudHost}:8883=127.0.0.1:${cloud.ports.mqtt}`],
      mounts: {
        configmaps: { [trustBundle]: { "ca.crt": authority.certificate } },
        secrets: { "edge-client": keys, "cloud-client": keys },
      },
    });
    await relay.untilReady();
  });

  afterAll(cleanUp);

  test("a relay that is given AIO's exported resources runs their dataflow", async () => {
    await publisher.publishAsync("azure-iot-operations/data/oven", "21.5", { qos: 1 });
    const { packet } = await arrivals.untilTopic("factory/oven");

    expect(packet.payload.toString()).toBe("21.5");
    expect({ ...packet.properties?.userProperties }).toMatchObject({ type: "ms.aio-dataflow.telemetry" });
  });

  test("the endpoints' client identifier prefixes are those of the sessions", () => {
    expect(edge.log.some((line) => line.includes(" as edge-aio-to-event-grid-0-source (p5"))).toBe(true);
    expect(cloud.log.some((line) => line.includes(" as plant-aio-to-event-grid-0-destination (p5"))).toBe(true);
  });

  test("what no relay runs is skipped by name", () => {
    const reasons = relay.log.filter(({ msg }) => msg === "skipped").map(({ reason }) => String(reason));

    expect(reasons.map((reason) => reason.replace(/ \(\S+:\d+:\d+\)$/, ""))).toEqual([
      'endpoint "kafka-target" is of type "Kafka", not Mqtt',
      'dataflow "aio-to-kafka" uses the endpoint "kafka-target", which is not Mqtt',
      'dataflow "hot-only": operations[1].builtInTransformationSettings.filter asks the relay to filter messages, which only AIO\'s own engine can',
    ]);
    expect(relay.log.filter(({ msg }) => msg === "skipped").map(({ level }) => level)).toEqual([
      "warn",
      "warn",
      "warn",
    ]);
  });
});

/** What `kubectl get dataflowendpoints,dataflows,dataflowprofiles -n azure-iot-operations -o json` prints. */
function exportedResources() {
  return {
    apiVersion: "v1",
    kind: "List",
    metadata: { resourceVersion: "" },
    items: [
      resource("DataflowEndpoint", "default", {
        endpointType: "Mqtt",
        mqttSettings: {
          host: `${edgeHost}:18883`,
          authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: "edge-client" } },
          clientIdPrefix: "edge-",
          tls: { mode: "Enabled", trustedCaCertificateConfigMapRef: trustBundle },
        },
      }),
      resource("DataflowEndpoint", "event-grid", {
        endpointType: "Mqtt",
        mqttSettings: {
          host: `${cloudHost}:8883`,
          authentication: { method: "X509Certificate", x509CertificateSettings: { secretRef: "cloud-client" } },
          clientIdPrefix: "plant-",
          retain: "Never",
          cloudEventAttributes: "CreateOrRemap",
          tls: { mode: "Enabled", trustedCaCertificateConfigMapRef: trustBundle },
        },
      }),
      resource("DataflowEndpoint", "kafka-target", { endpointType: "Kafka", kafkaSettings: { host: "hub:9093" } }),
      resource("Dataflow", "aio-to-event-grid", {
        profileRef: "default",
        mode: "enabled",
        operations: operations("event-grid", "factory/${inputTopic.3}"),
      }),
      resource("Dataflow", "aio-to-kafka", {
        profileRef: "default",
        operations: operations("kafka-target", "factory"),
      }),
      resource("Dataflow", "hot-only", {
        profileRef: "default",
        operations: operations("event-grid", "hot").toSpliced(1, 0, {
          operationType: "builtInTransformation",
          builtInTransformationSettings: { filter: [{ inputs: ["temperature"], expression: "$1 > 90" }] },
        }),
      }),
      resource("DataflowProfile", "default", { instanceCount: 1, diagnostics: { logs: { level: "info" } } }),
    ],
  };
}

function operations(endpointRef: string, dataDestination: string): object[] {
  return [
    {
      operationType: "source",
      sourceSettings: { endpointRef: "default", dataSources: ["azure-iot-operations/data/#"] },
    },
    { operationType: "destination", destinationSettings: { endpointRef, dataDestination } },
  ];
}

/** Adds what the cluster adds: the relay has to look past it. */
function resource(kind: string, name: string, spec: object) {
  return {
    apiVersion: "connectivity.iotoperations.azure.com/v1",
    kind,
    metadata: {
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
      creationTimestamp: "2026-11-01T08:00:00Z",
      generation: 2,
      name,
      namespace: "azure-iot-operations",
      ownerReferences: [],
      resourceVersion: "41234",
      uid: "7a0f6f3e-52ea-4c6c-9d8a-0a7f4f4b2c11",
    },
    spec,
    status: { configStatusLevel: "ok", provisioningStatus: { status: "Succeeded" } },
  };
}
