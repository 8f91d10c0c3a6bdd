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
  /** The source waits for memory: somebody has to {@link Intake.settle} once some is free, even where it is freed without a message that leaves. */
  readonly onHeldUp: () => void;
  /** Another dataflow needs the room of a message that is larger than its share. */
  readonly onRoomWanted: () => void;
}

/** What is on its way to the disk at a time, and what is read from it at a time: part of the share, and its bound. */
const [portionShare, mostPortionBytes] = [1 / 8, 4 * 1024 * 1024];
/** A message that has arrived is in memory twice while it is encoded, at most. */
const copiesAtArrival = 2;
/** A message that is read back is in memory twice for a moment: as it came, and as it is sent. */
const copiesWhenRead = 2;
/** Where nobody limits memory. */
const unlimited: Room = { isGranted: true, onGranted: () => undefined, release: () => undefined };

/**
 * Decides which messages come into the memory of a dataflow. Small ones are read as they come, until so many are here that the
 * source is read no further. Large ones are asked for before they have arrived.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #backpressure: Backpressure;
  /** Bytes of messages that have begun to arrive within the share. */
  #arrivingBytes = 0;
  /** Largest message that comes within the share: with all of its copies it fits. */
  #mostBytes: number;
  /** Part of the share that is left free for copies on their way to the disk. */
  #reservedBytes = 0;
  readonly #waiting = new Set<AskedRoom>();

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { share, maxBytes, maxMessages, copies, heldBytes, onTightChange } = options;
    this.#mostBytes = Math.floor(share.bytes / copies);
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
    const { share, copies, onRoomWanted } = this.#options;
    if (this.isLarge(bytes)) return share.askForLarge(bytes * copies, { onWanted: onRoomWanted });
    // What is kept of a message once it has arrived counts as held.
    const wanted = bytes * Math.min(copies, copiesAtArrival);
    const room = new AskedRoom(wanted, ({ isGranted }) => {
      if (isGranted) this.#arrivingBytes -= wanted;
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
    const { share, onRoomWanted } = this.#options;
    const portionBytes = Math.min(mostPortionBytes, share.bytes * portionShare);
    this.#mostBytes = Math.min(this.#mostBytes, portionBytes);
    this.#reservedBytes = portionBytes * (copiesForDisk - 1);
    this.#backpressure.liftMessageBound();
    this.#backpressure.boundBytes(share.bytes - this.#reservedBytes);
    return {
      portionBytes,
      roomFor: (bytes) => {
        const wanted = Math.min(bytes * copiesWhenRead, share.longestBytes);
        const room = share.askForLarge(wanted, { onWanted: onRoomWanted });
        return room ?? unlimited;
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
    this.#backpressure.regulate(waiting, otherBytes, isDestinationThere, share.isTight);
    if (this.#waiting.size > 0) this.#grant();
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
}
