import type { Counters, LossReason } from "./counters.ts";
import type { Patch } from "./patch.ts";

/** What the forwarder needs of a connection to the source. */
export interface SourcePort {
  readonly acknowledge: (packetId: number) => void;
  readonly setPaused: (paused: boolean) => void;
}

/** What the forwarder needs of a connection to the destination. */
export interface DestinationPort {
  readonly write: (packet: Buffer) => void;
  readonly pendingBytes: number;
  readonly onceDrained: (callback: () => void) => void;
}

/** What a destination takes, and whether it kept the session of the connection before. */
export interface DestinationLimits {
  readonly sessionPresent: boolean;
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  readonly retainAvailable: boolean;
}

export interface ForwarderOptions {
  readonly patch: Patch;
  readonly qos: 0 | 1;
  /** QoS 1 messages in flight to the destination at most, however many it would take. */
  readonly maxInflightMessages: number;
  readonly undeliverable: "Stop" | "Discard";
  readonly counters: Counters;
  /** Called once when a message stops the dataflow: nothing is forwarded or acknowledged after it. */
  readonly onStopped: (reason: string) => void;
  /** Called for each message that is given up, or refused for now. */
  readonly onTrouble: (trouble: Trouble) => void;
  readonly now: () => number;
  /** Runs `callback` after `delayMs`; the forwarder asks for one delay at a time. */
  readonly schedule: (callback: () => void, delayMs: number) => void;
}

/** A message that could not be delivered, for the log. */
export interface Trouble {
  readonly kind: LossReason | "rejected";
  readonly reason: string;
  readonly topic: string;
}
