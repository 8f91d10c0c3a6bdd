import { EncodedPublish } from "../mqtt/encoded-publish.ts";
import type { Room } from "../memory/lane.ts";
import { showUtf8 } from "../rewrite/utf8.ts";
import type { MessageTrace } from "./ports.ts";
import type { SourceSession } from "./source/source-side.ts";

/**
 * Who keeps a message, beside this process.
 * - `owed`: its source does. It came with QoS 1 on a connection that is open and waits there for its acknowledgement
 * - `atSource`: its source does, though the connection that it came on has ended: the session redelivers it
 * - `onlyHere`: nobody does. It came with QoS 0, or its source has lost the session
 * - `safe`: the destination or the disk does, or it was given up. Its source may be told so
 */
export type Custody = "owed" | "atSource" | "onlyHere" | "safe";

/** What the spans of a message take until it has left: measured at 1.2 kB, with topics that are cut off as they are shown. */
const tracedBytes = 1536;

const nothing = new EncodedPublish(Buffer.alloc(0), 0, 0, 0, 0, undefined);

/**
 * A message between its arrival and the destination's acknowledgement.
 *
 *                      ┌───────────── destination away, or behind others on the disk ─────────────┐
 *                      │                                                                          ▼
 *     source ──► (arrives) ──► waiting ──► in flight ──► (acknowledged)          disk ◄── pending writes
 *                                ▲  ▲          │                                   │
 *                                │  └──────────┘ connection ended, refused for now │
 *                                └─────────────────── read back, in portions ──────┘
 *
 * Sent in this order: in flight, waiting, disk, pending writes. An entry that waits or is in flight may be on the disk
 * as well (`sequence` > 0): it was written since the destination took too long.
 *
 * A class and no object literal: a literal is an allocation site to V8. One that made many messages outlast a collection
 * gets them from the old space from then on, where each of them is rubbish within milliseconds, and collecting that took a
 * tenth of the relay's CPU time (Node.js 24.21).
 */
export class Entry {
  /** What is sent: the message, or the dead letter that it has become. */
  publish: EncodedPublish;
  custody: Custody;
  /** The session that it came from; `undefined` when it was read back from the disk. */
  readonly session: SourceSession | undefined;
  /** Packet identifier at the source; 0 with QoS 0 and when it was read back from the disk. */
  readonly sourceId: number;
  /** When it came, by the forwarder's clock. */
  readonly arrivedMs: number;
  /** Packet identifier at the destination; 0 as long as it has none. */
  destinationId = 0;
  wasSent = false;
  isDeadLetter = false;
  /** Place in the order in which messages are sent. */
  order = 0;
  /** Place on the disk; 0 when it is not there. */
  sequence = 0;
  /** Bytes that it takes there. */
  spooledBytes = 0;
  /** Memory that it was granted because it is large; `undefined` for all others. */
  room: Room | undefined = undefined;
  /** Is told what happens to it; `undefined` for messages that are not traced. */
  trace: MessageTrace | undefined = undefined;
  /** Neighbours among the messages in flight. */
  previous: Entry | undefined = undefined;
  next: Entry | undefined = undefined;

  constructor(
    publish: EncodedPublish,
    sourceId: number,
    session: SourceSession | undefined,
    arrivedMs: number,
    custody: Custody,
  ) {
    this.publish = publish;
    this.sourceId = sourceId;
    this.session = session;
    this.arrivedMs = arrivedMs;
    this.custody = custody;
  }

  /** Bytes that it takes in memory, but for its place in the queues. */
  get memoryBytes(): number {
    return this.publish.memoryBytes + (this.trace === undefined ? 0 : tracedBytes);
  }

  /** Whether its source redelivers it, and nothing of it has left this process: it can be forgotten. */
  get isForgettable(): boolean {
    return this.custody === "atSource" && !this.wasSent && this.sequence === 0;
  }

  /** Nothing more is to be done for it but to tell its source. */
  settle(): void {
    this.custody = "safe";
    this.trace?.onDone();
  }

  /** What is in its packet is kept elsewhere, though it is not done. */
  dropPacket(): void {
    this.publish = nothing;
  }

  /** Its packet is not needed any more: what is left of it takes its turn in being acknowledged. */
  leaveMemory(): void {
    this.publish = nothing;
    this.trace = undefined;
    this.room?.release();
    this.room = undefined;
  }

  /** The connection that it came on has ended. */
  onSourceClosed(): void {
    if (this.custody === "owed") this.custody = "atSource";
  }

  /** The session that it came from is lost: nobody redelivers it. */
  onSessionLost(session: SourceSession): void {
    if (this.session === session && this.custody === "atSource") this.custody = "onlyHere";
  }
}

/** The entry of a message that has just arrived. */
export function createEntry(
  publish: EncodedPublish,
  sourceId: number,
  session: SourceSession,
  arrivedMs: number,
): Entry {
  return new Entry(publish, sourceId, session, arrivedMs, sourceId === 0 ? "onlyHere" : "owed");
}

/** The entry of a message that was read back from the disk, where it is `sequence`. */
export function spooledEntry(
  publish: EncodedPublish,
  sequence: number,
  spooledBytes: number,
  arrivedMs: number,
): Entry {
  const entry = new Entry(publish, 0, undefined, arrivedMs, "safe");
  entry.sequence = sequence;
  entry.spooledBytes = spooledBytes;
  return entry;
}

/** The entry of a message that needs nothing more as it arrives: it only takes its turn in being acknowledged. */
export function safeEntry(sourceId: number, session: SourceSession): Entry {
  return new Entry(nothing, sourceId, session, 0, "safe");
}

/** Topic of an encoded PUBLISH, for messages. */
export function topicOfEntry({ publish: { packet } }: Entry): string {
  let lengthEnd = 1;
  while (((packet[lengthEnd] ?? 0) & 0x80) !== 0) lengthEnd++;
  const start = lengthEnd + 3;
  return showUtf8(packet, start, start + packet.readUInt16BE(lengthEnd + 1));
}
