import { ConnectionError, describeError } from "../contract/errors.ts";
import { nextDelay } from "../contract/backoff.ts";
import { watchFolder } from "./watch-folder.ts";

/** A credential that has an end, and how a newer one is got. */
export interface Renewable<T> {
  /** What it is, for messages: `service account token "edge"`. */
  readonly what: string;
  /** @throws {ConnectionError} when there is none */
  readonly fetch: (signal: AbortSignal) => Promise<T>;
  readonly isSame: (a: T, b: T) => boolean;
  /** Wall-clock milliseconds; `undefined` when it does not say. */
  readonly endsAtMs: (value: T) => number | undefined;
  /** When to fetch the next one, in wall-clock milliseconds; `undefined`: only when the folder changes. */
  readonly renewAtMs: (value: T) => number | undefined;
  /** What to do when it has ended and no newer one is there. */
  readonly remedy: string;
  /** Folder whose change may bring a newer one. */
  readonly folder?: string;
}

/** What becomes of a renewal, for the log. */
export type RenewalEvent =
  | { readonly kind: "renewed"; readonly what: string; readonly endsAtMs: number | undefined }
  | {
      readonly kind: "renewalFailed";
      readonly what: string;
      readonly reason: string;
      readonly retryInMs: number;
      /** End of the one that is in use. */
      readonly endsAtMs: number | undefined;
    };

export interface RenewerOptions {
  readonly onEvent: (event: RenewalEvent) => void;
  readonly random: () => number;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
  readonly pollMs?: number;
  /** Time for one fetch. @default 30000 */
  readonly fetchTimeoutMs?: number;
}

interface Watcher<T> {
  used: T;
  readonly onChange: (value: T) => void;
}

const defaultFetchTimeoutMs = 30_000;
const retryBounds = { minDelayMs: 1000, maxDelayMs: 60_000 };
/** A retry comes before this share of the time that is left. */
const retryShare = 1 / 4;
const minRetryMs = 100;
/** A longer timer fires at once. @see Node.js, setTimeout */
const maxTimerMs = 2_147_483_647;

/**
 * Keeps one credential current while somebody watches it: fetches it before it ends and when its folder changes,
 * retries with backoff, and tells each watcher of a value that differs from the one it uses.
 */
export class Renewer<T> {
  readonly #renewable: Renewable<T>;
  readonly #options: RenewerOptions;
  readonly #watchers = new Set<Watcher<T>>();
  #latest: T | undefined;
  /** When the latest one is to be renewed. */
  #dueMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #endWatch: () => void = () => undefined;
  #isFetching = false;
  #isDirty = false;
  #failures = 0;
  #waitMs = 0;

  constructor(renewable: Renewable<T>, options: RenewerOptions) {
    this.#renewable = renewable;
    this.#options = options;
  }

  /** What was fetched last. */
  get latest(): T | undefined {
    return this.#latest;
  }

  /**
   * Fetches it for a new connection. What has ended is given out once, since the clock may be wrong, and not again.
   * @throws {ConnectionError} when there is none, or none that has not ended
   */
  async read(signal: AbortSignal): Promise<T> {
    const { what, fetch, isSame, endsAtMs, remedy } = this.#renewable;
    const value = await fetch(signal);
    const end = endsAtMs(value);
    const wasShown = this.#latest !== undefined && isSame(this.#latest, value);
    if (wasShown && end !== undefined && end <= this.#options.now()) {
      const problem = `${what} expired at ${new Date(end).toISOString()} and is not shown again`;
      throw new ConnectionError(`${problem}; ${remedy}`, { retry: "soon" });
    }
    this.#take(value);
    return value;
  }

