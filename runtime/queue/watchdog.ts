import { noteMovement } from "../event-loop/every.ts";
import type { Entry } from "./entry.ts";
import type { ForwarderOptions } from "./ports.ts";
import { StallWatch, type Owing } from "./destination/stall-watch.ts";

/** What is owed by either side. */
export interface Owed {
  /** The connection to the destination that is open, and what it has to acknowledge or to take next. */
  readonly byDestination: Owing | undefined;
  /** The same of a source to which dead letters are published. */
  readonly bySource: Owing | undefined;
  /** A message whose acknowledgement is owed to the source although nothing keeps it back; a fault of this program. */
  readonly toSource: Entry | undefined;
}

type Options = Pick<ForwarderOptions, "stallTimeoutMs" | "counters" | "onStalled" | "now">;

/**
 * Finds a dataflow in which messages are owed and nothing moves, whatever the reason, and has that side connected anew.
 * A destination may have stopped acknowledging, and a source the dead letters that are published to it. What a source waits
 * for itself is a fault of this program that nobody foresaw: it redelivers on the next connection.
 */
export class Watchdog {
  readonly #options: Options;
  readonly #destination: StallWatch;
  readonly #deadLetters: StallWatch;
  #owedToSource: { readonly entry: Entry; readonly sinceMs: number } | undefined;
  #sourceStalls = 0;
  readonly #moved = { source: 0, destination: 0 };
  readonly #seen = { source: 0, destination: 0, acknowledged: 0 };

  constructor(options: Options) {
    this.#options = options;
    this.#destination = new StallWatch(options.stallTimeoutMs, options.now);
    this.#deadLetters = new StallWatch(options.stallTimeoutMs, options.now);
    this.#moved.source = this.#moved.destination = options.now();
  }

  /** Stalls of either side since it last moved. */
  get stalls(): { readonly source: number; readonly destination: number } {
    return { source: this.#sourceStalls + this.#deadLetters.count, destination: this.#destination.count };
  }

  /** Milliseconds since a message came from or was acknowledged to the source, and since the destination took one. */
  get idleMs(): { readonly source: number; readonly destination: number } {
    const now = this.#options.now();
    return { source: now - this.#moved.source, destination: now - this.#moved.destination };
  }

  /** The destination has taken a message. */
  onProgress(): void {
    this.#destination.onProgress();
  }

  /** The source has confirmed a dead letter. */
  onConfirmed(): void {
    this.#deadLetters.onProgress();
  }

  /** Looks at what is owed; to be called a few times a second. Never rejects. */
  look({ byDestination, bySource, toSource }: Owed): void {
    this.#noteMotion();
    if (toSource !== undefined || bySource?.owed() !== undefined || byDestination?.owed() !== undefined) noteMovement();
    this.#lookAtSource(toSource);
    this.#lookAt("destination", byDestination, "acknowledged nothing of what it was sent");
    this.#lookAt("source", bySource, "confirmed no dead letter");
  }

  #lookAt(side: "source" | "destination", owing: Owing | undefined, what: string): void {
    const watch = side === "source" ? this.#deadLetters : this.#destination;
    const limitMs = watch.timeoutMs;
    const isStalled = watch.isStalled(owing);
    if (isStalled === false) return;
    void isStalled.then((is) => {
      if (!is) return;
      this.#options.counters.stalls++;
      this.#options.onStalled({ side, reason: `${what} within ${limitMs} ms` });
    });
  }

  #lookAtSource(entry: Entry | undefined): void {
    const { now, stallTimeoutMs, counters, onStalled } = this.#options;
    if (entry === undefined || entry !== this.#owedToSource?.entry) {
      this.#owedToSource = entry && { entry, sinceMs: now() };
      return;
    }
    if (stallTimeoutMs === 0 || now() - this.#owedToSource.sinceMs < stallTimeoutMs) return;
    this.#owedToSource = undefined;
    this.#sourceStalls++;
    counters.stalls++;
    const fault = "a fault of the relay, please report it with this log";
    onStalled({ side: "source", reason: `was owed an acknowledgement for ${stallTimeoutMs} ms: ${fault}` });
  }

  #noteMotion(): void {
    const { received, acknowledged, delivered } = this.#options.counters;
    const nowMs = this.#options.now();
    if (received + acknowledged !== this.#seen.source) {
      this.#moved.source = nowMs;
    }
    if (acknowledged !== this.#seen.acknowledged) this.#sourceStalls = 0;
    this.#seen.acknowledged = acknowledged;
    if (delivered !== this.#seen.destination) this.#moved.destination = nowMs;
    this.#seen.source = received + acknowledged;
    this.#seen.destination = delivered;
  }
}
