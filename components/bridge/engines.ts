import { isForAio } from "../dataflow.ts";
import type { DataflowArgs } from "../dataflow.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";

interface Dataflows {
  [name: string]: DataflowArgs;
}

/** Dataflows by the engine that runs them. */
export interface DataflowsByEngine {
  readonly relay: Dataflows;
  readonly aio: Dataflows;
}

export function dataflowsByEngine(dataflows: { readonly [name: string]: DataflowArgs }): DataflowsByEngine {
  const entries = Object.entries(dataflows);
  return {
    relay: Object.fromEntries(entries.filter(([, dataflow]) => !isForAio(dataflow))),
    aio: Object.fromEntries(entries.filter(([, dataflow]) => isForAio(dataflow))),
  };
}

/** Tells whether there is a relay: dataflows are the relay's unless they say otherwise. */
export function hasRelay({ dataflows }: Pick<MqttBridgeArgs, "dataflows">): boolean {
  const { relay, aio } = dataflowsByEngine(dataflows);
  return Object.keys(relay).length > 0 || Object.keys(aio).length === 0;
}

/** Names of endpoints that AIO's dataflows use, with a dataflow that does. */
export function aioEndpointUsers({ dataflows }: Pick<MqttBridgeArgs, "dataflows">): ReadonlyMap<string, string> {
  const { aio } = dataflowsByEngine(dataflows);
  const users = Object.entries(aio).flatMap(([name, { source, destination }]) =>
    [source, destination].map((endpoint) => [endpoint, name] as const),
  );
  // Of several the first, which is the one that a reader of the declaration meets.
  return new Map(users.reverse());
}

/**
 * Makes the test whether the relay has no part in an endpoint, so that it neither reads it nor mounts its files. Made once for
 * a declaration, asked for each of its endpoints.
 */
export function aioEndpointTest({ dataflows, relay }: MqttBridgeArgs): (endpointName: string) => boolean {
  if (!hasRelay({ dataflows })) return () => true;
  const relayed = new Set(
    Object.values(dataflowsByEngine(dataflows).relay).flatMap(({ source, destination }) => [source, destination]),
  );
  const users = aioEndpointUsers({ dataflows });
  return (name) => users.has(name) && !relayed.has(name) && relay?.status?.endpoint !== name;
}
