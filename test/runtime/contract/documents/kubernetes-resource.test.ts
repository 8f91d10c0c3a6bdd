import { readFileSync } from "node:fs";
import path from "node:path";

import { buildDocument } from "../config/build-document.ts";
import { parseResources, problemsOfResources, withoutPlaces } from "./read-resources.ts";

interface Resource {
  kind: string;
  metadata: { name: string };
  spec: Record<string, unknown>;
}
interface List {
  apiVersion: string;
  kind: string;
  items: Resource[];
}

/** What `kubectl get dataflowendpoints,dataflows,dataflowprofiles -n azure-iot-operations -o json` prints. */
function readFixture(name: "one-profile" | "two-profiles"): List {
  return JSON.parse(readFileSync(path.join(import.meta.dirname, "fixtures", `${name}.json`), "utf8")) as List;
}

/** The fixture with one value of one resource's `spec` changed; `undefined` takes it out. */
function changed(kind: string, name: string, field: string, value: unknown): { document: List; at: string } {
  const document = readFixture("one-profile");
  const index = document.items.findIndex((item) => item.kind === kind && item.metadata.name === name);
  const keys = field.split(".");
  const parent = keys
    .slice(0, -1)
    .reduce((inner, key) => inner[key] as Record<string, unknown>, document.items[index]!.spec);
  parent[keys.at(-1)!] = value;
  return { document, at: `items[${index}].spec` };
}

describe("AIO's resources as kubectl prints them", () => {
  test("become the configuration that they describe", () => {
    const { config } = parseResources(readFixture("one-profile"));

    expect(config.endpoints["default"]).toEqual({
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
        tls: { mode: "Enabled", trustedCaCertificateConfigMapRef: "azure-iot-operations-aio-ca-trust-bundle" },
        cloudEventAttributes: "Propagate",
      },
      relay: { allowSharedSubscriptions: false },
    });
    expect(config.profile).toEqual({
      instanceCount: 1,
      diagnostics: { logs: { level: "info" }, metrics: { prometheusPort: 9600 } },
    });
    expect(Object.keys(config.dataflows)).toEqual(["telemetry-up", "commands-down", "press-up"]);
  });

  test("may have their words in lower case", () => {
    const { endpoints, dataflows } = parseResources(readFixture("one-profile")).config;

    expect(endpoints["event-grid"]).toMatchObject({
      hostType: "EventGrid",
      mqttSettings: { protocol: "Mqtt", retain: "Never", tls: { mode: "Enabled" } },
    });
    expect(endpoints["press-hall"]?.mqttSettings).toMatchObject({ protocol: "WebSockets", tls: { mode: "Disabled" } });
    expect(dataflows["commands-down"]).toMatchObject({
      mode: "Enabled",
      operations: [
        { operationType: "Source", sourceSettings: { serializationFormat: "Json" } },
        { operationType: "Destination" },
      ],
    });
  });

  test("may have an authentication method in lower case", () => {
    const { document } = changed(
      "DataflowEndpoint",
      "default",
      "mqttSettings.authentication.method",
      "serviceAccountToken",
    );

    expect(parseResources(document).config.endpoints["default"]?.mqttSettings.authentication.method).toBe(
      "ServiceAccountToken",
    );
  });

  test("keep what is no word of AIO's as it is written", () => {
    const { document } = changed("DataflowEndpoint", "event-grid", "mqttSettings.clientIdPrefix", "enabled-");

    expect(parseResources(document).config.endpoints["event-grid"]?.mqttSettings.clientIdPrefix).toBe("enabled-");
  });

  test("keep the empty settings of Anonymous", () => {
    const { endpoints } = parseResources(readFixture("one-profile")).config;

    expect(endpoints["press-hall"]?.mqttSettings.authentication).toEqual({
      method: "Anonymous",
      anonymousSettings: {},
    });
  });

  test("are skipped by name where they are not MQTT, with the dataflows that use them", () => {
    const { skipped, config } = parseResources(readFixture("one-profile"));

    expect(withoutPlaces(skipped)).toEqual([
      'endpoint "event-hubs" is of type "Kafka", not Mqtt',
      'dataflow "history" uses the endpoint "event-hubs", which is not Mqtt',
    ]);
    expect(config.endpoints).not.toHaveProperty("event-hubs");
    expect(config.dataflows).not.toHaveProperty("history");
  });

  test("stay disabled where AIO has disabled them", () => {
    expect(parseResources(readFixture("one-profile")).config.dataflows["press-up"]?.mode).toBe("Disabled");
  });

  test("need no DataflowProfile", () => {
    const document = readFixture("one-profile");
    document.items = document.items.filter(({ kind }) => kind !== "DataflowProfile");

    expect(parseResources(document).config.profile.instanceCount).toBe(1);
  });

  test("are refused one by one as they would be in a list", () => {
    const [endpoint] = readFixture("one-profile").items;

    expect(problemsOfResources(endpoint)).toEqual([
      "document: holds no dataflow that a relay can run; give one that passes messages on between MQTT endpoints",
    ]);
  });
});

