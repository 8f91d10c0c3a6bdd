import type { RelayConfig } from "../runtime/contract/config.ts";
import { clientId } from "../runtime/contract/client-id.ts";
import { dataflowParts } from "../runtime/contract/config/dataflow.ts";
import type { HostType, Endpoint } from "../runtime/contract/config/endpoint.ts";
import { brokerOf } from "../runtime/contract/config/endpoint.ts";
import { identityOf } from "./explain/rights.ts";

/** A session that a relay holds at a broker. */
export interface RelaySession {
  readonly endpoint: string;
  readonly broker: string;
  readonly hostType: HostType;
  /** Who the client is there; sessions are limited for each of them. */
  readonly identity: string;
  readonly clientId: string;
  /** The dataflow that it belongs to; omitted: it is the relay's own, for its status. */
  readonly dataflow?: string;
  readonly side: "source" | "destination" | "status";
}

/** Lists the sessions that all instances of a relay hold, in the order of the configuration. */
export function listSessions({ dataflows, endpoints, profile, relay }: RelayConfig): RelaySession[] {
  const ordinals = Array.from({ length: profile.instanceCount }, (_, ordinal) => ordinal);
  const at = (name: string, side: RelaySession["side"], dataflow?: string): RelaySession[] => {
    const endpoint = endpoints[name];
    if (endpoint === undefined) return [];
    return ordinals.map((ordinal) => sessionOf(name, endpoint, { side, ordinal, dataflow }));
  };
  const ofDataflows = Object.entries(dataflows).flatMap(([name, dataflow]) => {
    const parts = dataflowParts(dataflow);
    if (parts === undefined || dataflow.mode === "Disabled") return [];
    return [...at(parts.source.endpointRef, "source", name), ...at(parts.destination.endpointRef, "destination", name)];
  });
  return [...ofDataflows, ...(relay.status === undefined ? [] : at(relay.status.endpointRef, "status"))];
}

/** Name that stands for the relay itself in the client identifier of its status. */
const ownName = "relay";

function sessionOf(
  name: string,
  { hostType, mqttSettings, relay, endpointType }: Endpoint,
  { side, ordinal, dataflow }: { side: RelaySession["side"]; ordinal: number; dataflow: string | undefined },
): RelaySession {
  const { host, clientIdPrefix: prefix } = mqttSettings;
  return {
    endpoint: name,
    broker: brokerOf(hostType, host),
    hostType,
    identity: identityOf(name, { hostType, mqttSettings, relay, endpointType }),
    clientId: clientId({ prefix, dataflow: dataflow ?? ownName, ordinal, side }),
    ...(dataflow === undefined ? {} : { dataflow }),
    side,
  };
}

/** Sessions of one identity at one broker. */
export interface SessionCount {
  readonly broker: string;
  readonly hostType: HostType;
  readonly identity: string;
  readonly endpoints: readonly string[];
  readonly sessions: number;
}

/** Counts sessions by broker and identity: that is what Event Grid limits. */
export function countSessions(sessions: readonly RelaySession[]): SessionCount[] {
  const groups = Map.groupBy(sessions, ({ broker, identity }) => `${broker} ${identity}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { broker, hostType, identity } = first;
    const endpoints = [...new Set(group.map(({ endpoint }) => endpoint))];
    return [{ broker, hostType, identity, endpoints, sessions: group.length }];
  });
}
