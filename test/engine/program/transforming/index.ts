import * as pulumi from "@pulumi/pulumi";

import { MqttBridge } from "../../../../components/index.ts";
import type { MqttBridgeArgs } from "../../../../components/index.ts";
import { houseRules } from "./house-rules.ts";

const config = new pulumi.Config();

const declaration: MqttBridgeArgs = {
  site: "oslo",
  eventGrid: {
    resourceGroupName: "rg-oslo",
    topicSpaces: { telemetry: { topicTemplates: ["sites/oslo/#"] } },
    protect: false,
  },
  // Outside AIO's namespace the relay needs a copy of the CA of AIO's broker.
  localEndpoints: { edge: { trustedCaCertificateConfigMapRef: "aio-ca" } },
  eventGridEndpoints: { cloud: { retain: "Never" } },
  dataflows: {
    telemetry: {
      source: "edge",
      dataSources: ["plant/#"],
      destination: "cloud",
      dataDestination: "sites/oslo/${inputTopic}",
    },
  },
  identity: {
    clientId: "00000000-0000-0000-0000-0000000000c1",
    tenantId: "00000000-0000-0000-0000-0000000000e1",
    principalId: "00000000-0000-0000-0000-0000000000a1",
  },
  relay: { image: "mqtt-dataflow-relay:1.0.0", namespace: "transforming" },
};
const options = { transforms: [houseRules] };

/** The bridge as programs in other languages have it: the plugin constructs it, in a process of its own. */
class RemoteBridge extends pulumi.ComponentResource {
  constructor(name: string, args: pulumi.Inputs, opts: pulumi.ComponentResourceOptions) {
    super(MqttBridge.typeToken, name, args, opts, true);
  }
}

if (config.getBoolean("isRemote") === true) new RemoteBridge("oslo", { ...declaration }, options);
else new MqttBridge("oslo", declaration, options);
