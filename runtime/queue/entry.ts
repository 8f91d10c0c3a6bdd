import { EncodedPublish } from "../mqtt/encoded-publish.ts";
import type { SourcePort } from "./ports.ts";

/** A message between its arrival and the destination's acknowledgement. */
export interface Entry {
  /** What is sent: the message, or the dead letter that it has become. */
  publish: EncodedPublish;
  /** Packet identifier at the source; 0 with QoS 0 and when it was read back from the disk. */
  readonly sourceId: number;
  /** The connection to acknowledge to; `undefined` once it ended, and with QoS 0. */
  source: SourcePort | undefined;
  /** Packet identifier at the destination; 0 as long as it has none. */
  destinationId: number;
  /** Whether the source's session may send it again; not with QoS 0, and not once that session is lost. */
  mayComeAgain: boolean;
  /** Whether the source may be told: the destination has taken it, or it is on the disk, or it was given up. */
  isDone: boolean;
  wasSent: boolean;
  isDeadLetter: boolean;
  /** Place in the order in which messages are sent. */
  order: number;
  /** Place on the disk; 0 when it is not there. */
  sequence: number;
  /** Bytes that it takes there. */
  spooledBytes: number;
  readonly arrivedMs: number;
  /** Neighbours among the messages in flight. */
  previous: Entry | undefined;
  next: Entry | undefined;
}

const nothing = new EncodedPublish(Buffer.alloc(0), 0, 0, 0, 0, undefined);

/** The entry of a message that is done as it arrives: it only takes its turn in being acknowledged. */
export function doneEntry(sourceId: number, source: SourcePort | undefined): Entry {
  return { ...createEntry(nothing, sourceId, source, 0), mayComeAgain: false, isDone: true };
}

/** The entry of a message that has just arrived. */
export function createEntry(
  publish: EncodedPublish,
  sourceId: number,
  source: SourcePort | undefined,
  arrivedMs: number,
): Entry {
  return new Arrival(publish, sourceId, source, arrivedMs);
}

/**
 * A class for the collector's sake. An object literal is an allocation site to V8: one that made many messages outlast a
 * collection once gets them from the old space from then on, where each of them is rubbish within milliseconds, and
 * collecting that took a tenth of the relay's CPU time (Node.js 24.21).
 */
class Arrival implements Entry {
  destinationId = 0;
  mayComeAgain: boolean;
  isDone = false;
  wasSent = false;
  isDeadLetter = false;
  order = 0;
  sequence = 0;
  spooledBytes = 0;
  previous: Entry | undefined = undefined;
  next: Entry | undefined = undefined;
  publish: EncodedPublish;
  readonly sourceId: number;
  source: SourcePort | undefined;
  readonly arrivedMs: number;

  constructor(publish: EncodedPublish, sourceId: number, source: SourcePort | undefined, arrivedMs: number) {
    this.publish = publish;
    this.sourceId = sourceId;
    this.source = source;
    this.arrivedMs = arrivedMs;
    this.mayComeAgain = sourceId !== 0;
  }
}

/** Tells whether the source will send a message again when it comes back. */
export function isSafeAtSource({ mayComeAgain, source }: Entry): boolean {
  return mayComeAgain && source === undefined;
}

/** Topic of an encoded PUBLISH, for messages. */
export function topicOfEntry({ publish: { packet } }: Entry): string {
  let lengthEnd = 1;
  while (((packet[lengthEnd] ?? 0) & 0x80) !== 0) lengthEnd++;
  const start = lengthEnd + 3;
  return packet.toString("utf8", start, start + packet.readUInt16BE(lengthEnd + 1));
}
