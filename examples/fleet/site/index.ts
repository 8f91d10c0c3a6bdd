import * as kubernetes from "@pulumi/kubernetes/provider.js";
import * as pulumi from "@pulumi/pulumi";
import { MqttBridge, MqttRetain } from "mqtt-dataflow";

import { referToPlatform } from "./platform.ts";
import { readSite } from "./sites.ts";

const site = pulumi.getStack();
const { settings, kubernetes: cluster, manifests } = readSite(site);
const platform = referToPlatform(settings.platformStack, settings.identity);

/** The site's cluster; `fleet` sets $KUBECONFIG, so that no path of a machine gets into the state. */
const provider = new kubernetes.Provider(site, {
  clusterIdentifier: site,
  kubeconfig: "",
  ...(cluster?.context === undefined ? {} : { context: cluster.context }),
  enableConfigMapMutable: true,
  enableSecretMutable: true,
});

const bridge = new MqttBridge(
  site,
  {
    site,
    localEndpoints: { edge: {} },
    eventGridEndpoints: {
      cloud: { host: pulumi.interpolate`${platform.hostname}:8883`, retain: MqttRetain.Never },
    },
    dataflows: {
      telemetry: {
        source: "edge",
        dataSources: settings.areas.map((area) => `plant/${area}/telemetry/#`),
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
      resourceGroupName: platform.resourceGroupName,
      identityName: platform.identityName,
      clientId: platform.identityClientId,
      tenantId: platform.identityTenantId,
      oidcIssuerUrl: settings.oidcIssuerUrl,
    },
    relay: { image: settings.image, ...(cluster?.namespace === undefined ? {} : { namespace: cluster.namespace }) },
    // From the folder of Pulumi.yaml, and the file's folder is the one above.
    ...(manifests === undefined ? {} : { gitOps: { directory: `../${manifests}` } }),
  },
  manifests === undefined ? { providers: { kubernetes: provider } } : {},
);

export const relayConfig = bridge.configText;
export const statefulSetName = bridge.statefulSetName;
