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

test("a program has one fleet, and another program another one", () => {
  const [program, other] = [{}, {}];

  expect(fleetOf(program)).toBe(fleetOf(program));
  expect(fleetOf(other)).not.toBe(fleetOf(program));
});

describe("bridges of one program", () => {
  const bridges = (prefix: object) => () =>
    ["oslo", "bergen"].map((site) => new MqttBridge(site, siteAt(site, { eventGridEndpoints: { cloud: prefix } })));

  test("are compared with each other", async () => {
    await expect(deploy(bridges({ clientIdPrefix: "relay-" }))).rejects.toThrow(
      /^bergen has 2 problems:\n {2}dataflows\.telemetry\.destination: opens the session/,
    );
  });

  test("are not compared with those of a program that ran before", async () => {
    const one = () => new MqttBridge("oslo", siteAt("oslo"));

    await deploy(one);

    await expect(deploy(one)).resolves.toMatchObject({ urns: expect.any(Array) as unknown });
  });
});
