import * as pulumi from "@pulumi/pulumi";

import { CustomEndpoint, EventGridEndpoint, LocalEndpoint } from "../../components/index.ts";
import type { CustomEndpointArgs, EventGridEndpointArgs, LocalEndpointArgs } from "../../components/index.ts";
import { parseRelayConfig } from "../../runtime/contract/config.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import { customLocationId, deploy, inventory, only, valueOf } from "./mocks.ts";

const id = "00000000-0000-0000-0000-0000000000c1";
const tenant = "00000000-0000-0000-0000-0000000000e1";
const instance = { resourceGroupName: "rg", instanceName: "aio", customLocationId };
const nowhere = { ...instance, customLocationId: "oslo" };
const dataflowEndpoint = "azure-native:iotoperations:DataflowEndpoint";

const eventGrid: EventGridEndpointArgs = {
  host: "cloud.westeurope-1.ts.eventgrid.azure.net:8883",
  clientId: id,
  tenantId: tenant,
  clientIdPrefix: "oslo-",
};
const custom: CustomEndpointArgs = {
  host: "broker.example:8883",
  authenticationMethod: "Anonymous",
  clientIdPrefix: "oslo-",
};

const advanced = {
  qos: 0,
  keepAliveSeconds: 30,
  maxInflightMessages: 7,
  protocol: "WebSockets",
  retain: "Never",
  sessionExpirySeconds: 60,
  tlsMode: "Enabled",
  trustedCaCertificateConfigMapRef: "my-ca",
  clientIdPrefix: "mine-",
  cloudEventAttributes: "Propagate",
} as const;

const advancedSettings = {
  qos: 0,
  keepAliveSeconds: 30,
  maxInflightMessages: 7,
  protocol: "WebSockets",
  retain: "Never",
  sessionExpirySeconds: 60,
  tls: { mode: "Enabled", trustedCaCertificateConfigMapRef: "my-ca" },
  clientIdPrefix: "mine-",
  cloudEventAttributes: "Propagate",
};

const defaultSettings = {
  qos: 1,
  keepAliveSeconds: 60,
  maxInflightMessages: 100,
  protocol: "Mqtt",
  retain: "Keep",
  sessionExpirySeconds: 3600,
};

type AnyEndpoint = LocalEndpoint | EventGridEndpoint | CustomEndpoint;

async function configOf(create: () => AnyEndpoint): Promise<EndpointInput> {
  const { result } = await deploy(create);
  return JSON.parse(await valueOf(result.config)) as EndpointInput;
}

describe("a local endpoint", () => {
  test("is AIO's default endpoint when nothing else is said, with every default explicit", async () => {
    const config = await configOf(() => new LocalEndpoint("edge", {}));

    expect(config).toEqual({
      endpointType: "Mqtt",
      hostType: "LocalBroker",
      mqttSettings: {
        host: "aio-broker:18883",
        authentication: { method: "ServiceAccountToken", serviceAccountTokenSettings: { audience: "aio-internal" } },
        clientIdPrefix: "",
        tls: { mode: "Enabled", trustedCaCertificateConfigMapRef: "azure-iot-operations-aio-ca-trust-bundle" },
        ...defaultSettings,
      },
      relay: { allowSharedSubscriptions: false },
    });
  });

  test("renders every advanced setting", async () => {
    const config = await configOf(() => new LocalEndpoint("edge", { host: "my-broker:443/mqtt", ...advanced }));

    expect(config.mqttSettings).toMatchObject({ host: "my-broker:443/mqtt", ...advancedSettings });
  });

  test.each<[string, LocalEndpointArgs, object]>([
    [
      "a token for another audience",
      { audience: "my-audience" },
      { method: "ServiceAccountToken", serviceAccountTokenSettings: { audience: "my-audience" } },
    ],
    [
      "a client certificate",
      { authenticationMethod: "X509Certificate", secretRef: "edge-cert" },
      { method: "X509Certificate", x509CertificateSettings: { secretRef: "edge-cert" } },
    ],
    ["nothing", { authenticationMethod: "Anonymous" }, { method: "Anonymous" }],
  ])("authenticates with %s", async (_, args, authentication) => {
    const config = await configOf(() => new LocalEndpoint("edge", args));

    expect(config.mqttSettings.authentication).toEqual(authentication);
  });

  test("trusts no CA where TLS is disabled", async () => {
    const config = await configOf(() => new LocalEndpoint("edge", { tlsMode: "Disabled", host: "aio-broker:1883" }));

    expect(config.mqttSettings.tls).toEqual({ mode: "Disabled" });
  });

  test("tells the relay what to mount", async () => {
    const { result } = await deploy(() => new LocalEndpoint("edge", {}));

    expect(await valueOf(result.tokenAudience)).toBe("aio-internal");
    expect(await valueOf(result.secretRef)).toBeUndefined();
    expect(await valueOf(result.trustedCaCertificateConfigMapRef)).toBe("azure-iot-operations-aio-ca-trust-bundle");
    expect(await valueOf(result.port)).toBe(18883);
  });

  test("mounts no token that its method does not use", async () => {
    const { result } = await deploy(
      () => new LocalEndpoint("edge", { authenticationMethod: "X509Certificate", secretRef: "edge-cert" }),
    );

    expect(await valueOf(result.tokenAudience)).toBeUndefined();
    expect(await valueOf(result.secretRef)).toBe("edge-cert");
  });
});

