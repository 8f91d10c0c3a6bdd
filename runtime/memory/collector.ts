import v8 from "node:v8";
import vm from "node:vm";

/** What collects. */
export interface Collections {
  /** Young objects; well below a millisecond where most are rubbish. */
  readonly minor: () => void;
  /** All objects: some ten milliseconds. */
  readonly major: () => void;
  /** All objects, and what is empty then is given back to the operating system: two to three times as long. */
  readonly shrink: () => void;
  /** Bytes of all buffers of this thread, those among them that nobody uses any more. */
  readonly bufferBytes: () => number;
}

export interface CollectorOptions {
  /** Bytes that may wait to be collected. */
  readonly garbageBytes: number;
  /** Bytes of buffers that are in use. */
  readonly liveBytes: () => number;
  /** @default V8's */
  readonly collections?: Collections;
}

/** Buffers are looked at each time that so much was allocated, as a part of what may wait to be collected. */
const stepShare = 1 / 3;
/** Largest step: a minor collection for so many bytes costs less than the caches that it saves. */
const mostStepBytes = 8 * 1024 * 1024;

/**
 * Keeps buffers that nobody uses any more below a bound.
 *
 * V8 knows their bytes, and yet waits until there are 64 MB or more of them, in young objects and in old ones: the heap itself is
 * small, and its limits say nothing of them. A minor collection each few megabytes bounds the young ones and costs less CPU time
 * than it saves (Node.js 24.21: 111 ms against 258 ms for 2 GB in pieces of 20 kB). A major one follows where old ones have
 * gathered, such as after an outage of a destination.
 */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #collections: Collections;
  readonly #stepBytes: number;
  #allocatedBytes = 0;
  /** What buffers take when no message is there. */
  #baseBytes: number;

  constructor(options: CollectorOptions) {
    this.#options = options;
    this.#collections = options.collections ?? v8Collections();
    this.#stepBytes = Math.min(mostStepBytes, options.garbageBytes * stepShare);
    this.#baseBytes = this.#collections.bufferBytes();
  }

  /** Counts bytes that were allocated for a message. */
  allocated(bytes: number): void {
    this.#allocatedBytes += bytes;
    if (this.#allocatedBytes >= this.#stepBytes) this.#collect();
  }

  /** Collects all that can be. */
  collectAll(): void {
    this.#collections.major();
    this.#learnBase();
  }

  /** Collects all that can be, and gives the memory back. */
  shrink(): void {
    this.#collections.shrink();
    this.#learnBase();
  }

  #collect(): void {
    this.#allocatedBytes = 0;
    this.#collections.minor();
    if (this.#garbageBytes <= this.#options.garbageBytes - this.#stepBytes) return;
    this.collectAll();
  }

  get #garbageBytes(): number {
    return this.#collections.bufferBytes() - this.#baseBytes - this.#options.liveBytes();
  }

  /** What is left after all was collected is no garbage, whoever has it: else each step would look for it again. */
  #learnBase(): void {
    this.#baseBytes = Math.max(0, this.#collections.bufferBytes() - this.#options.liveBytes());
  }
}

function v8Collections(): Collections {
  v8.setFlagsFromString("--expose-gc");
  const collect = vm.runInNewContext("gc") as NodeJS.GCFunction;
  return {
    minor: () => {
      collect({ type: "minor" });
    },
    major: () => {
      collect({ type: "major" });
    },
    shrink: () => {
      collect({ type: "major", flavor: "last-resort" });
    },
    bufferBytes: () => process.memoryUsage().arrayBuffers,
  };
}
