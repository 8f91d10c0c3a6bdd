import * as managedidentity from "@pulumi/azure-native/managedidentity/index.js";
import * as pulumi from "@pulumi/pulumi";
import { MqttBridge, MqttRetain } from "mqtt-dataflow";

const config = new pulumi.Config();
const resourceGroupName = config.require("resourceGroupName");
const site = config.require("site");

// What the relay is at Event Grid. The bridge lets the relay's service account have its tokens, and gives it its roles.
const identity = new managedidentity.UserAssignedIdentity("relay", { resourceGroupName });

const bridge = new MqttBridge(site, {
  site,
  eventGrid: {
    resourceGroupName,
    topicSpaces: {
      telemetry: { topicTemplates: [`sites/${site}/telemetry/#`] },
      commands: { topicTemplates: [`sites/${site}/commands/#`] },
    },
  },
  localEndpoints: { edge: {} },
  eventGridEndpoints: { cloud: { retain: MqttRetain.Never } },
  dataflows: {
    telemetry: {
      source: "edge",
      dataSources: ["plant/+/telemetry/#"],
      destination: "cloud",
      dataDestination: `sites/${site}/telemetry/\${inputTopic}`,
    },
    commands: {
      source: "cloud",
      dataSources: [`sites/${site}/commands/+`],
      destination: "edge",
      dataDestination: "plant/${inputTopic.4}/commands",
    },
  },
  identity: {
    resourceGroupName,
    identityName: identity.name,
    clientId: identity.clientId,
    tenantId: identity.tenantId,
    principalId: identity.principalId,
    oidcIssuerUrl: config.require("oidcIssuerUrl"),
  },
  relay: { image: config.require("relayImage") },
});

export const hostname = bridge.hostname;
export const topicSpaceIds = bridge.topicSpaceIds;
