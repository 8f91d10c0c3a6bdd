import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import type { DataflowInput } from "../../runtime/contract/config/dataflow.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import type { SideCredentials } from "./credentials.ts";
import { topics } from "./publisher.ts";
import type { Scene, SideScene } from "./scene.ts";

/** Settings of a configuration that a schedule changes. */
export interface Variant {
  readonly hasSide: boolean;
  readonly filters: readonly string[];
  readonly sideDestination: string;
  readonly drainMessagesPerSecond: number;
  /** `profile.instanceCount`, and so many are started. */
  readonly instances: number;
}

/** Time that a relay has to end, and to hand over what it has acknowledged: longer than any that it may have built in. */
export function drainTimeoutSeconds({ destination }: Scene): number {
  return destination.qos === 0 ? 5 : 2;
}

/** Small messages fill it now and then. */
export const spoolBytes = { small: 1_048_576, large: 67_108_864 } as const;
const largeFrom = 100;

export interface ConfigParts {
  readonly scene: Scene;
  readonly seed: number;
  readonly credentials: Readonly<Record<"source" | "destination", SideCredentials>>;
}

/** The configuration of one instance, which has ports of its own. */
export function configure(
  { scene, seed, credentials }: ConfigParts,
  { hasSide, filters, sideDestination, drainMessagesPerSecond, instances }: Variant,
  ports: Readonly<Record<"source" | "destination", number>>,
): RelayConfigInput {
  const maxBytes = scene.fillerBytes > largeFrom ? spoolBytes.large : spoolBytes.small;
  const relayOf = (isSpooled: boolean): DataflowInput["relay"] => ({
    spool: {
      mode: isSpooled ? "Enabled" : "Disabled",
      maxBytes,
      drainMessagesPerSecond,
      drainBytesPerSecond: 0,
    },
    undeliverableMessages: scene.hasDeadLetters ? "DeadLetter" : "Discard",
    stallTimeoutSeconds: 1,
  });
  const flow = buildDataflow(["source", [...filters]], ["destination", `${seed}/\${inputTopic}`], {
    relay: relayOf(scene.spooled.flow),
  });
  const side = buildDataflow(["source", [topics.at(-1) ?? ""]], ["destination", sideDestination], {
    relay: relayOf(scene.spooled.side),
  });
  return buildConfig({
    endpoints: {
      source: endpointOf(ports.source, scene.source, credentials.source, scene.sourceWindow),
      destination: endpointOf(ports.destination, scene.destination, credentials.destination, scene.window),
    },
    profile: { instanceCount: instances },
    dataflows: { flow, ...(hasSide ? { side } : {}) },
    relay: {
      connectTimeoutSeconds: 1,
      drainTimeoutSeconds: drainTimeoutSeconds(scene),
      reconnect: { minDelayMs: 10, maxDelayMs: 200 },
    },
  });
}

function endpointOf(
  port: number,
  { qos }: SideScene,
  { settings, relay }: SideCredentials,
  maxInflightMessages: number,
): EndpointInput {
  // With QoS 0 a connection that the relay gives up for nothing but a busy machine loses messages.
  const keepAliveSeconds = qos === 0 ? 3 : 1;
  const endpoint = plainEndpoint(port, { keepAliveSeconds, maxInflightMessages, qos, ...settings });
  return { ...endpoint, ...(relay === undefined ? {} : { relay }) };
}
