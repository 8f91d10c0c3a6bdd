import type { DestinationSide } from "./destination-side.ts";
import type { Entry } from "./entry.ts";
import type { ForwarderOptions } from "./ports.ts";
import { StallWatch } from "./stall-watch.ts";

/** What is owed at a moment. */
export interface Owed {
  readonly destination: DestinationSide | undefined;
  /** What the destination has to acknowledge or to take next; `undefined` when it owes nothing. */
  readonly byDestination: Entry | undefined;
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
  readonly #source: StallWatch;
  readonly #moved = { source: 0, destination: 0 };
  readonly #seen = { source: 0, destination: 0 };

  constructor(options: Options) {
    this.#options = options;
    this.#destination = new StallWatch(options.stallTimeoutMs);
    this.#source = new StallWatch(options.stallTimeoutMs);
    this.#moved.source = this.#moved.destination = options.now();
  }

  /** Stalls of either side since it last moved. */
  get stalls(): { readonly source: number; readonly destination: number } {
    return { source: this.#source.count, destination: this.#destination.count };
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

  /** Looks at what is owed; to be called a few times a second. */
  look({ destination, byDestination, toSource }: Owed): void {
    const { now, counters, onStalled } = this.#options;
    const nowMs = now();
    this.#noteMotion(nowMs);
    const never = () => 0;
    const limitMs = this.#destination.timeoutMs;
    const motion = {
      owed: destination === undefined ? undefined : byDestination,
      lastProgressMs: destination?.port.lastProgressMs() ?? 0,
      checkProgressMs: destination?.port.checkProgressMs ?? never,
      nowMs,
    };
    if (this.#destination.isStalled(motion)) {
      counters.stalls++;
      onStalled({ side: "destination", reason: `acknowledged nothing of what it was sent within ${limitMs} ms` });
    }
    const atSource = { owed: toSource, lastProgressMs: 0, checkProgressMs: never, nowMs };
    const sourceLimitMs = this.#source.timeoutMs;
    if (this.#source.isStalled(atSource)) {
      counters.stalls++;
      const fault = "a fault of the relay, please report it with this log";
      onStalled({ side: "source", reason: `was owed an acknowledgement for ${sourceLimitMs} ms: ${fault}` });
    }
  }

  #noteMotion(nowMs: number): void {
    const { received, acknowledged, delivered } = this.#options.counters;
    if (received + acknowledged !== this.#seen.source) {
      this.#moved.source = nowMs;
      if (acknowledged > 0) this.#source.onProgress();
    }
    if (delivered !== this.#seen.destination) this.#moved.destination = nowMs;
    this.#seen.source = received + acknowledged;
    this.#seen.destination = delivered;
  }
}
