import type { MemoryShare } from "../../memory/budget.ts";
import { AskedRoom, type Room } from "../../memory/lane.ts";
import type { SpoolMemory } from "../../disk/read-back.ts";
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
  /** Another dataflow needs the room of a message that is larger than its share. */
  readonly onRoomWanted: () => void;
}

/** What is read from the disk at a time: part of the share, and bounds of it. */
const [portionShare, leastPortionBytes, mostPortionBytes] = [1 / 8, 32_768, 4 * 1024 * 1024];
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
  readonly #waiting = new Set<AskedRoom>();

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { share, maxBytes, maxMessages, heldBytes, onTightChange } = options;
    this.#backpressure = new Backpressure({ bytes: Math.min(maxBytes, share.bytes), messages: maxMessages });
    share.use({ heldBytes, onTightChange });
  }

  /** Messages with QoS 1 go to the disk. */
  get backpressure(): Pick<Backpressure, "add" | "remove" | "liftMessageBound" | "isPaused"> {
    return this.#backpressure;
  }

  /** Longest message that can be held at all. */
  get longestBytes(): number {
    const { share, copies } = this.#options;
    return Math.max(share.bytes, Math.floor(share.longestBytes / copies));
  }

  /** Whether a message of this size gets room for itself, which it keeps. */
  isLarge(bytes: number): boolean {
    return bytes > this.#options.share.bytes;
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
    const room = new AskedRoom(bytes, ({ isGranted }) => {
      if (isGranted) this.#arrivingBytes -= bytes;
      else this.#waiting.delete(room);
      this.#grant();
    });
    this.#waiting.add(room);
    this.#grant();
    return room;
  }

  /** Memory for what comes back from the disk. A message that is larger than all that there is gets all that there is. */
  get forDisk(): SpoolMemory {
    const { share, onRoomWanted } = this.#options;
    return {
      portionBytes: Math.min(mostPortionBytes, Math.max(leastPortionBytes, share.bytes * portionShare)),
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
  }

  #grant(): void {
    const { heldBytes, share } = this.#options;
    for (const room of this.#waiting) {
      const used = heldBytes() + this.#arrivingBytes;
      if (used > 0 && used + room.bytes > share.bytes) return;
      this.#waiting.delete(room);
      this.#arrivingBytes += room.bytes;
      room.grant();
    }
  }
}
