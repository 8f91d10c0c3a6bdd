import type { RelayConfig } from "../../runtime/contract/config.ts";
import { dataflowParts } from "../../runtime/contract/config/dataflow.ts";
import { HostType } from "../../runtime/contract/config/endpoint.ts";
import { subscribedFilters } from "../../runtime/contract/subscriptions.ts";
import { usedEndpoints } from "../client/site.ts";
import { rightOf, identityOf } from "../explain/rights.ts";
import { countSessions, listSessions, type SessionCount } from "../sessions.ts";

/** What a relay with a configuration is, as far as the configuration says it. */
export interface SitePlan {
  readonly site?: string;
  readonly instances: number;
  /** Those that are used. */
  readonly endpoints: readonly PlannedEndpoint[];
  readonly dataflows: readonly PlannedDataflow[];
  /** Sessions by broker and identity; Event Grid limits them for each. */
  readonly sessions: readonly PlannedSessions[];
}

/** A broker as the relay reaches it. */
export interface PlannedEndpoint {
  readonly name: string;
  readonly host: string;
  readonly hostType: HostType;
  readonly identity: string;
  /** What the identity needs there. */
  readonly grants: readonly string[];
}

/** A dataflow and its clients. */
export interface PlannedDataflow {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly source: { readonly endpoint: string; readonly filters: readonly string[] };
  readonly destination: { readonly endpoint: string; readonly topic: string };
  readonly clientIds: readonly string[];
}

/** Sessions of one identity, and how many it may hold. */
export interface PlannedSessions extends SessionCount {
  /** Omitted: the broker has no limit that is known here. */
  readonly limit?: number;
}

/** Most sessions of one identity that a namespace can be told to allow. @see Azure REST API, Namespaces (2025-02-15) */
const mostSessions = 100;

/**
 * Reads the plan off a configuration.
 * @param sessionLimit sessions that the namespace allows one identity; omitted: the most that any namespace can
 */
export function planSite(config: RelayConfig, sessionLimit = mostSessions): SitePlan {
  const sessions = listSessions(config);
  const { instanceCount } = config.profile;
  const dataflows = Object.entries(config.dataflows).flatMap(([name, dataflow]): PlannedDataflow[] => {
    const parts = dataflowParts(dataflow);
    if (parts === undefined) return [];
    const { source, destination } = parts;
    const prefix = config.endpoints[source.endpointRef]?.mqttSettings.clientIdPrefix ?? "";
    return [
      {
        name,
        isEnabled: dataflow.mode === "Enabled",
        source: {
          endpoint: source.endpointRef,
          filters: subscribedFilters(source.dataSources, { instanceCount, prefix, dataflow: name }),
        },
        destination: { endpoint: destination.endpointRef, topic: destination.dataDestination },
        clientIds: sessions.filter(({ dataflow: owner }) => owner === name).map(({ clientId }) => clientId),
      },
    ];
  });
  return {
    ...(config.relay.site === undefined ? {} : { site: config.relay.site }),
    instances: instanceCount,
    endpoints: usedEndpoints(config).map((name) => planEndpoint(name, config, dataflows)),
    dataflows,
    sessions: countSessions(sessions).map((count) => ({
      ...count,
      ...(count.hostType === HostType.EventGrid ? { limit: sessionLimit } : {}),
    })),
  };
}

function planEndpoint(
  name: string,
  { endpoints }: RelayConfig,
  dataflows: readonly PlannedDataflow[],
): PlannedEndpoint {
  const settings = endpoints[name];
  if (settings === undefined) throw new TypeError(`there is no endpoint "${name}"`);
  const enabled = dataflows.filter(({ isEnabled }) => isEnabled);
  const acts = [
    ...(enabled.some(({ source }) => source.endpoint === name) ? (["subscribe"] as const) : []),
    ...(enabled.some(({ destination }) => destination.endpoint === name) ? (["publish"] as const) : []),
  ];
  return {
    name,
    host: settings.mqttSettings.host,
    hostType: settings.hostType,
    identity: identityOf(name, settings),
    grants: acts.map((act) => rightOf({ name, settings }, act, "", undefined).grant),
  };
}
