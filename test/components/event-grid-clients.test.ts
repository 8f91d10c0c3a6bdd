import * as pulumi from "@pulumi/pulumi";

import { EventGridClients } from "../../components/index.ts";
import type { EventGridClientsArgs } from "../../components/index.ts";
import { noteRegistrations } from "./aio/declaration.ts";
import type { Registration } from "./aio/declaration.ts";
import { certificate } from "../../doc/checks/declaration.ts";
import { deploy, inventory, valueOf } from "./mocks.ts";

const args: EventGridClientsArgs = {
  resourceGroupName: "rg",
  namespaceName: "ns",
  caCertificates: { plant: { certificate } },
  clients: { relay: { attributes: { type: "relay" } } },
  clientGroups: { relays: { query: "attributes.type IN ['relay']" } },
  permissionBindings: {
    "relays-telemetry": {
      clientGroup: "relays",
      topicSpace: "telemetry",
      permission: "Publisher",
      description: "Measurements",
    },
    "all-commands": { clientGroup: "$all", topicSpace: "commands", permission: "Subscriber" },
  },
};

const eventGrid = "azure-native:eventgrid";

test("creates one resource for each entry, and nothing else", async () => {
  const deployed = await deploy(() => new EventGridClients("oslo", args));

  expect(inventory(deployed)).toEqual([
    `${eventGrid}:CaCertificate oslo-plant`,
    `${eventGrid}:ClientGroup oslo-relays`,
    `${eventGrid}:Client oslo-relay`,
    `${eventGrid}:PermissionBinding oslo-all-commands`,
    `${eventGrid}:PermissionBinding oslo-relays-telemetry`,
  ]);
});

test("creates nothing where nothing is declared", async () => {
  const deployed = await deploy(() => new EventGridClients("oslo", { resourceGroupName: "rg", namespaceName: "ns" }));

  expect(inventory(deployed)).toEqual([]);
});

test("binds a group that it creates by the group's own output, and $all by its name", async () => {
  const { resources } = await deploy(() => new EventGridClients("oslo", args));
  const inputsOf = (name: string) => resources.find((resource) => resource.name === name)?.inputs;

  expect(inputsOf("oslo-relays-telemetry")).toEqual({
    resourceGroupName: "rg",
    namespaceName: "ns",
    permissionBindingName: "relays-telemetry",
    // The mocks name a resource as Pulumi does.
    clientGroupName: "oslo-relays",
    topicSpaceName: "telemetry",
    permission: "Publisher",
    description: "Measurements",
  });
  expect(inputsOf("oslo-all-commands")).toEqual({
    resourceGroupName: "rg",
    namespaceName: "ns",
    permissionBindingName: "all-commands",
    clientGroupName: "$all",
    topicSpaceName: "commands",
    permission: "Subscriber",
  });
});

test("takes the names of topic spaces that it is given", async () => {
  const topicSpaceNames = { telemetry: pulumi.output("telemetry-1"), commands: "commands-1" };

  const { resources } = await deploy(() => new EventGridClients("oslo", { ...args, topicSpaceNames }));

  const bound = resources.filter(({ type }) => type === `${eventGrid}:PermissionBinding`);
  expect(bound.map(({ inputs }) => inputs["topicSpaceName"])).toEqual(["commands-1", "telemetry-1"]);
});

test("is the parent of all its resources, and exposes their IDs by name", async () => {
  const { result, urns } = await deploy(() => new EventGridClients("oslo", args));

  const ours = "mqtt-dataflow:index:EventGridClients";
  expect(urns.filter((urn) => !urn.startsWith(`${ours}$`))).toEqual([`${ours}::oslo`]);
  expect(Object.keys(result.clientIds)).toEqual(["relay"]);
  expect(await valueOf(result.clientIds["relay"]!)).toMatch(/\/oslo-relay$/);
  expect(Object.keys(result.permissionBindingIds)).toEqual(["relays-telemetry", "all-commands"]);
  expect(await valueOf(result.permissionBindingIds["all-commands"]!)).toMatch(/\/oslo-all-commands$/);
});

test("a client whose authentication name changes is replaced, and goes before its successor comes", async () => {
  const noted = { registrations: new Map<string, Registration>() };

  await deploy(() => {
    noted.registrations = noteRegistrations();
    return new EventGridClients("oslo", { ...args, clients: { relay: { previousName: "edge" }, other: {} } });
  });

  expect(noted.registrations.get("oslo-relay")).toMatchObject({
    replaceOnChanges: ["authenticationName"],
    deleteBeforeReplace: true,
    aliasNames: expect.arrayContaining(["oslo-edge"]) as string[],
  });
  expect(noted.registrations.get("oslo-other")?.aliasNames.filter((name) => name !== "")).toEqual([]);
});

test("stands twice in one stack", async () => {
  const { urns } = await deploy(() => ["oslo", "bergen"].map((name) => new EventGridClients(name, args)));

  expect(new Set(urns).size).toBe(urns.length);
});

test("refuses what does not fit together, without a stack", async () => {
  const deployment = deploy(() => new EventGridClients("oslo", { ...args, clientGroups: {}, topicSpaceNames: {} }));

  await expect(deployment).rejects.toMatchObject({
    hideStack: true,
    message: expect.stringMatching(
      /^oslo has 3 problems:\n {2}permissionBindings\.relays-telemetry\.clientGroup/,
    ) as string,
  });
});