  /**
   * Calls back for each value that differs from the one in use, at once if there is one already.
   * @returns a function that ends it
   */
  watch(used: T, onChange: (value: T) => void): () => void {
    const watcher = { used, onChange };
    this.#watchers.add(watcher);
    if (this.#latest === undefined) this.#hold(used);
    if (this.#watchers.size === 1) this.#start();
    setImmediate(() => {
      if (this.#latest !== undefined) this.#tell(watcher, this.#latest);
    });
    return () => {
      if (this.#watchers.delete(watcher) && this.#watchers.size === 0) this.#stop();
    };
  }

  #start(): void {
    const { folder } = this.#renewable;
    this.#schedule();
    if (folder === undefined) return;
    this.#endWatch = watchFolder(folder, () => void this.#refresh(), this.#options.pollMs);
    // It may have changed after it was read and before it was watched.
    void this.#refresh();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#endWatch();
    this.#endWatch = () => undefined;
  }

  #hold(value: T): void {
    this.#latest = value;
    this.#dueMs = this.#renewable.renewAtMs(value);
  }

  #take(value: T): void {
    // What is there already keeps its time, so that jitter is drawn once.
    if (this.#latest === undefined || !this.#renewable.isSame(this.#latest, value)) this.#hold(value);
    this.#failures = this.#waitMs = 0;
    if (this.#watchers.size > 0) this.#schedule();
    for (const watcher of [...this.#watchers]) this.#tell(watcher, value);
  }

  #tell(watcher: Watcher<T>, value: T): void {
    if (!this.#watchers.has(watcher) || this.#renewable.isSame(watcher.used, value)) return;
    watcher.used = value;
    watcher.onChange(value);
  }

  #schedule(): void {
    if (this.#dueMs === undefined) clearTimeout(this.#timer);
    else this.#refreshIn(this.#dueMs - this.#options.now());
  }

  #refreshIn(delayMs: number): void {
    clearTimeout(this.#timer);
    const isTooLong = delayMs > maxTimerMs;
    const act = () => {
      if (isTooLong) this.#schedule();
      else void this.#refresh();
    };
    this.#timer = setTimeout(act, Math.min(Math.max(0, delayMs), maxTimerMs)).unref();
  }

  /** Fetches one more; never rejects. A change that comes meanwhile is looked at afterwards. */
  async #refresh(): Promise<void> {
    this.#isDirty = true;
    if (this.#isFetching) return;
    this.#isFetching = true;
    while (this.#isDirty && this.#watchers.size > 0) {
      this.#isDirty = false;
      await this.#fetchOnce();
    }
    this.#isFetching = false;
  }

  async #fetchOnce(): Promise<void> {
    const { what, fetch, isSame, endsAtMs } = this.#renewable;
    try {
      const value = await fetch(AbortSignal.timeout(this.#options.fetchTimeoutMs ?? defaultFetchTimeoutMs));
      if (this.#latest !== undefined && isSame(this.#latest, value)) {
        this.#failures = 0;
        if (this.#dueMs === undefined) return;
        const isDue = this.#dueMs <= this.#options.now();
        if (isDue) this.#refreshIn(this.#nextRetryMs());
        else this.#schedule();
        return;
      }
      this.#options.onEvent({ kind: "renewed", what, endsAtMs: endsAtMs(value) });
      this.#take(value);
    } catch (cause) {
      this.#onFailure(describeError(cause));
    }
  }

  #onFailure(reason: string): void {
    const { what, endsAtMs, folder } = this.#renewable;
    const retryInMs = this.#nextRetryMs();
    this.#failures++;
    this.#refreshIn(retryInMs);
    // A file that is being written is empty for a moment, or half of it is there.
    if (folder !== undefined && this.#failures === 1) return;
    const end = this.#latest === undefined ? undefined : endsAtMs(this.#latest);
    this.#options.onEvent({ kind: "renewalFailed", what, reason, retryInMs: Math.round(retryInMs), endsAtMs: end });
  }

  /** Grows with each failure, and stays so small that several retries fit in the time that is left. */
  #nextRetryMs(): number {
    this.#waitMs = nextDelay(this.#waitMs, retryBounds, this.#options.random);
    const end = this.#latest === undefined ? undefined : this.#renewable.endsAtMs(this.#latest);
    const leftMs = end === undefined ? Infinity : end - this.#options.now();
    return leftMs <= 0 ? this.#waitMs : Math.min(this.#waitMs, Math.max(minRetryMs, leftMs * retryShare));
  }
}