describe("profiles", () => {
  test("of several, one has to be chosen", () => {
    expect(problemsOfResources(readFixture("two-profiles"))).toEqual([
      'document: holds dataflows of the profiles "bulk", "default"; say with --profile which one this relay runs',
    ]);
  });

  test.each([
    ["default", ["telemetry-up"], 1, 'dataflow "bulk-up" belongs to the profile "default"'],
    ["bulk", ["bulk-up"], 3, 'dataflow "telemetry-up" belongs to the profile "default"'],
  ])("%s brings its own dataflows and instances", (profile, dataflows, instanceCount) => {
    const { config, skipped } = parseResources(readFixture("two-profiles"), { profile });
    const [other, otherProfile] = profile === "bulk" ? ["telemetry-up", "default"] : ["bulk-up", "bulk"];

    expect(Object.keys(config.dataflows)).toEqual(dataflows);
    expect(config.profile.instanceCount).toBe(instanceCount);
    expect(withoutPlaces(skipped)).toEqual([`dataflow "${other}" belongs to the profile "${otherProfile}"`]);
  });

  test("that do not exist are named with those that do", () => {
    expect(problemsOfResources(readFixture("two-profiles"), { profile: "night" })).toEqual([
      '--profile: names the profile "night", which has no MQTT dataflow here; use one of "bulk", "default"',
    ]);
  });

  test("hide no problem of their dataflows while none is chosen", () => {
    const document = readFixture("two-profiles");
    for (const { kind, spec } of document.items) if (kind === "Dataflow") spec["mode"] = "Paused";

    expect(problemsOfResources(document)).toHaveLength(3);
  });

  test("are ignored in this project's own documents", () => {
    expect(problemsOfResources(buildDocument(), { profile: "night" })).toEqual([]);
  });
});

describe("a problem points into the document that was given", () => {
  test.each([
    [
      "DataflowEndpoint",
      "event-grid",
      "mqttSettings.keepAliveSeconds",
      2000,
      "mqttSettings.keepAliveSeconds: is 2000 s, outside what Event Grid takes; give 1 to 1160 s",
    ],
    [
      "DataflowEndpoint",
      "event-grid",
      "mqttSettings.CloudEventAttributes", // as the preview of 2024-09 wrote it
      "Propagate",
      'mqttSettings.CloudEventAttributes: is not a known field; did you mean "cloudEventAttributes"?',
    ],
    ["DataflowEndpoint", "default", "endpointType", undefined, 'endpointType: is missing; give "Mqtt"'],
    [
      "Dataflow",
      "telemetry-up",
      "operations.2.destinationSettings.endpointRef",
      "event-grit",
      'operations[2].destinationSettings.endpointRef: names the endpoint "event-grit", which does not exist; did you mean "event-grid"?',
    ],
    [
      "Dataflow",
      "telemetry-up",
      "requestDiskPersistence",
      "On",
      'requestDiskPersistence: is "On"; give "Enabled" or "Disabled"',
    ],
    [
      "DataflowProfile",
      "default",
      "instanceCount",
      21,
      "instanceCount: is 21 instances; give a whole number from 1 to 20 instances",
    ],
  ])("%s %s: %s %j", (kind, name, field, value, problem) => {
    const { document, at } = changed(kind, name, field, value);

    expect(problemsOfResources(document)).toContain(`${at}.${problem}`);
  });

  test("with several instances of an Event Grid source", () => {
    const { document, at } = changed("DataflowProfile", "default", "instanceCount", 2);

    expect(problemsOfResources(document)).toEqual([
      expect.stringContaining(
        `${at}.instanceCount: is 2, and the source "event-grid" is Event Grid; set instanceCount to 1`,
      ),
    ]);
  });

  test("as a warning does", () => {
    const { document, at } = changed("DataflowEndpoint", "event-grid", "mqttSettings.retain", undefined);

    expect(parseResources(document).warnings).toEqual([expect.objectContaining({ path: `${at}.mqttSettings.retain` })]);
  });

  test("where a resource stands alone", () => {
    const dataflow = readFixture("one-profile").items.find(({ metadata }) => metadata.name === "telemetry-up")!;
    dataflow.spec["mode"] = "Paused";

    expect(problemsOfResources(dataflow)).toContain('spec.mode: is "Paused"; give "Enabled" or "Disabled"');
  });

  test.each([
    [{ kind: undefined }, "items[0]: is no resource of Azure IoT Operations; take it out"],
    [{ metadata: {} }, "items[0].metadata.name: is missing; add it"],
    [{ spec: undefined }, "items[0].spec: is missing; add it"],
    [
      { metadata: { name: "event-grid" } },
      'items[1].metadata.name: is "event-grid", the name of another DataflowEndpoint too; give the resources of one namespace or instance',
    ],
  ])("with the resource %j", (change, problem) => {
    const document = readFixture("one-profile");
    Object.assign(document.items[0]!, change);

    expect(problemsOfResources(document)).toContain(problem);
  });

  test("with a name that the relay can't take", () => {
    const document = readFixture("one-profile");
    const index = document.items.findIndex(({ metadata }) => metadata.name === "telemetry-up");
    document.items[index]!.metadata.name = "Telemetry_Up";

    expect(problemsOfResources(document)).toEqual([
      `items[${index}].metadata.name: is no name for a dataflow ("Telemetry_Up"); name a dataflow with 1 to 63 lower-case letters, digits and "-", first and last no "-"`,
    ]);
  });

  test("with a list that is empty", () => {
    expect(problemsOfResources({ apiVersion: "v1", kind: "List", items: [] })).toEqual([
      "document: holds no dataflow that a relay can run; give one that passes messages on between MQTT endpoints",
    ]);
  });

  test("with fields named like members of every object", () => {
    const { document, at } = changed("DataflowEndpoint", "default", "constructor", "x");

    expect(problemsOfResources(document)).toEqual([
      `${at}.constructor: is not a known field; use one of "endpointType", "hostType", "mqttSettings", "relay"`,
    ]);
  });
});
