import type { DataflowArgs, TopicSpaceArgs } from "../components/index.ts";

/** The site's own broker: AIO's. */
export const edge = "edge";
/** The cloud's broker: Event Grid. */
export const cloud = "cloud";

/**
 * The dataflows of a site. In the cloud all its topics are below `sites/<site>/`, so that sites share a namespace's
 * consumers and never each other's topics.
 */
export function siteDataflows(site: string): { [name: string]: DataflowArgs } {
  return {
    telemetry: {
      source: edge,
      dataSources: ["plant/+/telemetry/#"],
      destination: cloud,
      dataDestination: `sites/${site}/\${inputTopic}`,
    },
    alarms: {
      source: edge,
      dataSources: ["plant/+/alarms/+"],
      destination: cloud,
      dataDestination: `sites/${site}/\${inputTopic}`,
    },
    // sites/oslo/commands/line4/setpoint → plant/line4/commands/setpoint
    commands: {
      source: cloud,
      dataSources: [`sites/${site}/commands/+/+`],
      destination: edge,
      dataDestination: "plant/${inputTopic.4}/commands/${inputTopic.5}",
    },
  };
}

/** The topic spaces that those dataflows need, each as narrow as its dataflow. */
export function siteTopicSpaces(site: string): { [name: string]: TopicSpaceArgs } {
  return {
    telemetry: {
      topicTemplates: [`sites/${site}/plant/+/telemetry/#`],
      description: "Measurements from the site",
    },
    alarms: {
      topicTemplates: [`sites/${site}/plant/+/alarms/+`],
      description: "Alarms from the site, the last of each kept as retained message",
    },
    commands: {
      topicTemplates: [`sites/${site}/commands/+/+`],
      description: "Commands to the site",
    },
  };
}
