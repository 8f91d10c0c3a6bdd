import type { MessageProperties } from "./packet/message-properties.ts";

/** Why a connection ended, in Event Grid's words. @see Event Grid, MQTT client life cycle events */
export type DisconnectionReason =
  | "ClientAuthenticationError"
  | "ClientAuthorizationError"
  | "ClientError"
  | "ClientInitiatedDisconnect"
  | "ConnectionLost"
  | "QuotaExceeded"
  | "ServerError"
  | "ServerInitiatedDisconnect"
  | "SessionOverflow"
  | "SessionTakenOver";

/** Why a session ended. */
export type SessionEnd = "expired" | "cleanStart" | "SessionOverflow" | "forgotten";

/** What became of one topic filter of a SUBSCRIBE or UNSUBSCRIBE. */
export interface FilterOutcome {
  readonly filter: string;
  /** Of the SUBACK or UNSUBACK. */
  readonly reasonCode: number;
  /** Why it failed. */
  readonly why?: string | undefined;
}

/** A message as events show it. */
export interface MessageSummary extends MessageProperties {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly payload: Buffer;
}

/** What happens in the broker, in the order it happens. */
export type BrokerEvent =
  | {
      readonly kind: "connect";
      readonly clientId: string;
      readonly authenticationName: string;
      readonly method: string;
      readonly sessionPresent: boolean;
      readonly cleanStart: boolean;
      /** The client's Receive Maximum. */
      readonly receiveMaximum: number;
      readonly sessionExpirySeconds: number;
      readonly keepAliveSeconds: number;
    }
  | {
      readonly kind: "refuse";
      /** Empty when the refusal comes before CONNECT. */
      readonly clientId: string;
      /** Of the CONNACK; absent when TLS refused. */
      readonly reasonCode?: number;
      readonly why: string;
    }
  | {
      readonly kind: "disconnect";
      readonly clientId: string;
      readonly reason: DisconnectionReason;
      /** Of the DISCONNECT that was sent or received; absent when there was none. */
      readonly reasonCode?: number | undefined;
      readonly why: string;
    }
  | { readonly kind: "sessionEnd"; readonly clientId: string; readonly why: SessionEnd }
  | { readonly kind: "reauthenticate"; readonly clientId: string; readonly authenticationName: string }
  | { readonly kind: "subscribe"; readonly clientId: string; readonly filters: readonly FilterOutcome[] }
  | { readonly kind: "unsubscribe"; readonly clientId: string; readonly filters: readonly FilterOutcome[] }
  | {
      readonly kind: "publish";
      readonly clientId: string;
      readonly packetIdentifier: number;
      readonly dup: boolean;
      readonly message: MessageSummary;
      /** The PUBACK's reason code, also for QoS 0, which has no PUBACK. */
      readonly reasonCode: number;
      /** Why it failed. */
      readonly why?: string | undefined;
    }
  | {
      readonly kind: "deliver";
      readonly clientId: string;
      readonly packetIdentifier: number;
      readonly dup: boolean;
      readonly topic: string;
      readonly qos: number;
    }
  | {
      readonly kind: "puback";
      readonly clientId: string;
      readonly packetIdentifier: number;
      readonly reasonCode: number;
      /** Absent when nothing with that packet identifier was in flight. */
      readonly topic?: string | undefined;
    }
  | { readonly kind: "drop"; readonly clientId: string; readonly topic: string; readonly why: DropReason };

/** Why a message did not reach a session. */
export type DropReason = "expired" | "tooLarge" | "clientOffline";
