import { setTimeout as delay } from "node:timers/promises";

/** Share of the time that renderings may take from the messages: one hundredth. */
const pausePerCost = 99;
const longestPauseMs = 1000;

/**
 * Makes one page for everybody who asks for it at the same time. What is asked for is rendered after it was asked for, so
 * that no answer is older than its question. A rendering that took 2 ms of work is followed by a pause of 198 ms, and never
 * more than 1 s; whoever asks meanwhile waits for the next one.
 */
export class SharedRendering<T> {
  readonly #make: (pause: () => Promise<void>) => T | Promise<T>;
  /** The rendering that has not begun: whoever asks now can have it. */
  #next: Promise<T> | undefined;
  #underWay: Promise<unknown> = Promise.resolve();

  /** @param make renders the page; where it takes long it calls `pause` now and then, which lets messages through */
  constructor(make: (pause: () => Promise<void>) => T | Promise<T>) {
    this.#make = make;
  }

  /** @throws whatever the rendering throws, to everybody who waits for it */
  async read(): Promise<T> {
    this.#next ??= this.#renderAfter(this.#underWay);
    return this.#next;
  }

  async #renderAfter(last: Promise<unknown>): Promise<T> {
    await last;
    this.#next = undefined;
    const clock = new WorkClock();
    const rendering = Promise.resolve(clock.run(this.#make));
    this.#underWay = rendering.then(ignore, ignore).then(() => rest(clock.workMs));
    return rendering;
  }
}

/** Counts the time of a rendering without that of its pauses. */
class WorkClock {
  workMs = 0;
  #startMs = 0;

  async run<T>(make: (pause: () => Promise<void>) => T | Promise<T>): Promise<T> {
    this.#startMs = performance.now();
    try {
      return await make(async () => {
        this.#stop();
        await nextTurn();
        this.#startMs = performance.now();
      });
    } finally {
      this.#stop();
    }
  }

  #stop(): void {
    this.workMs += performance.now() - this.#startMs;
  }
}

/** Lets everything else have its turn: what has arrived is read and forwarded. */
export async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

async function rest(workMs: number): Promise<void> {
  await delay(Math.min(longestPauseMs, workMs * pausePerCost), undefined, { ref: false });
}

function ignore(): void {
  // Whoever asked is told.
}
