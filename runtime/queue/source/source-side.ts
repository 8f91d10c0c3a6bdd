import assert from "node:assert/strict";

import type { ConnectionError } from "../../contract/errors.ts";
import type { Room } from "../../memory/lane.ts";
import type { PublishView } from "../../mqtt/publish.ts";
import type { Counters } from "../../report/counters.ts";
import { AcknowledgementQueue } from "./acknowledgement-queue.ts";
import type { Entry } from "../entry.ts";
import type { SourceLimits, SourcePort } from "../ports.ts";
import { WaitingQueue } from "../waiting-queue.ts";

/**
 * Why a message is not to be forwarded.
 * - `unwanted`: no filter of the configuration asks for it; a kept session still has one that was removed
 * - `copy`: it is a copy of the message before it, which another filter brought
 */
export type UnwantedOrigin = "unwanted" | "copy";

/** Who takes what happens at the sources of a dataflow. */
export interface SourceEvents {
  readonly counters: Counters;
  /** A connection is there; what it sends follows. */
  readonly onOpened: (side: SourceSide, limits: SourceLimits) => void;
  /** @param problem why it can't be forwarded, where that is known: it is malformed */
  readonly onPublish: (view: PublishView, side: SourceSide, problem?: string) => void;
  readonly roomFor: (bytes: number) => Room | undefined;
  /** A message of QoS 0 came on a connection that takes none any more. */
  readonly onLeft: (view: PublishView) => void;
  /** A message was too large to be held. */
  readonly onPassedOver: (view: PublishView, bytes: number, side: SourceSide) => void;
  readonly onUnwanted: (view: PublishView, side: SourceSide, origin: UnwantedOrigin) => void;
  readonly onPuback: (packetId: number, reasonCode: number, side: SourceSide) => void;
  /** The connection has ended; what came on it is marked for it. */
  readonly onClosed: (side: SourceSide, error: ConnectionError | undefined) => void;
}

/**
 * One session at a source, which is one client identifier, over all its connections. Messages name it, so that it is known
 * who redelivers them.
 */
export class SourceSession {
  /**
   * Messages that came from here, were not sent, and are redelivered when it is connected to again. They wait for that, out of
   * the way of others: only if the source has lost the session are these the only copies.
   */
  readonly withheld = new WaitingQueue();
  readonly #events: SourceEvents;
  #current: SourceSide | undefined;

  constructor(events: SourceEvents) {
    this.#events = events;
  }

  /** The connection that is open. */
  get current(): SourceSide | undefined {
    return this.#current;
  }

  /** A connection is open; the one before has ended. What it sends goes to the side that is returned. */
  open(port: SourcePort, limits: SourceLimits): SourceSide {
    assert(this.#current === undefined, "the source connection before has not ended");
    const side = new SourceSide(this, port, this.#events, () => (this.#current = undefined));
    this.#current = side;
    if (limits.sessionPresent) for (const entry of this.withheld.takeAll()) entry.leaveMemory();
    try {
      this.#events.onOpened(side, limits);
    } catch (cause) {
      side.close(); // nobody else knows of it yet
      throw cause;
    }
    return side;
  }
}

/** What the relay holds for one connection to a source. It ends with that connection. */
export class SourceSide {
  readonly session: SourceSession;
  readonly port: SourcePort;
  readonly #unacknowledged: AcknowledgementQueue;
  readonly #events: SourceEvents;
  readonly #onClosed: () => void;
  #isHeld = false;
  #isLeft = false;
  #isClosed = false;
  /** Room that was asked for last. */
  #room: Room | undefined;

  constructor(session: SourceSession, port: SourcePort, events: SourceEvents, onClosed: () => void) {
    this.session = session;
    this.port = port;
    this.#events = events;
    this.#onClosed = onClosed;
    this.#unacknowledged = new AcknowledgementQueue(port, events.counters);
  }

  /** Messages that this connection waits for the acknowledgement of. */
  get unacknowledged(): number {
    return this.#unacknowledged.length;
  }

  /** Whether it accepts no more messages of QoS 1. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** The first of them. */
  get oldest(): Entry | undefined {
    return this.#unacknowledged.oldest;
  }

  /**
   * Takes a message that arrived. The view is not used after the call.
   * @param problem why it is undeliverable, where it is malformed
   */
  onPublish(view: PublishView, problem?: string): void {
    // Left unacknowledged: the session keeps it for the next connection.
    if (this.#isHeld && view.qos > 0) return;
    if (this.#isLeft) this.#events.onLeft(view);
    else this.#events.onPublish(view, this, problem);
  }

  /** Room for a message that has begun to arrive; `undefined` where it can't be held. */
  roomFor(bytes: number): Room | undefined {
    this.#room = this.#isLeft ? undefined : this.#events.roomFor(bytes);
    return this.#room;
  }

  /** Takes what is left of a message that was too large to be held: its topic. */
  onPassedOver(view: PublishView, bytes: number): void {
    if (this.#isHeld && view.qos > 0) return;
    if (this.#isLeft) this.#events.onLeft(view);
    else this.#events.onPassedOver(view, bytes, this);
  }

  /** Takes a message that is not to be forwarded; it is acknowledged in its turn. */
  onUnwanted(view: PublishView, origin: UnwantedOrigin = "unwanted"): void {
    if (this.#isHeld) return;
    this.#events.onUnwanted(view, this, origin);
  }

  /** Takes the acknowledgement of a dead letter that was published here. */
  onPuback(packetId: number, reasonCode: number): void {
    this.#events.onPuback(packetId, reasonCode, this);
  }

  /** Accepts no more messages of QoS 1: the connection is about to be replaced, and its successor gets them. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Whether a message waits for room, and all behind it. */
  get isWaitingForRoom(): boolean {
    return this.#room?.isGranted === false;
  }

  /**
   * Takes no more messages and is read on, for what else comes. With QoS 1 they are left to the session, for the next
   * connection; with QoS 0 they are lost.
   */
  leave(): void {
    this.#isHeld = this.#isLeft = true;
    this.port.setPaused(false);
    this.port.askForRoomAgain();
  }

  /** The connection ended: what came on it can't be acknowledged any more. */
  close(error?: ConnectionError): void {
    assert(!this.#isClosed, "a source connection ended twice");
    this.#isClosed = true;
    this.#onClosed();
    this.#unacknowledged.abandon();
    this.#events.onClosed(this, error);
  }

  /** For the forwarder: this message is to be acknowledged here, in its turn. */
  expectAcknowledgement(entry: Entry): void {
    this.#unacknowledged.push(entry);
  }

  /** For the forwarder: acknowledges what is safe by now. */
  release(): void {
    this.#unacknowledged.release();
  }
}
