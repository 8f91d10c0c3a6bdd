import { Provider } from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";

import { Fleet, fleetOf } from "../../../components/bridge/fleet.ts";
import { planBridge } from "../../../components/bridge/plan.ts";
import { MqttBridge } from "../../../components/index.ts";
import type { MqttBridgeArgs } from "../../../components/index.ts";
import type { Problem } from "../../../runtime/contract/errors.ts";
import { baseDeclaration, withChange } from "../../../doc/checks/declaration.ts";
import { deploy } from "../mocks.ts";

const host = "contoso.westeurope-1.ts.eventgrid.azure.net:8883";
const { eventGrid: _, ...withoutNamespace } = baseDeclaration;

/** A site whose relay uses a namespace that exists. */
function siteAt(site: string, change: object = {}): MqttBridgeArgs {
  return withChange<MqttBridgeArgs>({ ...withoutNamespace, site, eventGridEndpoints: { cloud: { host } } }, change);
}

/** What the fleet says of each bridge in turn. */
function addAll(bridges: readonly MqttBridgeArgs[]): Problem[][] {
  const fleet = new Fleet();
  return bridges.map((args, index) => fleet.add(planBridge(`bridge-${index}`, args)));
}

describe("federated credentials", () => {
  const credential = {
    oidcIssuerUrl: "https://oidc.example",
    resourceGroupName: "rg",
    identityName: "mqtt",
  };
  const sites = (count: number, identity: object, name = "site") =>
    Array.from({ length: count }, (_, index) => siteAt(`${name}-${index}`, { identity }));

  test("of one identity are 20, and the 21st is refused", () => {
    const found = addAll(sites(21, credential));

    expect(found.slice(0, 20).flat()).toEqual([]);
    expect(found[20]).toEqual([
      expect.objectContaining({
        path: "identity.identityName",
        problem: 'is "mqtt", which would get 21 federated identity credentials of the 20 that an identity can have',
        rule: "federated-credentials",
      }),
    ]);
  });

  test("are counted for each identity by itself, whose name has no case", () => {
    const others = sites(10, { ...credential, identityName: "other" }, "other");
    const upper = sites(11, { ...credential, identityName: "MQTT", resourceGroupName: "RG" }, "upper");

    const found = addAll([...sites(10, credential), ...others, ...upper]);

    expect(found.slice(0, 30).flat()).toEqual([]);
    expect(found[30]).toHaveLength(1);
  });

  test("are counted for a vault's service account too, where secret sync reads it with the same identity", () => {
    const secretSync = { vaultName: "kv-plants", identity: { clientId: "c", tenantId: "t", ...credential } };
    const secrets = { historian: { clientCertificate: "cert", clientKey: "key" } };
    const both = sites(11, credential).map((site) =>
      withChange(site, { relay: { namespace: site.site, vault: { secrets, secretSync } } }),
    );

    const found = addAll(both);

    expect(found.slice(0, 10).flat()).toEqual([]);
    expect(found[10]?.map(({ path }) => path)).toEqual([
      "identity.identityName",
      "relay.vault.secretSync.identity.identityName",
    ]);
  });

  test("are not counted where the relay creates none, or the identity is unknown", () => {
    const { oidcIssuerUrl: _, ...without } = credential;

    expect(addAll(sites(21, without)).flat()).toEqual([]);
    expect(addAll(sites(21, { ...credential, identityName: pulumi.output("mqtt") })).flat()).toEqual([]);
  });
});

