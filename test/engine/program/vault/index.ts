import * as pulumi from "@pulumi/pulumi";

import { MqttBridge } from "../../../../components/index.ts";
import type { VaultArgs } from "../../../../components/index.ts";

/** What fetches the Secret is what the setting `vault` says. */
const vault = new pulumi.Config().requireObject<VaultArgs>("vault");

new MqttBridge("oslo", {
  site: "oslo",
  customEndpoints: {
    historian: {
      host: "historian.example:8883",
      authenticationMethod: "X509Certificate",
      secretRef: "historian-client",
    },
    archive: { host: "archive.example:8883", authenticationMethod: "Anonymous" },
  },
  dataflows: {
    telemetry: {
      source: "historian",
      dataSources: ["plant/#"],
      destination: "archive",
      dataDestination: "${inputTopic}",
    },
  },
  relay: { image: "mqtt-dataflow-relay:1.0.0", namespace: "vault", vault },
});
