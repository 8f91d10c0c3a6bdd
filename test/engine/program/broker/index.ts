import * as pulumi from "@pulumi/pulumi";

import { EventGridBroker } from "../../../../components/index.ts";
import type { EventGridBrokerArgs } from "../../../../components/index.ts";

/** What a test declares beside the least. */
const declared = new pulumi.Config().requireObject<Partial<EventGridBrokerArgs>>("args");

const broker = new EventGridBroker("oslo", {
  resourceGroupName: "rg-oslo",
  namespaceName: "contoso",
  topicSpaces: { telemetry: { topicTemplates: ["sites/oslo/#"] } },
  protect: false,
  ...declared,
});

export const topicIds = broker.topicIds;