describe("client identifiers", () => {
  const prefixed = { eventGridEndpoints: { cloud: { clientIdPrefix: "relay-" } } };

  test("of two bridges at one existing namespace are refused when they are the same", () => {
    const [first, second] = addAll([siteAt("oslo", prefixed), siteAt("bergen", prefixed)]);

    expect(first).toEqual([]);
    expect(second?.map(({ path, problem }) => [path, problem])).toEqual([
      [
        "dataflows.telemetry.destination",
        'opens the session "relay-telemetry-0-destination", which bridge "bridge-0" opens at the same broker',
      ],
      [
        "dataflows.commands.source",
        'opens the session "relay-commands-0-source", which bridge "bridge-0" opens at the same broker',
      ],
    ]);
  });

  test("begin with the site, and so differ where nothing is said", () => {
    expect(addAll([siteAt("oslo"), siteAt("bergen")]).flat()).toEqual([]);
  });

  test("are not compared between different namespaces, of each bridge's own or existing", () => {
    const other = { eventGridEndpoints: { cloud: { host: `other-${host}`, clientIdPrefix: "relay-" } } };
    const own = withChange(baseDeclaration, prefixed);

    expect(addAll([siteAt("oslo", prefixed), siteAt("bergen", other), own, own]).flat()).toEqual([]);
  });

  test("are not compared at brokers that may have the same name in each plant", () => {
    const plant = {
      localEndpoints: { edge: { clientIdPrefix: "relay-" } },
      customEndpoints: {
        plc: { host: "mosquitto.plant:1883", authenticationMethod: "Anonymous", clientIdPrefix: "relay-" },
      },
      dataflows: {
        plc: { source: "plc", dataSources: ["a"], destination: "edge", dataDestination: "b" },
      },
    };

    expect(addAll([siteAt("oslo", plant), siteAt("bergen", plant)]).flat()).toEqual([]);
  });
});

describe("client identifiers at the brokers of a site", () => {
  const plc = (clientIdPrefix: string, host = "mosquitto.plant:1883") => ({
    customEndpoints: { plc: { host, authenticationMethod: "Anonymous", clientIdPrefix } },
    dataflows: { plc: { source: "plc", dataSources: ["a"], destination: "edge", dataDestination: "b" } },
  });
  /** What the fleet says of each bridge in turn; each has the cluster of its place in the list. */
  const addAt = (clusters: readonly unknown[], bridges: readonly MqttBridgeArgs[]) => {
    const fleet = new Fleet();
    return bridges.map((args, index) => fleet.addSite(planBridge(`bridge-${index}`, args), clusters[index]));
  };
  const pathsOf = (problems: readonly Problem[] = []) => problems.map(({ path, rule }) => `${path} ${rule}`);

  test("of two bridges with one site in one cluster are refused", () => {
    const [first, second] = addAt(["a", "a"], [siteAt("oslo"), siteAt("oslo")]);

    expect(first).toEqual({ problems: [], warnings: [] });
    expect(second?.problems[0]).toEqual({
      path: "dataflows.telemetry.source",
      problem: 'opens the session "oslo-telemetry-0-source", which bridge "bridge-0" opens at the same broker',
      remedy: "give one of the endpoints another clientIdPrefix",
      rule: "client-id",
    });
    expect(pathsOf(second?.problems)).toEqual([
      "dataflows.telemetry.source client-id",
      "dataflows.commands.destination client-id",
    ]);
    expect(second?.warnings).toEqual([]);
  });

  test.each([
    ["two clusters", ["a", "b"]],
    ["clusters that nobody knows", [undefined, undefined]],
  ])("of two bridges with one site in %s draw one warning", (_, clusters) => {
    const [, second] = addAt(clusters, [siteAt("oslo"), siteAt("oslo")]);

    expect(second?.problems).toEqual([]);
    expect(second?.warnings).toEqual([
      {
        path: "site",
        problem:
          'is "oslo", the site of bridge "bridge-0" too, and dataflows.telemetry.source opens the session "oslo-telemetry-0-source" as that does: if at one broker, each ends the other\'s',
        remedy: "give each bridge a site of its own, unless each is in a cluster with a broker of its own",
        rule: "client-id",
      },
    ]);
  });

  test("of two sites are the same in one cluster only where they have one prefix", () => {
    const [oslo, bergen] = [siteAt("oslo", plc("relay-")), siteAt("bergen", plc("relay-"))];

    expect(pathsOf(addAt(["a", "a"], [oslo, bergen])[1]?.problems)).toEqual(["dataflows.plc.source client-id"]);
    expect(addAt(["a", "b"], [oslo, bergen])[1]).toEqual({ problems: [], warnings: [] });
    expect(addAt(["a", "a"], [siteAt("oslo"), siteAt("bergen")])[1]).toEqual({ problems: [], warnings: [] });
  });

  test("at a broker whose name only its namespace knows are the same in that namespace", () => {
    const near = plc("relay-", "mosquitto:1883");
    const elsewhere = { ...near, relay: { namespace: "bergen" } };

    expect(addAt(["a", "a"], [siteAt("oslo", near), siteAt("bergen", near)])[1]?.problems).toHaveLength(1);
    expect(addAt(["a", "a"], [siteAt("oslo", near), siteAt("bergen", elsewhere)])[1]?.problems).toEqual([]);
  });

  test("of AIO's engine are the prefix and the name of the dataflow, at a namespace that is shared too", () => {
    const engine = "AzureIoTOperations";
    const byAio = {
      dataflows: { telemetry: { engine }, commands: { engine } },
      eventGridEndpoints: { cloud: { clientIdPrefix: "", allowEmptyClientIdPrefix: true } },
    };
    const sites = [siteAt("oslo", byAio), siteAt("bergen", byAio)];

    expect(addAll(sites)[1]?.map(({ path, problem }) => `${path} ${problem}`)).toEqual([
      `dataflows.telemetry.destination opens the session "telemetry of AIO's engine (destination)", which bridge "bridge-0" opens at the same broker`,
      `dataflows.commands.source opens the session "commands of AIO's engine (source)", which bridge "bridge-0" opens at the same broker`,
    ]);
    expect(addAt(["a", "a"], sites)[1]?.problems).toEqual([]);
  });

  test("without a prefix are compared all the same", () => {
    const empty = { eventGridEndpoints: { cloud: { clientIdPrefix: "", allowEmptyClientIdPrefix: true } } };

    expect(addAll([siteAt("oslo", empty), siteAt("bergen", empty)])[1]?.map(({ rule }) => rule)).toEqual([
      "client-id",
      "client-id",
    ]);
  });
});

