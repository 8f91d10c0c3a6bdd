import assert from "node:assert/strict";

import type { ConnectionError } from "../../contract/errors.ts";
import type { Room } from "../../memory/lane.ts";
import type { Entry } from "../entry.ts";
import type { DestinationLimits, DestinationPort } from "../ports.ts";

/** Bytes that may lie in the destination's socket before no more QoS 0 messages are added, and what part of those in memory. */
const [maxUnsentBytes, unsentShare] = [1024 * 1024, 1 / 4];

/** Who takes what happens on a connection to the destination. */
export interface DestinationEvents {
  readonly onPuback: (packetId: number, reasonCode: number) => void;
  readonly onClosed: (side: DestinationSide, error: ConnectionError | undefined) => void;
}

/** What the relay holds for one connection to the destination. It ends with that connection. */
export class DestinationSide {
  readonly port: DestinationPort;
  readonly limits: DestinationLimits;
  /** Whether one message at a time is sent, since the destination closes at one of them. */
  sendsAlone: boolean;
  /** Whether the socket has to drain before more is sent. */
  awaitsDrain = false;
  readonly #events: DestinationEvents;
  readonly #rooms = new Set<Room>();
  #isHeld = false;
  #isClosed = false;
  /** Messages with QoS 0 that were written, and how many of them the destination has read for certain. */
  #written = 0;
  #confirmed = 0;

  constructor(port: DestinationPort, limits: DestinationLimits, sendsAlone: boolean, events: DestinationEvents) {
    this.port = port;
    this.limits = limits;
    this.sendsAlone = sendsAlone;
    this.#events = events;
  }

  /** Whether nothing more is to be sent here. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Messages with QoS 0 of which it is not known that the destination has read them. */
  get unconfirmed(): number {
    return this.#written - this.#confirmed;
  }

  /**
   * Counts a message that was written with QoS 0. The room of a large one is needed until its bytes have left the process, or the
   * connection has ended.
   */
  countWritten(entry: Entry): void {
    this.#written++;
    const { room } = entry;
    if (room === undefined) return;
    entry.room = undefined;
    this.#rooms.add(room);
    this.port.onceDrained(() => {
      this.#rooms.delete(room);
      room.release();
    });
  }

  /** Whether so much waits in the socket that no more QoS 0 messages are to be added. */
  isFull(maxInflightBytes: number): boolean {
    return this.port.pendingBytes > Math.min(maxUnsentBytes, maxInflightBytes * unsentShare);
  }

  /** Sends nothing more: the connection is about to be replaced, and its successor gets the rest. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Resolves once the destination has read all messages with QoS 0 that were written, or the connection has ended. */
  async flush(): Promise<void> {
    const written = this.#written;
    if (written > this.#confirmed && (await this.port.confirm())) this.#confirmed = written;
  }

  /** Takes the destination's acknowledgement. */
  onPuback(packetId: number, reasonCode: number): void {
    assert(!this.#isClosed, "a PUBACK came on a destination connection that has ended");
    this.#events.onPuback(packetId, reasonCode);
  }

  /** The connection ended. */
  close(error?: ConnectionError): void {
    assert(!this.#isClosed, "a destination connection ended twice");
    this.#isClosed = true;
    for (const room of this.#rooms) room.release();
    this.#events.onClosed(this, error);
  }
}
