/** Time between two looks at a queue. */
const sampleMs = 10_000;
/** Looks in a row that have to agree before anything is said. */
const samples = 6;

/** What a look at a queue found out; `undefined` when there is nothing to say. */
export type GrowthChange = "grows" | "shrinks" | undefined;

/**
 * Finds a queue on the disk that grows for a minute although its destination is connected all the time: more arrives than
 * leaves, so it never becomes empty. It counts as growing until it has shrunk for a minute, or is empty.
 */
export class GrowthWatch {
  #isGrowing = false;
  #agreeing = 0;
  #messages = 0;
  #sampledMs: number | undefined;

  get isGrowing(): boolean {
    return this.#isGrowing;
  }

  /** Looks at a queue, a few times a second. */
  look(messages: number, isConnected: boolean, nowMs: number): GrowthChange {
    if (messages === 0) return this.#turn(false);
    if (!isConnected) {
      // It has to grow then; what counts is what follows.
      this.#sampledMs = undefined;
      this.#agreeing = 0;
      return undefined;
    }
    if (this.#sampledMs !== undefined && nowMs - this.#sampledMs < sampleMs) return undefined;
    const change = this.#sampledMs === undefined ? 0 : messages - this.#messages;
    this.#sampledMs = nowMs;
    this.#messages = messages;
    const isTurning = this.#isGrowing ? change < 0 : change > 0;
    this.#agreeing = isTurning ? this.#agreeing + 1 : 0;
    return this.#agreeing < samples ? undefined : this.#turn(!this.#isGrowing);
  }

  #turn(isGrowing: boolean): GrowthChange {
    this.#agreeing = 0;
    if (this.#isGrowing === isGrowing) return undefined;
    this.#isGrowing = isGrowing;
    return isGrowing ? "grows" : "shrinks";
  }
}