describe("sessions of one identity at one existing namespace", () => {
  const sites = (count: number, change: object = {}) =>
    Array.from({ length: count }, (_, index) => siteAt(`site-${index}`, change));

  test("are 100 in all bridges together, and more are refused", () => {
    const found = addAll(sites(51));

    expect(found.slice(0, 50).flat()).toEqual([]);
    expect(found[50]).toEqual([
      expect.objectContaining({
        path: "eventGridEndpoints.cloud",
        problem:
          "brings the sessions of its identity at contoso.westeurope-1.ts.eventgrid.azure.net to 102, and no namespace allows more than 100",
        rule: "session-limit",
      }),
    ]);
  });

  test("are as many as there are instances", () => {
    expect(addAll(sites(26, { relay: { instanceCount: 2 } })).filter((problems) => problems.length > 0)).toHaveLength(
      1,
    );
  });

  test("are counted for each identity and each namespace by itself", () => {
    const other = { identity: { clientId: "00000000-0000-0000-0000-0000000000c2" } };
    const elsewhere = { eventGridEndpoints: { cloud: { host: `other-${host}` } } };

    const found = addAll([...sites(50), ...sites(50, other), ...sites(50, elsewhere)]).flat();

    // The sites are the same three times over, and so are their client identifiers.
    expect(found.filter(({ rule }) => rule === "session-limit")).toEqual([]);
  });
});

