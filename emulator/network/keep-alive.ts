/** Calls back once when nothing was noted for a while. One timer, not re-armed at every packet. */
export class KeepAlive {
  readonly #onSilence: () => void;
  #maxSilenceMs = 0;
  #lastTrafficMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(onSilence: () => void) {
    this.#onSilence = onSilence;
  }

  /** Watches from now on; 0 or `Infinity` watches nothing. */
  start(maxSilenceMs: number): void {
    this.stop();
    this.#maxSilenceMs = maxSilenceMs;
    this.noteTraffic();
    if (maxSilenceMs > 0 && maxSilenceMs !== Infinity) this.#arm(maxSilenceMs);
  }

  noteTraffic(): void {
    this.#lastTrafficMs = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(afterMs: number): void {
    this.#timer = setTimeout(() => {
      const leftMs = this.#lastTrafficMs + this.#maxSilenceMs - performance.now();
      if (leftMs > 0) this.#arm(leftMs);
      else this.#onSilence();
    }, Math.ceil(afterMs));
  }
}
