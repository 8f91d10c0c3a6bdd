import assert from "node:assert/strict";

import { firstControlPacketId } from "../../mqtt/control-packets.ts";
import { stampPublish } from "../../mqtt/publish.ts";
import { protocolError } from "../../mqtt/wire/protocol-error.ts";
import type { Entry } from "../entry.ts";
import { PacketIds } from "./packet-ids.ts";

/** Packet identifiers that messages may have: those above are for SUBSCRIBE and UNSUBSCRIBE. */
export const maxInFlight = firstControlPacketId - 1;

/**
 * Packet identifiers for so many messages at a time: some more, so that none is used again at once. All that there are would take
 * half a megabyte for each dataflow.
 */
function identifiersFor(messages: number): number {
  return Math.min(maxInFlight, 4 * messages + 1000);
}

/** Part of the bytes that may be in flight which may be kept in memory by the slabs of other messages. */
const spentShare = 1 / 8;

/** The messages that were sent to a broker and are not acknowledged, in the order of sending, and how many may be. */
export class InFlight {
  /** First and last of a list that the entries themselves are linked into: one that is settled out of turn leaves at once. */
  #first: Entry | undefined;
  #last: Entry | undefined;
  readonly #byId: (Entry | undefined)[] = [];
  readonly #ids: PacketIds;
  readonly #most: number;
  readonly #mostBytes: number;
  /** Receive Maximum of the connection that is open; before the first one nobody has announced any. */
  #receiveMaximum = maxInFlight;
  #length = 0;
  #bytes = 0;
  /** Bytes that left since older messages were last taken out of their slabs, and may be kept there by these. */
  #spentBytes = 0;

  /**
   * @param most messages that are in flight at a time, however many the broker takes
   * @param mostBytes bytes of memory that they take; a single message may take more
   */
  constructor(most: number, mostBytes = Infinity) {
    this.#ids = new PacketIds(identifiersFor(most));
    this.#most = Math.min(most, maxInFlight);
    this.#mostBytes = mostBytes;
  }

  /** A connection is open whose broker takes so many messages before it acknowledges one. */
  announce(receiveMaximum: number): void {
    this.#receiveMaximum = receiveMaximum;
  }

  /** Messages in flight at most. [MQTT-3.3.4-9] */
  get window(): number {
    return Math.min(this.#most, this.#receiveMaximum);
  }

  /** Whether one more of so many bytes may be sent; `isAlone`: only while nothing else is in flight. */
  hasRoom(bytes: number, isAlone: boolean): boolean {
    if (this.#length === 0) return true;
    return this.#length < (isAlone ? 1 : this.window) && this.#bytes + bytes <= this.#mostBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that all take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The message that was sent first. */
  get oldest(): Entry | undefined {
    return this.#first;
  }

  /**
   * Adds a message and writes its packet identifier into it; the one that it has, when it went out under it before.
   *
   * @param isResumed whether the destination knows the identifiers of the connection before
   */
  add(entry: Entry, isResumed: boolean): void {
    const isAgain = isResumed && entry.destinationId !== 0;
    if (entry.destinationId === 0) entry.destinationId = this.#ids.take();
    assert(entry.destinationId !== 0, "there is no packet identifier left"); // [MQTT-2.2.1-3]
    if (entry.wasSent) entry.publish.isReusable = false; // an earlier connection may still have it
    stampPublish(entry.publish, entry.destinationId, isAgain);
    this.#byId[entry.destinationId] = entry;
    entry.previous = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    this.#length++;
    this.#bytes += entry.memoryBytes;
  }

  /**
   * Takes out the message that an acknowledgement belongs to; `undefined` when there is none.
   *
   * @param isResumed whether the session was kept: it may acknowledge what an earlier connection or process has sent, and twice
   *   what was sent twice
   * @throws {ProtocolError} when there is none in a session that began with the connection: nobody waits for it
   */
  settle(packetId: number, isResumed: boolean): Entry | undefined {
    const entry = this.#byId[packetId];
    if (entry === undefined && !isResumed)
      throw protocolError(`PUBACK with packet identifier ${packetId}, which nobody waits for`);
    if (entry === undefined) return undefined;
    this.#byId[packetId] = undefined;
    this.release(entry);
    const isFirst = entry.previous === undefined;
    if (entry.previous === undefined) this.#first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) this.#last = entry.previous;
    else entry.next.previous = entry.previous;
    this.#unlink(entry);
    if (!isFirst) this.#spend(entry.publish.length);
    return entry;
  }

  /**
   * A message leaves before older ones. A destination that acknowledges all but one in a hundred would have us keep all: each that
   * stays keeps the whole slab that it is in.
   */
  #spend(bytes: number): void {
    this.#spentBytes += bytes;
    if (this.#spentBytes <= this.#mostBytes * spentShare) return;
    this.#spentBytes = 0;
    for (let entry = this.#first; entry !== undefined; entry = entry.next) entry.publish = entry.publish.outOfSlab();
  }

  /** Takes out everything, in the order of sending; each message keeps its packet identifier. */
  takeAll(): Entry[] {
    const entries = this.toArray();
    for (const entry of entries) {
      this.#byId[entry.destinationId] = undefined;
      this.#unlink(entry);
    }
    this.#first = this.#last = undefined;
    return entries;
  }

  /** Everything, in the order of sending. */
  toArray(): Entry[] {
    const entries: Entry[] = [];
    for (let entry = this.#first; entry !== undefined; entry = entry.next) entries.push(entry);
    return entries;
  }

  /** Gives back the packet identifier of a message that is not in flight, if it has one. */
  release(entry: Entry): void {
    if (entry.destinationId === 0) return;
    this.#ids.release(entry.destinationId);
    entry.destinationId = 0;
  }

  /** Makes all packet identifiers free: the destination knows none of them any more. */
  forgetIds(): void {
    this.#ids.reset();
  }

  #unlink(entry: Entry): void {
    entry.previous = entry.next = undefined;
    this.#length--;
    this.#bytes -= entry.memoryBytes;
  }
}
