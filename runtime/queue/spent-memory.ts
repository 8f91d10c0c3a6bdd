import { largeBuffers } from "../memory/large-buffers.ts";
import type { Entry } from "./entry.ts";
import type { DestinationPort, ForwarderOptions } from "./ports.ts";

/**
 * Lets the next large message have the memory of one that the destination has acknowledged, and that is about to be finished,
 * where nobody will read it again. A destination may acknowledge what it has not read: then the bytes are still on their way out.
 * With QoS 0 they always are.
 */
export function reuseSpent(
  { publish, sequence, isDeadLetter, trace }: Entry,
  { qos }: Pick<ForwarderOptions, "qos">,
  port: DestinationPort | undefined,
): void {
  const isKept = sequence > 0 || isDeadLetter || trace !== undefined;
  if (!publish.isReusable || isKept || qos === 0 || port === undefined) return;
  if (port.traffic.givenBytes() - port.pendingBytes < publish.leavesAt) return;
  publish.isReusable = false;
  largeBuffers.giveBack(publish.bytes);
}
