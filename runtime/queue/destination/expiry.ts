import { stampExpiry } from "../../mqtt/publish.ts";
import type { Entry } from "../entry.ts";

/**
 * Takes the time that a message spent here from its message expiry interval: [MQTT-3.3.2-6].
 * @returns whether nothing is left of it
 */
export function isExpired({ publish, arrivedMs, wasSent, destinationId }: Entry, nowMs: number): boolean {
  const waitedSeconds = Math.floor((nowMs - arrivedMs) / 1000);
  if (waitedSeconds < 1) return false;
  const left = publish.expirySeconds - waitedSeconds;
  // One that a kept session knows has to be sent again, whatever its age: [MQTT-4.4.0-1]. 0 would be for ever to some.
  if (left <= 0 && !(wasSent && destinationId !== 0)) return true;
  stampExpiry(publish, Math.max(1, left));
  return false;
}
