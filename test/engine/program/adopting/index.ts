import * as pulumi from "@pulumi/pulumi";

import { MqttBridge } from "../../../../components/index.ts";
import type { LocalEndpointArgs } from "../../../../components/index.ts";

/* One site whose dataflow AIO's own engine runs; its settings say what becomes of AIO's endpoint `default`. */
const config = new pulumi.Config();

new MqttBridge("oslo", {
  site: "oslo",
  localEndpoints: { default: config.getObject<LocalEndpointArgs>("default") ?? {} },
  customEndpoints: { archive: { host: "archive.example:8883", authenticationMethod: "Anonymous" } },
  dataflows: {
    telemetry: {
      engine: "AzureIoTOperations",
      source: "default",
      dataSources: ["plant/+/telemetry"],
      destination: "archive",
      dataDestination: "archive/${inputTopic.2}",
    },
  },
  instance: {
    resourceGroupName: "rg-oslo-edge",
    instanceName: config.get("instanceName") ?? "oslo-aio",
    customLocationId:
      "/subscriptions/00000000-0000-0000-0000-00000000000f/resourceGroups/rg-oslo-edge/providers/Microsoft.ExtendedLocation/customLocations/oslo",
    namespace: "adopting",
    resourceApi: config.get("resourceApi") === "Kubernetes" ? "Kubernetes" : "AzureResourceManager",
  },
});
