import type { CheckExample } from "./declaration.ts";

/** Alarms from another broker, and no dataflow from Event Grid, which takes one instance. */
const fromPlant = {
  customEndpoints: { plant: { host: "mqtt.example.com:8883", authenticationMethod: "Anonymous" } },
  dataflows: {
    commands: { mode: "Disabled" },
    alarms: { source: "plant", dataSources: ["alarms/#"], destination: "edge", dataDestination: "plant/${inputTopic}" },
  },
};

/** What a dataflow subscribes to and publishes. */
export const dataflowExamples: readonly CheckExample[] = [
  {
    rule: "deep-levels",
    fails: { dataflows: { telemetry: { dataDestination: "sites/oslo/plant/${inputTopic.9}" } } },
    passes: { dataflows: { telemetry: { dataDestination: "sites/oslo/plant/${inputTopic.4}" } } },
    path: "dataflows.telemetry.dataDestination",
    isWarning: true,
  },
  {
    rule: "topic-template",
    fails: {
      dataflows: { commands: { dataSources: ["sites/oslo/commands/#"], dataDestination: "plant/${inputTopic.16}" } },
    },
    passes: {
      dataflows: { commands: { dataSources: ["sites/oslo/commands/#"], dataDestination: "plant/${inputTopic.4}" } },
    },
    path: "dataflows.commands.dataDestination",
  },
  {
    rule: "client-id-length",
    fails: { eventGridEndpoints: { cloud: { clientIdPrefix: "o".repeat(200) } } },
    passes: { eventGridEndpoints: { cloud: { clientIdPrefix: "o".repeat(100) } } },
    path: "eventGridEndpoints.cloud.clientIdPrefix",
    shown: "a `clientIdPrefix` of 200 characters at Event Grid",
  },
  {
    rule: "client-id-length",
    fails: { eventGridEndpoints: { cloud: { clientIdPrefix: "o".repeat(108) } } },
    passes: { eventGridEndpoints: { cloud: { clientIdPrefix: "o".repeat(100) } } },
    path: "dataflows.telemetry.destination",
    shown: "a `clientIdPrefix` of 108 characters there, and a dataflow `telemetry`",
  },
  {
    rule: "retain",
    fails: { eventGridEndpoints: { hub: {} }, dataflows: { telemetry: { destination: "hub" } } },
    passes: { eventGridEndpoints: { hub: { retain: "Keep" } }, dataflows: { telemetry: { destination: "hub" } } },
    path: "eventGridEndpoints.hub.retain",
    isWarning: true,
  },
  {
    rule: "overlapping-filters",
    fails: { dataflows: { telemetry: { dataSources: ["plant/+/telemetry/#", "plant/line1/#"] } } },
    passes: { dataflows: { telemetry: { dataSources: ["plant/+/telemetry/#", "plant/+/alarms/#"] } } },
    path: "dataflows.telemetry.dataSources[1]",
    isWarning: true,
  },
  {
    rule: "forgotten-shares",
    fails: { ...fromPlant, relay: { instanceCount: 2 } },
    passes: fromPlant,
    path: "relay.instanceCount",
    isWarning: true,
  },
  {
    rule: "unremembered-filters",
    fails: { dataflows: { commands: { spool: { mode: "Disabled" } } } },
    passes: { dataflows: { commands: { spool: { maxBytes: 10_000_000 } } } },
    path: "dataflows.commands.spool.mode",
    isWarning: true,
  },
  {
    rule: "topic-filter",
    fails: { dataflows: { telemetry: { dataSources: ["plant/#/telemetry"] } } },
    passes: { dataflows: { telemetry: { dataSources: ["plant/+/telemetry"] } } },
    path: "dataflows.telemetry.dataSources[0]",
  },
  {
    rule: "topic-filter",
    fails: { dataflows: { commands: { dataSources: ["sites/oslo/commands/4/5/6/7/8/9/10/11/12/13/14/15/16"] } } },
    passes: { dataflows: { commands: { dataSources: ["sites/oslo/commands/4/5"] } } },
    path: "dataflows.commands.dataSources[0]",
  },
  {
    rule: "topic-filter",
    fails: { dataflows: { commands: { dataSources: ["$SYS/#"], dataDestination: "plant/commands" } } },
    passes: {
      dataflows: { commands: { dataSources: ["sites/oslo/commands/+/+"], dataDestination: "plant/commands" } },
    },
    path: "dataflows.commands.dataSources[0]",
  },
  {
    rule: "topic-template",
    fails: { dataflows: { telemetry: { dataSources: ["$SYS/#"], dataDestination: "${inputTopic}" } } },
    passes: {
      dataflows: { telemetry: { dataSources: ["$SYS/#"], dataDestination: "sites/oslo/plant/${inputTopic}" } },
    },
    path: "dataflows.telemetry.dataDestination",
  },
  {
    rule: "topic-template",
    fails: { dataflows: { commands: { dataDestination: "plant/${inputTopic.6}/commands" } } },
    passes: { dataflows: { commands: { dataDestination: "plant/${inputTopic.5}/commands" } } },
    path: "dataflows.commands.dataDestination",
  },
  {
    rule: "topic-template",
    fails: { dataflows: { commands: { dataDestination: "plant/+/commands" } } },
    passes: { dataflows: { commands: { dataDestination: "plant/all/commands" } } },
    path: "dataflows.commands.dataDestination",
  },
];