describe("an endpoint at Event Grid", () => {
  test("uses the user-assigned identity when nothing else is said", async () => {
    const config = await configOf(() => new EventGridEndpoint("cloud", eventGrid));

    expect(config).toEqual({
      endpointType: "Mqtt",
      hostType: "EventGrid",
      mqttSettings: {
        host: eventGrid.host,
        authentication: {
          method: "UserAssignedManagedIdentity",
          userAssignedManagedIdentitySettings: {
            clientId: id,
            tenantId: tenant,
            scope: "https://eventgrid.azure.net/.default",
          },
        },
        clientIdPrefix: "oslo-",
        tls: { mode: "Enabled" },
        ...defaultSettings,
      },
      relay: { allowSharedSubscriptions: false },
    });
  });

  test("is known as Event Grid behind a custom domain too", async () => {
    const config = await configOf(
      () => new EventGridEndpoint("cloud", { ...eventGrid, host: "mqtt.contoso.example:8883" }),
    );

    expect(config.hostType).toBe("EventGrid");
  });

  test.each<[string, Partial<EventGridEndpointArgs>, object]>([
    [
      "the system-assigned identity",
      { authenticationMethod: "SystemAssignedManagedIdentity", audience: "https://eventgrid.azure.net/" },
      {
        method: "SystemAssignedManagedIdentity",
        systemAssignedManagedIdentitySettings: { audience: "https://eventgrid.azure.net/" },
      },
    ],
    [
      "a client certificate",
      { authenticationMethod: "X509Certificate", secretRef: "cloud-cert" },
      { method: "X509Certificate", x509CertificateSettings: { secretRef: "cloud-cert" } },
    ],
  ])("authenticates with %s", async (_, args, authentication) => {
    const { host, clientIdPrefix = "" } = eventGrid;

    const config = await configOf(() => new EventGridEndpoint("cloud", { host, clientIdPrefix, ...args }));

    expect(config.mqttSettings.authentication).toEqual(authentication);
  });

  test("has client identifiers without a prefix where somebody says that no other site has them", async () => {
    const config = await configOf(
      () => new EventGridEndpoint("cloud", { ...eventGrid, clientIdPrefix: "", allowEmptyClientIdPrefix: true }),
    );

    expect(config.mqttSettings.clientIdPrefix).toBe("");
  });

  test("may have a prefix that only the deployment tells to be none", async () => {
    const clientIdPrefix = pulumi.output(Promise.resolve(""));

    const config = await configOf(
      () => new EventGridEndpoint("cloud", { ...eventGrid, clientIdPrefix, allowEmptyClientIdPrefix: true }),
    );

    expect(config.mqttSettings.clientIdPrefix).toBe("");
  });

  test("sends the authentication name of its client, and may share subscriptions where that is said", async () => {
    const { host } = eventGrid;

    const config = await configOf(
      () =>
        new EventGridEndpoint("cloud", {
          host,
          clientIdPrefix: "oslo-",
          authenticationMethod: "X509Certificate",
          secretRef: "cloud-cert",
          username: "oslo-relay",
          allowSharedSubscriptions: true,
        }),
    );

    expect(config.relay).toEqual({ username: "oslo-relay", allowSharedSubscriptions: true });
  });

  test("takes a host that only the deployment tells", async () => {
    const host = pulumi.output(Promise.resolve("late.westeurope-1.ts.eventgrid.azure.net:443/mqtt"));

    const config = await configOf(() => new EventGridEndpoint("cloud", { ...eventGrid, host, protocol: "WebSockets" }));

    expect(config.mqttSettings.host).toBe("late.westeurope-1.ts.eventgrid.azure.net:443/mqtt");
  });
});

