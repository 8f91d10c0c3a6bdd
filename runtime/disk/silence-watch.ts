/** Time between two looks at the thread that writes. It shows a sign of life as often. */
export const lookMs = 1000;

/** How long the thread may be busy with one thing before that is said: an fsync takes up to seconds on slow flash. */
export const silentAfterMs = 10_000;

/** A thread counts its signs of life here; it can't do that while it waits for the disk. */
export function createBeats(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Shows a sign of life. */
export function beat(beats: Int32Array): void {
  Atomics.add(beats, 0, 1);
}

/**
 * Notices that the thread that writes hangs in the disk: a volume over a network whose server is away, or a disk that dies,
 * may never return from a write or an fsync.
 */
export class SilenceWatch {
  readonly #beats: Int32Array;
  readonly #afterMs: number;
  #lastBeat: number;
  #lastLookMs: number;
  #silentMs = 0;

  /** @param afterMs how long there may be no sign of life */
  constructor(beats: Int32Array, afterMs: number, nowMs: number) {
    this.#beats = beats;
    this.#afterMs = afterMs;
    this.#lastBeat = Atomics.load(beats, 0);
    this.#lastLookMs = nowMs;
  }

  get isSilent(): boolean {
    return this.#silentMs >= this.#afterMs;
  }

  /** What to say of it; `undefined` while the thread is alive. The same text for a while: each change of it is published. */
  get trouble(): string | undefined {
    if (!this.isSilent) return undefined;
    const seconds = Math.floor(this.#silentMs / 1000);
    const step = seconds < 60 ? 10 : 60;
    return `the disk has not answered for ${seconds < step ? seconds : seconds - (seconds % step)} s`;
  }

  /** Looks again, each {@link lookMs}; tells what has changed. */
  look(nowMs: number): "silent" | "answers" | undefined {
    const wasSilent = this.isSilent;
    const lastBeat = Atomics.load(this.#beats, 0);
    // A process that was stopped as a whole has not waited for its disk.
    const passedMs = Math.min(nowMs - this.#lastLookMs, 2 * lookMs);
    this.#silentMs = lastBeat === this.#lastBeat ? this.#silentMs + passedMs : 0;
    this.#lastBeat = lastBeat;
    this.#lastLookMs = nowMs;
    if (wasSilent === this.isSilent) return undefined;
    return this.isSilent ? "silent" : "answers";
  }
}
