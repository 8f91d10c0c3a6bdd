import type { DataflowContext, Side } from "../../runtime/connection/side.ts";
import type { RelayConfig } from "../../runtime/contract/config.ts";
import { clientId } from "../../runtime/contract/client-id.ts";
import { eventGridLimits } from "../../runtime/contract/config/endpoint-rules.ts";
import type { HostAddress } from "../../runtime/contract/config/endpoint.ts";
import { createCredentialSource } from "../../runtime/identity/credentials.ts";
import { createMounts, type Mounts } from "../../runtime/identity/mounts.ts";
import { unboundedMemory } from "../../runtime/memory/budget.ts";
import { createLog } from "../../runtime/report/log.ts";

/** Where a command finds what a relay has. */
export interface SiteOptions {
  /** Folder of the mounted files; omitted: the configuration's. */
  readonly mountPath?: string | undefined;
  /** Where to connect instead of a `host:port`; for development. */
  readonly connectTo: ReadonlyMap<string, HostAddress>;
}

/** A configuration with the credentials that it names, for commands that connect as its relay does. */
export interface Site {
  readonly context: DataflowContext;
  readonly mounts: Mounts;
}

/** Makes what a relay makes of a configuration before it connects. Reads nothing yet. */
export function createSite(config: RelayConfig, { mountPath, connectTo }: SiteOptions): Site {
  const mounts = createMounts(mountPath ?? config.relay.mountPath);
  const credentials = new Map(
    Object.entries(config.endpoints).map(([name, endpoint]) => [
      name,
      createCredentialSource(name, endpoint, mounts, {
        proxy: config.relay.proxy,
        fetchTimeoutMs: config.relay.connectTimeoutSeconds * 1000,
      }),
    ]),
  );
  // A command says what it finds; the relay's log lines are not for its reader.
  const log = createLog("error", { write: () => undefined });
  return {
    mounts,
    context: { config, credentials, ordinal: 0, connectTo, log, random: Math.random, memory: unboundedMemory },
  };
}

/**
 * The side of a command at an endpoint: a client identifier that no dataflow has, so that the relay's sessions are left alone.
 * It is the same at each run, so that a session which a run left behind is ended by the next one.
 *
 * @param command its first word in the client identifier: `doctor` gives `oslo-doctor-cloud-0-status`
 */
export function sideOf(command: string, name: string, { config, ordinal }: DataflowContext): Side {
  const endpoint = config.endpoints[name];
  if (endpoint === undefined) throw new TypeError(`there is no endpoint "${name}"`);
  const { host, clientIdPrefix: prefix } = endpoint.mqttSettings;
  // No dataflow has this side, which is that of the relay's own client.
  const parts = { prefix, ordinal, side: "status" } as const;
  const room = eventGridLimits.maxClientIdCharacters - clientId({ ...parts, dataflow: `${command}-` }).length;
  return {
    side: "status",
    name,
    endpoint,
    peer: `endpoint ${name} (${host})`,
    clientId: clientId({ ...parts, dataflow: `${command}-${name.slice(0, Math.max(1, room))}` }),
  };
}

/** Names of the endpoints that enabled dataflows and the status use, in the order of the configuration. */
export function usedEndpoints({ endpoints, dataflows, relay }: RelayConfig): string[] {
  const used = new Set<string>(relay.status === undefined ? [] : [relay.status.endpointRef]);
  for (const { mode, operations, relay: own } of Object.values(dataflows)) {
    if (mode === "Disabled") continue;
    for (const operation of operations) {
      if (operation.operationType === "Source") used.add(operation.sourceSettings.endpointRef);
      if (operation.operationType === "Destination") used.add(operation.destinationSettings.endpointRef);
    }
    if (own.deadLetter?.endpointRef !== undefined) used.add(own.deadLetter.endpointRef);
  }
  return Object.keys(endpoints).filter((name) => used.has(name));
}
