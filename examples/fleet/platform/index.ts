import * as managedidentity from "@pulumi/azure-native/managedidentity/index.js";
import * as pulumi from "@pulumi/pulumi";
import { EventGridBroker, TopicSpaceAccess } from "mqtt-dataflow";

/*
 * What a platform team owns. Its outputs are the contract with the sites: nothing else of it is read, and what one of them means
 * changes with contractVersion only.
 */
const config = new pulumi.Config();
const resourceGroup = config.require("resourceGroupName");
/** One managed identity for up to 20 sites, since Entra ID takes 20 federated credentials for each. */
const groups = config.requireObject<string[]>("identities");

/** What each site sends, and what it is sent: its own topics are below its name. */
const published = ["sites/+/telemetry/#"];
const subscribed = ["sites/+/commands/+"];

const broker = new EventGridBroker("fleet", {
  resourceGroupName: resourceGroup,
  // See doc/capacity.md: sessions and messages of all sites count.
  capacity: config.getNumber("throughputUnits") ?? 1,
  maximumClientSessionsPerAuthenticationName: 100,
  maximumSessionExpiryInHours: 8,
  topicSpaces: { telemetry: { topicTemplates: published }, commands: { topicTemplates: subscribed } },
});

const identities = groups.map((group) => {
  const identity = new managedidentity.UserAssignedIdentity(`relays-${group}`, { resourceGroupName: resourceGroup });
  // Here and not in the sites' stacks: Azure takes one assignment of a role to an identity, and 20 sites share this one.
  new TopicSpaceAccess(`relays-${group}`, {
    principalId: identity.principalId,
    topicSpaces: {
      telemetry: { id: broker.topicSpaceIds["telemetry"] ?? "", topicTemplates: published },
      commands: { id: broker.topicSpaceIds["commands"] ?? "", topicTemplates: subscribed },
    },
    publishedTopics: published,
    subscribedTopics: subscribed,
  });
  return [group, identity] as const;
});

/** Version of the outputs below. */
export const contractVersion = 1;
/** Resource group of the namespace and the identities. */
export const resourceGroupName = resourceGroup;
/** Host name of the namespace's MQTT broker. */
export const hostname = broker.hostname;
/** Names of the relays' identities, by the group that a site names. */
export const identityNames = Object.fromEntries(identities.map(([group, { name }]) => [group, name]));
/** Their client IDs. */
export const identityClientIds = Object.fromEntries(identities.map(([group, { clientId }]) => [group, clientId]));
/** Their Microsoft Entra tenants. */
export const identityTenantIds = Object.fromEntries(identities.map(([group, { tenantId }]) => [group, tenantId]));
