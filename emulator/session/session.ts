import type { Identity } from "../authentication/authenticator.ts";
import type { DisconnectionReason } from "../events.ts";
import type { DeliveryQueue } from "./delivery-queue.ts";
import type { Subscription } from "./subscription.ts";
import type { Will } from "../packet/connect-packet.ts";

/** The network connection that a session has at the moment, as the session needs it. */
export interface SessionConnection {
  /** Sends DISCONNECT with the reason code and closes. */
  disconnect(reasonCode: number, reason: DisconnectionReason, why: string): void;
  /** Closes at once, without DISCONNECT. */
  abort(why: string): void;
  /** Neither reads nor writes any more, and stays open. */
  stall(): void;
  sendBytes(bytes: Buffer): void;
}

/** What the broker keeps of a client, over connections until it expires. @see MQTT 5.0 §4.1 */
export interface Session {
  readonly clientId: string;
  readonly identity: Identity;
  readonly subscriptions: Map<string, Subscription>;
  readonly queue: DeliveryQueue;
  /** Seconds that the session outlives its connection. */
  expirySeconds: number;
  connection: SessionConnection | undefined;
  will: Will | undefined;
  willTimer: NodeJS.Timeout | undefined;
  expiryTimer: NodeJS.Timeout | undefined;
}
