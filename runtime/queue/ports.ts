import type { UndeliverablePolicy } from "../contract/config/dataflow-relay.ts";
import type { MemoryShare } from "../memory/budget.ts";
import type { EncodedPublish, PublishView } from "../mqtt/publish.ts";
import type { Counters, LossReason } from "../report/counters.ts";
import type { Traffic } from "../mqtt/progress-watch.ts";
import type { Tap } from "../report/tap.ts";
import type { Carried, Patch } from "../rewrite/patch.ts";

/** What the forwarder needs of a connection to the source. */
export interface SourcePort {
  readonly acknowledge: (packetId: number) => void;
  readonly setPaused: (paused: boolean) => void;
  /** A message that waits for room, and keeps all behind it from being read, asks for it anew. */
  readonly askForRoomAgain: () => void;
  readonly writePublish: (publish: EncodedPublish) => void;
  /** Resolves once the source has read all that was written so far: `true`; `false` when the connection ended first. */
  readonly confirm: () => Promise<boolean>;
  /** What has moved on it. */
  readonly traffic: Traffic;
}

/** What a source takes of what is published to it, and whether it kept the session of the connection before. */
export interface SourceLimits {
  readonly sessionPresent: boolean;
  readonly receiveMaximum: number;
  readonly maximumPacketBytes: number;
  readonly maximumQoS: number;
}

/** What the forwarder needs of a connection to the destination. */
export interface DestinationPort {
  readonly writePublish: (publish: EncodedPublish) => void;
  /** Bytes that wait to be sent. */
  readonly pendingBytes: number;
  readonly onceDrained: (callback: () => void) => void;
  /** Resolves once the destination has read all that was written so far: `true`; `false` when the connection ended first. */
  readonly confirm: () => Promise<boolean>;
  /** What has moved on it. */
  readonly traffic: Traffic;
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
  /** Bytes in memory that the destination has not acknowledged, at most; shortly before, the source is read no further. */
  readonly maxInflightBytes: number;
  readonly memory: MemoryShare;
  /** How many times over a message may be in memory while it is changed, written or read back. */
  readonly copies: number;
  /** Called when the source has to be connected to anew, for it to send again what is not kept here. */
  readonly onRedeliveryWanted: (reason: string) => void;
  readonly undeliverable: UndeliverablePolicy;
  /**
   * How long the destination may refuse one message for the time being while it takes others, in milliseconds; the message
   * is undeliverable then. 0 is for ever.
   */
  readonly refusalTimeoutMs: number;
  /** Where dead letters go, where `undeliverable` says so. */
  readonly deadLetters: DeadLetterPlan;
  readonly counters: Counters;
  /** Shows some of the messages to whoever watches. */
  readonly tap: Tap;
  /** Traces some of the messages; omitted: none is traced, and it costs a message the reading of a field or two. */
  readonly tracer?: Tracer | undefined;
  /** Called once when a message stops the dataflow: nothing is forwarded or acknowledged after it. */
  readonly onStopped: (reason: string) => void;
  /** Called for each message that is given up, or refused for now. */
  readonly onTrouble: (trouble: Trouble) => void;
  /** How long nothing may move while messages are owed, in milliseconds; 0 is for ever. */
  readonly stallTimeoutMs: number;
  /** Called when nothing has moved for so long: that side has to be connected anew. */
  readonly onStalled: (stall: Stall) => void;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Wall time, ISO 8601; for dead letters. */
  readonly wallTime: () => string;
  /** Runs `callback` after `delayMs`. */
  readonly schedule: (callback: () => void, delayMs: number) => void;
}

/** Messages are owed, and nothing moves. */
export interface Stall {
  readonly side: "source" | "destination";
  /** What has not moved, and for how long. */
  readonly reason: string;
}

/** Where the dead letters of a dataflow go. */
export interface DeadLetterPlan {
  readonly dataflow: string;
  /** Bytes on the disk at most, those of the spool among them. */
  readonly maxBytes: number;
  /** Which side they are published to, and under which topic; omitted: to the disk. */
  readonly publish?: { readonly side: "source" | "destination"; readonly topic: string };
}

/** A message that could not be delivered, for the log. */
export interface Trouble {
  readonly kind: LossReason | "rejected" | "suspected" | "dead_letter";
  readonly reason: string;
  readonly topic: string;
}

/** Decides which messages are traced. Never throws for properties that were checked. */
export interface Tracer {
  /** Begins or continues the trace of a message that has arrived; `undefined` when it is not traced. */
  readonly begin: (view: PublishView) => MessageTrace | undefined;
  /** Continues the trace of a message that was read back from the disk; `undefined` when it is not traced. */
  readonly resume: (publish: EncodedPublish) => MessageTrace | undefined;
}

/** Is told what happens to a message that is traced. */
export interface MessageTrace {
  /** What is written into the message; `undefined`: nothing. */
  readonly carried: Carried | undefined;
  /** It is about to be sent, or sent again. May change bytes of the packet, and no lengths. */
  readonly onSent: (publish: EncodedPublish) => void;
  /** It can't be delivered as it is; `kind` is one of few words. */
  readonly onTrouble: (kind: string, reason: string) => void;
  /** It is on the disk, whether it is in memory as well or not. */
  readonly onSpooled: () => void;
  /** Nothing more is to be done for it. */
  readonly onDone: () => void;
}
