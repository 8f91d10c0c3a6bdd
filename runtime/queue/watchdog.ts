import type { Entry } from "./entry.ts";
import type { ForwarderOptions } from "./ports.ts";
import { StallWatch, type Owing } from "./destination/stall-watch.ts";

/** What is owed by either side. */
export interface Owed {
  /** The connection to the destination that is open, and what it has to acknowledge or to take next. */
  readonly byDestination: Owing | undefined;
  /** A message whose acknowledgement is owed to the source although nothing keeps it back; a fault of this program. */
  readonly toSource: Entry | undefined;
}

type Options = Pick<ForwarderOptions, "stallTimeoutMs" | "counters" | "onStalled" | "now">;

/**
 * Finds a dataflow in which messages are owed and nothing moves, whatever the reason, and has that side connected anew.
 * A destination may have stopped acknowledging. At the source it is a fault of this program that nobody foresaw: the
 * source redelivers on the next connection.
 */
export class Watchdog {
  readonly #options: Options;
  readonly #destination: StallWatch;
  #owedToSource: { readonly entry: Entry; readonly sinceMs: number } | undefined;
  #sourceStalls = 0;
  readonly #moved = { source: 0, destination: 0 };
  readonly #seen = { source: 0, destination: 0, acknowledged: 0 };

  constructor(options: Options) {
    this.#options = options;
    this.#destination = new StallWatch(options.stallTimeoutMs, options.now);
    this.#moved.source = this.#moved.destination = options.now();
  }

  /** Stalls of either side since it last moved. */
  get stalls(): { readonly source: number; readonly destination: number } {
    return { source: this.#sourceStalls, destination: this.#destination.count };
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

  /** Looks at what is owed; to be called a few times a second. Never rejects. */
  look({ byDestination, toSource }: Owed): void {
    this.#noteMotion();
    this.#lookAtSource(toSource);
    const limitMs = this.#destination.timeoutMs;
    const isStalled = this.#destination.isStalled(byDestination);
    if (isStalled !== false) void isStalled.then((is) => is && this.#reportDestination(limitMs));
  }

  #reportDestination(limitMs: number): void {
    const { counters, onStalled } = this.#options;
    counters.stalls++;
    onStalled({ side: "destination", reason: `acknowledged nothing of what it was sent within ${limitMs} ms` });
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