describe("an endpoint at any other broker", () => {
  test.each<[string, Partial<CustomEndpointArgs>, object]>([
    [
      "the system-assigned identity",
      { authenticationMethod: "SystemAssignedManagedIdentity", audience: "api://broker" },
      { method: "SystemAssignedManagedIdentity", systemAssignedManagedIdentitySettings: { audience: "api://broker" } },
    ],
    [
      "the user-assigned identity",
      {
        authenticationMethod: "UserAssignedManagedIdentity",
        clientId: id,
        tenantId: tenant,
        scope: "api://broker/.default",
      },
      {
        method: "UserAssignedManagedIdentity",
        userAssignedManagedIdentitySettings: { clientId: id, tenantId: tenant, scope: "api://broker/.default" },
      },
    ],
    [
      "a service account token",
      { authenticationMethod: "ServiceAccountToken", audience: "broker" },
      { method: "ServiceAccountToken", serviceAccountTokenSettings: { audience: "broker" } },
    ],
    [
      "a client certificate",
      { authenticationMethod: "X509Certificate", secretRef: "my-cert" },
      { method: "X509Certificate", x509CertificateSettings: { secretRef: "my-cert" } },
    ],
    [
      "an access token",
      { authenticationMethod: "AccessToken", secretRef: "my-token" },
      { method: "AccessToken", accessTokenSettings: { secretRef: "my-token" } },
    ],
    ["nothing", { authenticationMethod: "Anonymous" }, { method: "Anonymous" }],
    [
      "user name and password",
      { authenticationMethod: "UsernamePassword", secretRef: "my-password" },
      { method: "UsernamePassword", usernamePasswordSettings: { secretRef: "my-password" } },
    ],
  ])("authenticates with %s", async (_, args, authentication) => {
    const config = await configOf(() => new CustomEndpoint("other", { ...custom, ...args }));

    expect(config.hostType).toBe("CustomMqtt");
    expect(config.mqttSettings.authentication).toEqual(authentication);
  });
});

describe("an HTTP proxy of its own", () => {
  const proxy = {
    url: "https://proxy.plant.example:3129",
    secretRef: "proxy-login",
    trustedCaCertificateConfigMapRef: "proxy-ca",
  };

  test.each<[string, () => EventGridEndpoint | CustomEndpoint]>([
    ["at Event Grid", () => new EventGridEndpoint("cloud", { ...eventGrid, proxy })],
    ["at any other broker", () => new CustomEndpoint("other", { ...custom, proxy })],
  ])("is the relay's to read, and tells what to mount, %s", async (_, create) => {
    const { result } = await deploy(create);

    expect((JSON.parse(await valueOf(result.config)) as EndpointInput).relay).toMatchObject({ proxy });
    expect(await valueOf(result.proxy)).toEqual(proxy);
  });

  test("is none where nobody gives one, and none at AIO's own broker", async () => {
    const create = () => [new EventGridEndpoint("cloud", eventGrid), new LocalEndpoint("edge", {})];
    const { result } = await deploy(create);

    expect(await Promise.all(result.map(({ proxy: own }) => valueOf(own)))).toEqual([undefined, undefined]);
    for (const { config } of result) expect(await valueOf(config)).not.toContain("proxy");
  });

  test("stays out of the DataflowEndpoint resource, which has no field for it", async () => {
    const deployed = await deploy(() => new EventGridEndpoint("cloud", { ...eventGrid, instance, proxy }));

    expect(JSON.stringify(only(deployed, dataflowEndpoint).inputs)).not.toContain("proxy");
  });
});

