import { planBridge } from "../../components/bridge/plan.ts";
import { listEnds, sessionsAt } from "../../components/bridge/sessions.ts";
import type { MqttBridgeArgs } from "../../components/bridge/settings.ts";
import { maxFederatedCredentials } from "../../components/checks/shared-sites.ts";
import { sessionLimitBounds } from "../../components/checks/session-limit.ts";
import { capacityBounds, perThroughputUnit, sessionsPerThroughputUnit } from "../../components/event-grid/quotas.ts";

/** What one site brings to the namespace that all sites share. */
export interface SiteLoad {
  readonly sessions: number;
  /** Messages a second, and bytes of one, into the namespace. */
  readonly messagesPerSecond: number;
  readonly bytesPerMessage: number;
}

/** What a number of sites needs. */
export interface FleetNeeds {
  readonly sessions: number;
  readonly throughputUnits: number;
  /** Namespaces, as one has so many throughput units at most. */
  readonly namespaces: number;
  /** Managed identities of the relays. */
  readonly identities: number;
  /** Time in seconds until all sessions are back after all were lost. */
  readonly reconnectSeconds: number;
}

/** Sites that one managed identity can serve: by its federated credentials, and by its sessions at a namespace. */
export function sitesPerIdentity({ sessions }: Pick<SiteLoad, "sessions">): number {
  return Math.min(maxFederatedCredentials, Math.floor(sessionLimitBounds.max / sessions));
}

export function needsOf(sites: number, load: SiteLoad): FleetNeeds {
  const sessions = sites * load.sessions;
  const messages = sites * load.messagesPerSecond;
  const needed = Math.max(
    capacityBounds.min,
    Math.ceil(sessions / sessionsPerThroughputUnit.sessions),
    Math.ceil(messages / perThroughputUnit.messages),
    Math.ceil((messages * load.bytesPerMessage) / perThroughputUnit.bytes),
  );
  return {
    sessions,
    throughputUnits: needed,
    namespaces: Math.ceil(needed / capacityBounds.max),
    identities: Math.ceil(sites / sitesPerIdentity(load)),
    reconnectSeconds: Math.ceil(sessions / (needed * sessionsPerThroughputUnit.connects)),
  };
}

/** The site of `examples/fleet`: telemetry to the cloud, and commands back. */
export const exampleSite: MqttBridgeArgs = {
  site: "oslo",
  localEndpoints: { edge: {} },
  eventGridEndpoints: { cloud: { host: "fleet.westeurope-1.ts.eventgrid.azure.net:8883" } },
  dataflows: {
    telemetry: {
      source: "edge",
      dataSources: ["plant/hall/telemetry/#"],
      destination: "cloud",
      dataDestination: "sites/oslo/telemetry/${inputTopic}",
    },
    commands: {
      source: "cloud",
      dataSources: ["sites/oslo/commands/+"],
      destination: "edge",
      dataDestination: "plant/${inputTopic.4}/commands",
    },
  },
  relay: { image: "mqtt-dataflow-relay:0.1.0" },
};

/** Sessions of a site at Event Grid: one for each side of a dataflow there, and each instance. */
export function sessionsOf(args: MqttBridgeArgs): number {
  const plan = planBridge(args.site, args);
  const endpoints = new Set(listEnds(plan).map(({ endpoint }) => endpoint));
  return [...endpoints]
    .filter(({ hostType }) => hostType === "EventGrid")
    .reduce((sum, endpoint) => sum + sessionsAt(plan, endpoint), 0);
}
