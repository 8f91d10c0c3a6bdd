import type { MemoryShare } from "../../memory/budget.ts";
import { AskedRoom, type Room } from "../../memory/lane.ts";
import type { SpoolMemory } from "../../disk/read-back.ts";
import { copiesForDisk } from "../queue-status.ts";
import { Backpressure } from "./backpressure.ts";
import type { WaitingQueue } from "../waiting-queue.ts";

/** What decides how much of a dataflow's messages may be in memory. */
export interface IntakeOptions {
  readonly share: MemoryShare;
  /** Bytes in memory that the destination has not acknowledged, at most. */
  readonly maxBytes: number;
  /** Messages that may wait, with either QoS. */
  readonly maxMessages: number;
  /** How many times over a message may be in memory while it is changed, written or read back. */
  readonly copies: number;
  /** Bytes of all messages that are held at this time. */
  readonly heldBytes: () => number;
  /** Called when everything may be taken in again, or nothing may. */
  readonly onTightChange: () => void;
  /** Whether a message of so many bytes would be sent, or has a place on the disk. */
  readonly mayStore: (bytes: number) => boolean;
  /** The source waits for memory: somebody has to {@link Intake.settle} once some is free, even where it is freed without a message that leaves. */
  readonly onHeldUp: () => void;
  /** Another dataflow needs the room of a large message. */
  readonly onRoomWanted: () => void;
}

/** What is on its way to the disk at a time, and what is read from it at a time: part of the share, and its bound. */
const [portionShare, mostPortionBytes] = [1 / 8, 4 * 1024 * 1024];
/** Part of the share that is set aside for copies on their way to the disk. A disk that hangs keeps them as long as it likes. */
const reservedShare = 1 / 2;
/** A message that has arrived is in memory twice while it is encoded, at most. */
const copiesAtArrival = 2;
/** Where nobody limits memory. */
const unlimited: Room = { isGranted: true, onGranted: () => undefined, release: () => undefined };

/**
 * Decides which messages come into the memory of a dataflow. Small ones are read as they come, until so many are here that the
 * source is read no further. Larger ones are asked for before they have arrived: those that fit into the share with their copies
 * come within it, and the others take turns in the lane of all dataflows.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #backpressure: Backpressure;
  /** Bytes of messages that have begun to arrive within the share. */
  #arrivingBytes = 0;
  /** Largest message that comes within the share. */
  #mostBytes: number;
  /** Part of the share that is left free for copies on their way to the disk. */
  #reservedBytes = 0;
  readonly #waiting = new Set<AskedRoom>();
  /** Those that ask for the lane once the disk has a place for their message, by its bytes. */
  readonly #later = new Map<AskedRoom, number>();

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { share, maxBytes, maxMessages, copies, heldBytes, onTightChange } = options;
    this.#mostBytes = Math.floor(share.bytes / Math.min(copies, copiesAtArrival));
    this.#backpressure = new Backpressure({ bytes: Math.min(maxBytes, share.bytes), messages: maxMessages });
    share.use({ heldBytes, onTightChange });
  }

  get backpressure(): Pick<Backpressure, "add" | "remove" | "isPaused"> {
    return this.#backpressure;
  }

  /** Longest message that can be held at all. */
  get longestBytes(): number {
    const { share, copies } = this.#options;
    return Math.max(this.#mostBytes, Math.floor(share.longestBytes / copies));
  }

  /** Whether a message of this size gets room for itself, which it keeps. */
  isLarge(bytes: number): boolean {
    return bytes > this.#mostBytes;
  }

  /** Counts a message that has come: its bytes, in what was allocated for it. */
  count(bytes: number): void {
    this.#options.share.allocated(bytes);
  }

  /** Asks for room for a message that is arriving; `undefined` where it can't be held, whatever else leaves. */
  ask(bytes: number): Room | undefined {
    if (this.isLarge(bytes)) return this.#askForLarge(bytes);
    // What is kept of a message once it has arrived counts as held.
    const room = new AskedRoom(bytes, ({ isGranted }) => {
      if (isGranted) this.#arrivingBytes -= bytes;
      else this.#waiting.delete(room);
      this.#grant();
    });
    this.#waiting.add(room);
    this.#grant();
    if (!room.isGranted) this.#options.onHeldUp();
    return room;
  }

  /**
   * Messages with QoS 1 go to the disk. What is read back and is larger than all memory that there is gets all that there is.
   * @returns the memory for what goes there and comes back
   */
  useDisk(): SpoolMemory {
    const { share, copies, onRoomWanted } = this.#options;
    const portionBytes = Math.min(mostPortionBytes, share.bytes * portionShare);
    if (share.bytes !== Infinity) {
      this.#reservedBytes = share.bytes * reservedShare;
      // The copies of one message at a time, however large, fit into what is set aside.
      this.#mostBytes = Math.min(this.#mostBytes, Math.floor(this.#reservedBytes / (copiesForDisk - 1)));
    }
    this.#backpressure.liftMessageBound();
    return {
      portionBytes,
      roomFor: (bytes) => {
        const wanted = Math.min(bytes * copies, share.longestBytes); // it may become a dead letter yet
        return share.askForLarge(wanted, { onWanted: onRoomWanted }) ?? unlimited;
      },
      allocated: (bytes) => {
        share.allocated(bytes);
      },
    };
  }

  /** Reads on, or no further, by what is held now. To be called when messages have come or left. */
  settle(waiting: WaitingQueue, isDestinationThere: boolean): void {
    const { heldBytes, share } = this.#options;
    const otherBytes = heldBytes() - waiting.bytes;
    const mostBytes = share.bytes - this.#reservedBytes;
    this.#backpressure.regulate(waiting, { otherBytes, mostBytes, isDestinationThere, isTight: share.isTight });
    if (this.#waiting.size > 0) this.#grant();
    if (this.#later.size > 0) this.#askForLater();
    if (this.#backpressure.isPaused || this.#waiting.size > 0) this.#options.onHeldUp();
  }

  #grant(): void {
    const { heldBytes, share } = this.#options;
    for (const room of this.#waiting) {
      const used = heldBytes() + this.#arrivingBytes;
      if (used > 0 && used + room.bytes > share.bytes - this.#reservedBytes) return;
      this.#waiting.delete(room);
      this.#arrivingBytes += room.bytes;
      room.grant();
    }
  }

  /**
   * Asks the lane at once, or once the disk has a place: a message that waits for the disk keeps its room, and what is on the disk needs
   * room to leave it. A full disk would stay full.
   */
  #askForLarge(bytes: number): Room | undefined {
    const { share, copies, mayStore, onRoomWanted } = this.#options;
    if (mayStore(bytes)) return share.askForLarge(bytes * copies, { onWanted: onRoomWanted });
    if (bytes > this.longestBytes) return undefined;
    const room: AskedRoom = new AskedRoom(bytes, () => void this.#later.delete(room));
    this.#later.set(room, bytes);
    return room;
  }

  #askForLater(): void {
    for (const [room, bytes] of this.#later) {
      if (!this.#options.mayStore(bytes)) continue;
      this.#later.delete(room);
      room.standFor(this.#askForLarge(bytes));
    }
  }
}
