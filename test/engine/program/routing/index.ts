import * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import * as pulumi from "@pulumi/pulumi";

import { EventGridBroker } from "../../../../components/index.ts";

const group = "/subscriptions/00000000-0000-0000-0000-00000000000f/resourceGroups/rg-oslo";
const topicResourceId = `${group}/providers/Microsoft.EventGrid/namespaces/contoso/topics/telemetry`;

/** Whether the namespace routes to its topic already. */
const isRouted = new pulumi.Config().requireBoolean("isRouted");

const broker = new EventGridBroker("oslo", {
  resourceGroupName: "rg-oslo",
  namespaceName: "contoso",
  topicSpaces: { telemetry: { topicTemplates: ["sites/oslo/#"] } },
  ...(isRouted ? { routing: { topicResourceId } } : {}),
});
new eventgrid.NamespaceTopic("telemetry", {
  resourceGroupName: "rg-oslo",
  namespaceName: broker.namespaceName,
  topicName: "telemetry",
});
