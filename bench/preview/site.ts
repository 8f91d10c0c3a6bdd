import type { MqttBridgeArgs } from "../../components/index.ts";

/** Dataflows of each site. */
export const dataflowsPerSite = 4;

/** One of many sites: telemetry, alarms and state to the cloud, commands from it. */
export function site(name: string): MqttBridgeArgs {
  const up = (topic: string) => ({
    source: "edge",
    dataSources: [`plant/+/${topic}/#`],
    destination: "cloud",
    dataDestination: `sites/${name}/\${inputTopic}`,
  });
  return {
    site: name,
    eventGrid: {
      resourceGroupName: "rg",
      maximumClientSessionsPerAuthenticationName: 5,
      topicSpaces: {
        plant: { topicTemplates: [`sites/${name}/plant/#`] },
        commands: { topicTemplates: [`sites/${name}/commands/+/+`] },
      },
    },
    localEndpoints: { edge: {} },
    eventGridEndpoints: { cloud: { retain: "Never" } },
    dataflows: {
      telemetry: up("telemetry"),
      alarms: up("alarms"),
      state: up("state"),
      commands: {
        source: "cloud",
        dataSources: [`sites/${name}/commands/+/+`],
        destination: "edge",
        dataDestination: "plant/${inputTopic.4}/commands/${inputTopic.5}",
      },
    },
    identity: {
      clientId: "00000000-0000-0000-0000-0000000000c1",
      tenantId: "00000000-0000-0000-0000-0000000000e1",
      principalId: "00000000-0000-0000-0000-0000000000a1",
    },
    relay: { image: "mqtt-dataflow-relay:0.1.0" },
  };
}
