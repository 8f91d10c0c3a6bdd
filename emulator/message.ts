import type { Clock } from "./clock.ts";

/** An application message as the broker keeps it for subscribers. */
export interface Message {
  readonly topic: string;
  readonly qos: number;
  /** The retain flag as it was published; a subscription decides whether a subscriber sees it. */
  readonly retain: boolean;
  readonly payload: Buffer;
  /** Encoded properties that reach subscribers byte for byte. */
  readonly keptProperties: Buffer;
  /** When it expires, in the clock's milliseconds; absent when it never does. */
  readonly expiresAtMs?: number;
}

/** Bytes that a message is counted with in a queue: topic, properties and payload. */
export function messageBytes(message: Message): number {
  return message.topic.length + message.keptProperties.length + message.payload.length;
}

export function isExpired(message: Message, clock: Clock): boolean {
  return message.expiresAtMs !== undefined && message.expiresAtMs <= clock.nowMs();
}

/** Message expiry interval that is left, in seconds: what was published less the time waited. @see MQTT 5.0 §3.3.2.3.3 */
export function remainingExpirySeconds(message: Message, clock: Clock): number | undefined {
  if (message.expiresAtMs === undefined) return undefined;
  // At least 1: a redelivery that is under way may not be dropped any more.
  return Math.max(1, Math.ceil((message.expiresAtMs - clock.nowMs()) / clock.secondMs));
}