describe("resources of two bridges", () => {
  const instance = {
    resourceGroupName: "rg",
    instanceName: "aio",
    customLocationId: `/subscriptions/s/resourceGroups/rg/providers/Microsoft.ExtendedLocation/customLocations/oslo`,
  };
  const found = (problems: readonly Problem[] | undefined) =>
    problems?.map(({ path, problem }) => `${path} ${problem}`);

  test("on one AIO instance have endpoints of different names", () => {
    const onInstance = { instance, localEndpoints: { edge: { endpointName: "oslo-edge" } } };
    const named = { instance: { ...instance, instanceName: "AIO" }, eventGridEndpoints: { cloud: { existing: true } } };

    const [first, same, other] = addAll([
      siteAt("oslo", { instance }),
      siteAt("bergen", { instance }),
      siteAt("stavanger", withChange(onInstance, named)),
    ]);

    expect(first).toEqual([]);
    expect(found(same)).toEqual([
      'localEndpoints.edge creates the DataflowEndpoint "edge" of the same AIO instance, which MqttBridge "bridge-0" creates too (localEndpoints.edge)',
      'eventGridEndpoints.cloud creates the DataflowEndpoint "cloud" of the same AIO instance, which MqttBridge "bridge-0" creates too (eventGridEndpoints.cloud)',
    ]);
    expect(same?.map(({ rule }) => rule)).toEqual(["one-owner", "one-owner"]);
    expect(other).toEqual([]);
  });

  test("are compared by the program's own outputs, which a preview need not know", () => {
    const instanceName = pulumi.output("aio");
    const another = pulumi.output(pulumi.unknown as unknown as string);
    const on = (name: pulumi.Output<string>) => ({ instance: { ...instance, instanceName: name } });

    const [, same, other] = addAll([
      siteAt("oslo", on(instanceName)),
      siteAt("bergen", on(instanceName)),
      siteAt("stavanger", on(another)),
    ]);

    expect(same).toHaveLength(2);
    expect(other).toEqual([]);
  });

  test("on one AIO instance have dataflows and profiles of different names", () => {
    const engine = "AzureIoTOperations";
    const byAio = {
      instance: { ...instance, extensionPrincipalId: "p" },
      eventGridEndpoints: { cloud: { authenticationMethod: "SystemAssignedManagedIdentity" } },
      dataflows: { telemetry: { engine }, commands: { engine } },
      dataflowProfile: { profileName: "uplink" },
    };
    const apart = { localEndpoints: { edge: { existing: true } }, eventGridEndpoints: { cloud: { existing: true } } };

    const [, second] = addAll([siteAt("oslo", byAio), siteAt("bergen", withChange(byAio, apart))]);

    expect(found(second)).toEqual([
      'dataflowProfile.profileName creates the DataflowProfile "uplink" of the same AIO instance, which MqttBridge "bridge-0" creates too (dataflowProfile.profileName)',
      'dataflows.telemetry creates the Dataflow "telemetry" of the same AIO instance, which MqttBridge "bridge-0" creates too (dataflows.telemetry)',
      'dataflows.commands creates the Dataflow "commands" of the same AIO instance, which MqttBridge "bridge-0" creates too (dataflows.commands)',
    ]);
  });

  test("in one Kubernetes namespace have Secrets and ConfigMaps of different names", () => {
    const files = { secrets: { plc: { username: "u", password: "p" } }, trustBundles: { plc: "PEM" } };

    const [first, second, elsewhere, written] = addAll([
      siteAt("oslo", { relay: files }),
      siteAt("bergen", { relay: files }),
      siteAt("stavanger", { relay: { ...files, namespace: "relays" } }),
      siteAt("bodo", { relay: files, gitOps: { directory: "bodo" } }),
    ]);

    expect(first).toEqual([]);
    expect(found(second)).toEqual([
      'relay.secrets.plc creates the Secret "plc" in the same namespace, which MqttBridge "bridge-0" creates too (relay.secrets.plc)',
      'relay.trustBundles.plc creates the ConfigMap "plc" in the same namespace, which MqttBridge "bridge-0" creates too (relay.trustBundles.plc)',
    ]);
    expect(elsewhere).toEqual([]);
    expect(written).toEqual([]);
  });

  const namespaceId = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.EventGrid/namespaces/contoso";
  const atNamespace = {
    existingNamespaces: { central: { id: namespaceId, endpoints: ["cloud"] } },
    identity: { roleScope: "Namespace" },
  };

  test("assign one identity the same role at the same existing namespace once", () => {
    const other = { identity: { principalId: "00000000-0000-0000-0000-0000000000a2" } };

    const [first, second, third] = addAll([
      siteAt("oslo", atNamespace),
      siteAt("bergen", withChange(atNamespace, { existingNamespaces: { central: { id: namespaceId.toUpperCase() } } })),
      siteAt("stavanger", withChange(atNamespace, other)),
    ]);

    expect(first).toEqual([]);
    expect(found(second)).toEqual([
      'existingNamespaces.central.id creates the assignment of EventGrid TopicSpaces Publisher to the same principal at the same namespace, which MqttBridge "bridge-0" creates too (existingNamespaces.central.id)',
      'existingNamespaces.central.id creates the assignment of EventGrid TopicSpaces Subscriber to the same principal at the same namespace, which MqttBridge "bridge-0" creates too (existingNamespaces.central.id)',
    ]);
    expect(third).toEqual([]);
  });

  test("create one federated identity credential for AIO's dataflows", () => {
    const engine = "AzureIoTOperations";
    const identity = { oidcIssuerUrl: "https://oidc.example", resourceGroupName: "rg", identityName: "mqtt" };
    const byAio = (name: string) => ({
      instance: { ...instance, instanceName: name, secureSettings: true },
      identity,
      dataflows: { telemetry: { engine }, commands: { engine } },
    });

    const [, second] = addAll([siteAt("oslo", byAio("one")), siteAt("bergen", byAio("two"))]);

    expect(found(second)).toEqual([
      'identity.oidcIssuerUrl creates the federated identity credential of the same managed identity for AIO\'s dataflows on the same cluster, which MqttBridge "bridge-0" creates too (identity.oidcIssuerUrl)',
    ]);
  });

  test("are not compared on clusters of different providers", async () => {
    const files = { relay: { secrets: { plc: { username: "u", password: "p" } } } };
    const cluster = (name: string) => new Provider(name, {});

    await expect(
      deploy(() =>
        ["oslo", "bergen"].map((site) => new MqttBridge(site, siteAt(site, files), { providers: [cluster(site)] })),
      ),
    ).resolves.toBeDefined();
    await expect(
      deploy(() => {
        const providers = [cluster("both")];
        return ["oslo", "bergen"].map((site) => new MqttBridge(site, siteAt(site, files), { providers }));
      }),
    ).rejects.toThrow(/^bergen has 1 problem:\n {2}relay\.secrets\.plc: creates the Secret "plc"/);
  });
});

