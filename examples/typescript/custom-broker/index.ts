import * as pulumi from "@pulumi/pulumi";
import { CustomAuthenticationMethod, MqttBridge, MqttRetain } from "mqtt-dataflow";

const config = new pulumi.Config();
const site = config.require("site");

const bridge = new MqttBridge(site, {
  site,
  localEndpoints: { edge: {} },
  customEndpoints: {
    historian: {
      host: config.require("brokerHost"),
      authenticationMethod: CustomAuthenticationMethod.X509Certificate,
      secretRef: "historian-client",
      trustedCaCertificateConfigMapRef: "historian-ca",
      retain: MqttRetain.Keep,
    },
  },
  dataflows: {
    telemetry: {
      source: "edge",
      dataSources: ["plant/+/telemetry/#"],
      destination: "historian",
      dataDestination: `${site}/\${inputTopic}`,
    },
  },
  relay: {
    image: config.require("relayImage"),
    secrets: {
      "historian-client": {
        clientCertificate: config.require("clientCertificate"),
        clientKey: config.requireSecret("clientKey"),
      },
    },
    trustBundles: { "historian-ca": config.require("brokerCa") },
  },
});

export const statefulSetName = bridge.statefulSetName;
