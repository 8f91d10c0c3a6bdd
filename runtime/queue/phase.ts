/**
 * - `running`: messages are accepted and sent
 * - `draining`: none is accepted, what has come is sent
 * - `stopped`: nothing is sent or acknowledged any more
 */
export type PhaseKind = "running" | "draining" | "stopped";

/** Whether a dataflow accepts and sends messages; it goes one way only. */
export class Phase {
  readonly #isIdle: () => boolean;
  #kind: PhaseKind = "running";
  readonly #onDrained: (() => void)[] = [];

  /** @param isIdle whether all that came is acknowledged or on the disk */
  constructor(isIdle: () => boolean) {
    this.#isIdle = isIdle;
  }

  get kind(): PhaseKind {
    return this.#kind;
  }

  /** Accepts nothing more; resolves once {@link check} finds the dataflow idle or stopped. */
  async drain(): Promise<void> {
    if (this.#kind === "running") this.#kind = "draining";
    await new Promise<void>((resolve) => this.#onDrained.push(resolve));
  }

  stop(): void {
    this.#kind = "stopped";
    this.check();
  }

  /** To be called whenever a message is done, or can't be. */
  check(): void {
    if (this.#onDrained.length === 0 || (this.#kind !== "stopped" && !this.#isIdle())) return;
    for (const resolve of this.#onDrained.splice(0)) resolve();
  }
}