test("a program has one fleet, and another program another one", () => {
  const [program, other] = [{}, {}];

  expect(fleetOf(program)).toBe(fleetOf(program));
  expect(fleetOf(other)).not.toBe(fleetOf(program));
});

describe("bridges of one program", () => {
  /** A site that takes messages from a broker of its own to AIO's, and none to the cloud. */
  const withoutCloud = (site: string): MqttBridgeArgs => ({
    site,
    localEndpoints: { edge: {} },
    customEndpoints: { plc: { host: "203.0.113.7:1883", authenticationMethod: "Anonymous" } },
    dataflows: { copy: { source: "plc", dataSources: ["a"], destination: "edge", dataDestination: "b" } },
    relay: { image: "relay:1" },
  });
  const bridges = (prefix: object) => () =>
    ["oslo", "bergen"].map((site) => new MqttBridge(site, siteAt(site, { eventGridEndpoints: { cloud: prefix } })));

  test("are compared with each other", async () => {
    await expect(deploy(bridges({ clientIdPrefix: "relay-" }))).rejects.toThrow(
      /^bergen has 2 problems:\n {2}dataflows\.telemetry\.destination: opens the session/,
    );
  });

  test("with one site are refused where both have the same provider", async () => {
    const sites = () => ["a", "b"].map((name) => new MqttBridge(name, withoutCloud("oslo")));

    await expect(deploy(sites)).rejects.toThrow(/^b has 2 problems:\n {2}dataflows\.copy\.source: opens the session/);
  });

  test("with one site draw a warning where each has a provider of its own", async () => {
    const warn = jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);

    await deploy(() =>
      ["a", "b"].map((name) => {
        const kubernetes = new Provider(name, { context: name });
        return new MqttBridge(name, withoutCloud("oslo"), { providers: { kubernetes } });
      }),
    );

    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(/^site: is "oslo", the site of bridge "a" too, .+ \[client-id\]$/),
    ]);
  });

  test("are not compared with those of a program that ran before", async () => {
    const one = () => new MqttBridge("oslo", siteAt("oslo"));

    await deploy(one);

    await expect(deploy(one)).resolves.toMatchObject({ urns: expect.any(Array) as unknown });
  });
});
