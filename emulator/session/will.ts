import type { IConnectPacket } from "mqtt-packet";
import { generate } from "mqtt-packet";

import { parsePublish } from "../packet/publish.ts";
import type { PublishPacket } from "../packet/publish.ts";

/** The will message of a session. @see MQTT 5.0 §3.1.2.5 */
export interface Will {
  readonly publish: PublishPacket;
  readonly delaySeconds: number;
}

/**
 * Reads the will of a CONNECT. mqtt-packet parses CONNECT, so user properties of a will keep their order only within
 * one name.
 */
export function readWill(connect: IConnectPacket): Will | undefined {
  const { will } = connect;
  if (!will) return undefined;
  const { willDelayInterval, ...properties } = will.properties ?? {};
  const { topic, payload } = will;
  const qos = will.qos ?? 0;
  const packet = generate(
    { cmd: "publish", topic, payload, qos, retain: will.retain ?? false, dup: false, messageId: 1, properties },
    { protocolVersion: 5 },
  );
  return { publish: parsePublish(packet), delaySeconds: willDelayInterval ?? 0 };
}