describe("the DataflowEndpoint resource", () => {
  test.each<[string, () => AnyEndpoint]>([
    ["LocalEndpoint", () => new LocalEndpoint("edge", {})],
    ["EventGridEndpoint", () => new EventGridEndpoint("cloud", eventGrid)],
    ["CustomEndpoint", () => new CustomEndpoint("other", custom)],
  ])("of a %s is not created without an AIO instance", async (_, create) => {
    expect(inventory(await deploy(create))).toEqual([]);
  });

  test("has no prefix where nobody wants one, so that an endpoint that exists already keeps its sessions", async () => {
    const none = { clientIdPrefix: "", allowEmptyClientIdPrefix: true };

    const deployed = await deploy(() => new EventGridEndpoint("cloud", { ...eventGrid, ...none, instance }));

    const { properties } = only(deployed, dataflowEndpoint).inputs as { properties: { mqttSettings: object } };
    expect(properties.mqttSettings).not.toHaveProperty("clientIdPrefix");
    expect(JSON.stringify(properties)).not.toContain("allowEmpty");
  });

  test("has AIO's own fields with every default explicit, and none of the relay's", async () => {
    const deployed = await deploy(
      () => new EventGridEndpoint("cloud", { ...eventGrid, endpointName: "event-grid", instance }),
    );

    expect(inventory(deployed)).toEqual([`${dataflowEndpoint} cloud-endpoint`]);
    expect(only(deployed, dataflowEndpoint).inputs).toEqual({
      resourceGroupName: "rg",
      instanceName: "aio",
      extendedLocation: { name: customLocationId, type: "CustomLocation" },
      dataflowEndpointName: "event-grid",
      properties: {
        endpointType: "Mqtt",
        mqttSettings: {
          host: eventGrid.host,
          authentication: {
            method: "UserAssignedManagedIdentity",
            userAssignedManagedIdentitySettings: {
              clientId: id,
              tenantId: tenant,
              scope: "https://eventgrid.azure.net/.default",
            },
          },
          clientIdPrefix: "oslo-",
          tls: { mode: "Enabled" },
          ...defaultSettings,
        },
      },
    });
  });

  test.each<[string, () => AnyEndpoint]>([
    ["LocalEndpoint", () => new LocalEndpoint("edge", { instance })],
    ["EventGridEndpoint", () => new EventGridEndpoint("edge", { ...eventGrid, instance })],
    ["CustomEndpoint", () => new CustomEndpoint("edge", { ...custom, instance })],
  ])("is a child of its %s and named like the endpoint", async (type, create) => {
    const deployed = await deploy(create);

    expect(deployed.urns).toContain(`mqtt-dataflow:index:${type}$${dataflowEndpoint}::edge-endpoint`);
    expect(only(deployed, dataflowEndpoint).inputs["dataflowEndpointName"]).toBe("edge");
  });
});

