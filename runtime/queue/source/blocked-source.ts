import type { Backpressure } from "./backpressure.ts";
import type { ForwarderOptions } from "../ports.ts";
import type { QueueStatus } from "../queue-status.ts";
import type { Sender } from "../destination/sender.ts";
import type { SourceSession, SourceSide } from "./source-side.ts";
import type { Undeliverable } from "../undeliverable.ts";

type Options = Pick<ForwarderOptions, "now" | "onRedeliveryWanted">;

/** The parts of a queue that tell whether its source is blocked. */
export interface BlockedSourceParts {
  readonly queue: {
    readonly source: Pick<SourceSession, "current">;
    readonly status: Pick<QueueStatus, "inFlight" | "waiting">;
  };
  readonly sender: Pick<Sender, "current" | "owed">;
  readonly intake: { readonly backpressure: Pick<Backpressure, "isPaused" | "remove"> };
  /** Those that the source has not confirmed. */
  readonly deadLetters: Pick<Undeliverable, "toSource">;
}

const done = "its dead letters had filled the memory, and what it sent meanwhile comes again";

/** How long a source may be blocked: what is read in this turn may help yet. */
const patienceMs = 500;

/**
 * Finds a source that is read no further because of its own dead letters. They fill the memory, and what confirms them comes
 * over the connection that is not read, behind messages for which there is no room.
 *
 * Such a connection takes no messages any more, and is read on. Its session keeps those with QoS 1; they come again on the next
 * connection, which is opened once the dead letters are confirmed; where none is, that is a stall.
 */
export class BlockedSource {
  readonly #options: Options;
  readonly #parts: BlockedSourceParts;
  #blockedSinceMs: number | undefined;
  /** The connection that takes no messages any more. */
  #left: SourceSide | undefined;

  constructor(options: Options, parts: BlockedSourceParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** To be called a few times a second. */
  look(): void {
    const side = this.#parts.queue.source.current;
    if (this.#left !== undefined && this.#left === side) this.#lookAtLeft();
    else if (side !== undefined && this.#isBlocked(side)) this.#lookAtBlocked(side);
    else this.#blockedSinceMs = this.#left = undefined;
  }

  #isBlocked(side: SourceSide): boolean {
    const { intake, deadLetters } = this.#parts;
    const isUnread = intake.backpressure.isPaused || side.isWaitingForRoom;
    return isUnread && deadLetters.toSource > 0 && !this.#othersMakeRoom;
  }

  /** Whether messages will leave without the source. What is on the disk waits there while there are many dead letters. */
  get #othersMakeRoom(): boolean {
    const { sender, queue } = this.#parts;
    if (sender.current !== undefined) return sender.owed !== undefined;
    // To be confirmed now would not help: their source redelivers all behind the first of these.
    return queue.status.inFlight + queue.status.waiting > 0;
  }

  #lookAtBlocked(side: SourceSide): void {
    const nowMs = this.#options.now();
    this.#blockedSinceMs ??= nowMs;
    if (nowMs - this.#blockedSinceMs < patienceMs) return;
    this.#blockedSinceMs = undefined;
    this.#left = side;
    this.#parts.intake.backpressure.remove(side.port);
    side.leave();
  }

  #lookAtLeft(): void {
    if (this.#parts.deadLetters.toSource > 0) return;
    this.#left = undefined;
    this.#options.onRedeliveryWanted(done);
  }
}
