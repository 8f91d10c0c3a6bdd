import type { RelayConfig } from "../../runtime/contract/config.ts";
import { formatRelayConfig } from "../../runtime/contract/config.ts";
import { dataflowParts } from "../../runtime/contract/config/dataflow.ts";
import { HostType } from "../../runtime/contract/config/endpoint.ts";

/** Longest wait before a reconnect: who mends a link wants to see it work. */
const maxDelayMs = 3000;

/**
 * Pace at which the disk of one dataflow empties. All that goes to the cloud is for five twins, and a session at Event Grid gets 100 messages a
 * second: a faster one ends when its queue of 100 is full, as it would at the real one.
 */
const drainMessagesPerSecond = 220;

/**
 * Changes the declared configuration so that the demo is worth watching: what goes to the cloud has a queue on the disk, the live
 * tap is on, and the relay does not wait long before it connects again.
 */
export function makeWatchable(config: RelayConfig): string {
  const dataflows = Object.entries(config.dataflows).map(([name, dataflow]) => {
    const to = dataflowParts(dataflow)?.destination.endpointRef ?? "";
    if (config.endpoints[to]?.hostType !== HostType.EventGrid) return [name, dataflow] as const;
    const spool = { ...dataflow.relay.spool, mode: "Enabled" as const, drainMessagesPerSecond };
    return [name, { ...dataflow, relay: { ...dataflow.relay, spool } }] as const;
  });
  const { relay } = config;
  return formatRelayConfig({
    ...config,
    dataflows: Object.fromEntries(dataflows),
    relay: {
      ...relay,
      statusPage: { ...relay.statusPage, tap: "Payload" },
      reconnect: { ...relay.reconnect, maxDelayMs },
    },
  });
}