describe("refuses", () => {
  test.each<[string, () => AnyEndpoint, string[]]>([
    [
      "settings of another method, and the lack of its own",
      () => new LocalEndpoint("edge", { authenticationMethod: "X509Certificate", audience: "a" }),
      [
        "edge has 2 problems:",
        "  audience: is set, and authentication method X509Certificate does not use it; remove it, or set another authenticationMethod [authentication-fields]",
        "  secretRef: is missing, and authentication method X509Certificate needs it; add it [authentication-fields]",
      ],
    ],
    [
      "values outside their bounds, all of them",
      () => new LocalEndpoint("edge", { keepAliveSeconds: -1, maxInflightMessages: 0, host: "aio-broker" }),
      [
        "edge has 3 problems:",
        '  host: is "aio-broker"; give "<hostname>:<port>", such as "broker.example:8883"',
        "  keepAliveSeconds: is -1 s; give a whole number from 0 to 65535 s",
        "  maxInflightMessages: is 0 messages; give a whole number from 1 to 64999 messages",
      ],
    ],
    [
      "a name that AIO does not take",
      () => new LocalEndpoint("Edge", {}),
      [
        "Edge has 1 problem:",
        '  endpointName: is no name for an endpoint ("Edge"); name an endpoint with 3 to 63 lower-case letters, digits and "-", first and last no "-"',
      ],
    ],
    [
      "what Event Grid does not have",
      () => new EventGridEndpoint("cloud", { ...eventGrid, tlsMode: "Disabled", keepAliveSeconds: 1161 }),
      [
        "cloud has 2 problems:",
        '  tlsMode: is Disabled, and Event Grid takes TLS only; set it to "Enabled"',
        "  keepAliveSeconds: is 1161 s, outside what Event Grid takes; give 1 to 1160 s",
      ],
    ],
    [
      "a WebSocket host on the port of TCP",
      () => new EventGridEndpoint("cloud", { ...eventGrid, protocol: "WebSockets" }),
      [
        "cloud has 1 problem:",
        '  host: has port 8883, and Event Grid listens on 443 for WebSockets; use port 443, or set "protocol" to "Mqtt"',
      ],
    ],
    [
      "client identifiers that sites would share",
      () => new EventGridEndpoint("cloud", { ...eventGrid, clientIdPrefix: "" }),
      [
        "cloud has 1 problem:",
        '  clientIdPrefix: is empty, so a second site with the same dataflows would take over this one\'s sessions; give one that no other site has, such as "<site>-", or, where no other site has such dataflows there, set allowEmptyClientIdPrefix [client-id-prefix]',
      ],
    ],
    [
      "a prefix beside the statement that there is none",
      () => new EventGridEndpoint("cloud", { ...eventGrid, allowEmptyClientIdPrefix: true }),
      [
        "cloud has 1 problem:",
        '  allowEmptyClientIdPrefix: is true, and clientIdPrefix is "oslo-"; set clientIdPrefix to "", or remove it [client-id-prefix]',
      ],
    ],
    ...(
      [
        ["local", () => new LocalEndpoint("edge", { instance: nowhere })],
        ["Event Grid", () => new EventGridEndpoint("edge", { ...eventGrid, instance: nowhere })],
        ["custom", () => new CustomEndpoint("edge", { ...custom, instance: nowhere })],
      ] as const
    ).map(([kind, create]): [string, () => AnyEndpoint, string[]] => [
      `a custom location that is no resource ID, at a ${kind} endpoint`,
      create,
      [
        "edge has 1 problem:",
        '  instance.customLocationId: is "oslo", which is no resource ID of a custom location; give "/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.ExtendedLocation/customLocations/<name>" [aio-instance]',
      ],
    ]),
    [
      "a local endpoint that is not what the platform says of AIO's broker",
      () =>
        new LocalEndpoint("edge", {
          instance: { ...instance, broker: { host: "aio-broker:18883", audience: "mine", trustBundle: "my-ca" } },
          trustedCaCertificateConfigMapRef: "my-ca",
        }),
      [
        "edge has 1 problem:",
        '  audience: is "aio-internal", and AIO\'s broker takes tokens for "mine"; set it to "mine", or correct what the platform tells (instance.broker) [aio-broker]',
      ],
    ],
    [
      "a proxy with its password in the URL, without showing it",
      () => new CustomEndpoint("other", { ...custom, proxy: { url: "http://user:word@proxy.example:3128" } }),
      [
        "other has 1 problem:",
        '  proxy.url: is "http://…@proxy.example:3128"; give "http://<host>:<port>", with the user name and the password in a Secret, or "direct"',
      ],
    ],
    [
      "a DataflowEndpoint for a method that AIO lacks",
      () => new CustomEndpoint("other", { ...custom, authenticationMethod: "AccessToken", secretRef: "t", instance }),
      [
        "other has 1 problem:",
        "  instance: is set, and AIO's DataflowEndpoint has no authentication method AccessToken; remove it, or use another authenticationMethod",
      ],
    ],
  ])("%s", async (_, create, lines) => {
    await expect(deploy(create)).rejects.toMatchObject({ message: lines.join("\n"), hideStack: true });
  });
});

test("judges no known host by a protocol that is not known yet", async () => {
  const protocol = pulumi.output(Promise.resolve("WebSockets" as const));
  const host = "cloud.westeurope-1.ts.eventgrid.azure.net:443/mqtt";

  const config = await configOf(() => new EventGridEndpoint("cloud", { ...eventGrid, host, protocol }));

  expect(config.mqttSettings.protocol).toBe("WebSockets");
});

test("stands twice in one stack", async () => {
  const { urns } = await deploy(() => ["a-1", "b-1"].map((name) => new LocalEndpoint(name, { instance })));

  expect(new Set(urns).size).toBe(4);
});

test("gives the relay a part of a configuration that it can read", async () => {
  const { result } = await deploy(() => new EventGridEndpoint("cloud", eventGrid));
  const operations = [
    { operationType: "Source", sourceSettings: { endpointRef: "cloud", dataSources: ["a"] } },
    { operationType: "Destination", destinationSettings: { endpointRef: "cloud", dataDestination: "b" } },
  ];
  const document = {
    endpoints: { cloud: JSON.parse(await valueOf(result.config)) as object },
    dataflows: { copy: { operations } },
  };

  const { config } = parseRelayConfig(JSON.stringify(document), { where: "test" });

  expect(config.endpoints["cloud"]).toEqual(document.endpoints.cloud);
});
