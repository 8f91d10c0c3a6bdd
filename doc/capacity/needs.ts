import * as v from "valibot";

import { planBridge } from "../../components/bridge/plan.ts";
import { listEnds, sessionsAt } from "../../components/bridge/sessions.ts";
import type { MqttBridgeArgs } from "../../components/bridge/settings.ts";
import { maxFederatedCredentials } from "../../components/checks/shared-sites.ts";
import { sessionLimitBounds } from "../../components/checks/session-limit.ts";
import { capacityBounds, perThroughputUnit, sessionsPerThroughputUnit } from "../../components/event-grid/quotas.ts";
import { relayDefaults } from "../../components/relay/defaults.ts";
import { neededGibibytes } from "../../components/relay/volume.ts";
import { dataflowRelaySchema } from "../../runtime/contract/config/dataflow-relay.ts";
import { planMemory } from "../../runtime/contract/memory.ts";

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

/** What one instance of a relay needs. */
export interface InstanceNeeds {
  /** Least memory of its pod in MiB, without and with a spool. */
  readonly memoryMebibytes: number;
  readonly spooledMemoryMebibytes: number;
  /** Size of its volume in GiB, when each dataflow has a spool of the default size. */
  readonly volumeGibibytes: number;
}

/** What an instance needs at least, by the number of its dataflows. */
export function instanceNeeds(dataflows: number): InstanceNeeds {
  const maxInflightBytes = v.parse(dataflowRelaySchema, {}).maxInflightBytes;
  const names = Array.from({ length: dataflows }, (_, index) => ({ name: `dataflow-${index}`, maxInflightBytes }));
  const mebibytes = (usesDisk: boolean) => {
    const plan = planMemory(0, { dataflows: names, usesDisk });
    return "neededBytes" in plan ? Math.ceil(plan.neededBytes / 1024 / 1024) : 0;
  };
  return {
    memoryMebibytes: mebibytes(false),
    spooledMemoryMebibytes: mebibytes(true),
    volumeGibibytes: neededGibibytes(dataflows * relayDefaults().spoolBytes),
  };
}

/** How long a spool of the default size takes what one dataflow receives, in hours. */
export function spoolHours({ messagesPerSecond, bytesPerMessage }: Omit<SiteLoad, "sessions">): number {
  return relayDefaults().spoolBytes / (messagesPerSecond * bytesPerMessage) / 3600;
}
