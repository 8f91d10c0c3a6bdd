import type { SendQueue } from "../transport/kernel-queue.ts";
import { afterReading } from "../event-loop/after-reading.ts";

/** What has moved on one connection, in bytes since its start. Cheap to read, except for the kernel's queue. */
export interface Traffic {
  readonly readBytes: () => number;
  /** Bytes that the connection was given to send. */
  readonly givenBytes: () => number;
  /** Bytes of those that this process still holds. */
  readonly pendingBytes: () => number;
  /** What the kernel holds for the peer; `undefined` where it can't be told. */
  readonly sendQueue: () => Promise<SendQueue | undefined>;
  /** Whether reading is stopped, so that no answer can be seen. */
  readonly isPaused: () => boolean;
}

export interface ProgressWatchOptions {
  /** How long nothing may move. */
  readonly timeoutMs: number;
  /** Bytes that have to be read between two looks to count as progress. @default 256 */
  readonly leastReadBytes?: number;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
}

/** Looks in a time-out. */
export const looksPerTimeout = 4;
/** More than the answers to a few pings between two looks: those come also from a server that never gives the answer. */
const defaultLeastReadBytes = 256;
/** What a proxy, a modem or the peer's own kernel may hold without a sign of it, and the slowest link that is provided for. */
const [mostHiddenBytes, slowestBytesPerSecond] = [1_000_000, 8000];
/** So many time-outs may pass without a sign while the peer's TCP answers that it has no room. */
const timeoutsOfClosedWindow = 4;

/**
 * Judges how long a peer has been silent that owes an answer. Progress is
 * - bytes that were read: the answer may stand behind a large message;
 * - bytes that left, as far as the peer's TCP acknowledges them, up to the end of what was given before {@link restart}: the
 *   request may stand behind a large message. What is given later proves nothing: the kernel of a hung server takes it too.
 *
 * Only time that was watched counts: after a pause of the process, or of its machine, no more than two looks' worth.
 *
 * A proxy on the way takes bytes in leaps and passes them on unseen, so that a slow link shows nothing for a while. The time-out
 * is longer by what that may take, but not where the peer's TCP acknowledges nothing: that is a link that has gone.
 */
export class ProgressWatch {
  readonly #traffic: Traffic;
  readonly #timeoutMs: number;
  readonly #leastReadBytes: number;
  readonly #now: () => number;
  #lookedMs = 0;
  #silentMs = 0;
  /** Watched time since {@link restart}, and the part of it until something left for the last time. */
  #watchedMs = 0;
  #leavingMs = 0;
  #readBytes = 0;
  /** Bytes given that have to leave before there can be an answer. */
  #owedBytes = 0;
  /** Bytes of those that the peer may not have got yet at the restart. */
  #unansweredBytes = 0;
  /** Bytes of those that have left; `undefined` before the first look. */
  #leftBytes: number | undefined;
  #queue: SendQueue | undefined;
  /** Whether the kernel's queue is shorter than at the look before. */
  #hasQueueShrunk = false;
  /** Counts the calls of {@link restart}. */
  #round = 0;
  #isLooking = false;

  constructor(traffic: Traffic, { timeoutMs, leastReadBytes = defaultLeastReadBytes, now }: ProgressWatchOptions) {
    this.#traffic = traffic;
    this.#timeoutMs = timeoutMs;
    this.#leastReadBytes = leastReadBytes;
    this.#now = now;
    this.restart();
  }

  /**
   * Starts anew: the peer owes an answer to what was given until now.
   * @param unansweredBytes of what was given, bytes that the peer may not have got yet
   * @default what this process still holds
   */
  restart(unansweredBytes = this.#traffic.pendingBytes()): void {
    this.#round++;
    this.#lookedMs = this.#now();
    this.#silentMs = this.#watchedMs = this.#leavingMs = 0;
    this.#readBytes = this.#traffic.readBytes();
    this.#owedBytes = this.#traffic.givenBytes();
    this.#unansweredBytes = unansweredBytes;
    this.#leftBytes = this.#queue = undefined;
  }

  /** Time in milliseconds for which nothing moved, as far as it was looked at. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Whether nothing has moved for too long. */
  get isOver(): boolean {
    return this.#silentMs >= this.#patienceMs;
  }

  get #patienceMs(): number {
    const { bytes, isWindowClosed } = this.#queue ?? { bytes: 0, isWindowClosed: false };
    if (bytes > 0 && !isWindowClosed) return this.#timeoutMs;
    const lookMs = this.#timeoutMs / looksPerTimeout;
    const hiddenMs = (Math.min(this.#unansweredBytes, mostHiddenBytes) / slowestBytesPerSecond) * 1000;
    const timeoutMs = this.#timeoutMs * (isWindowClosed ? timeoutsOfClosedWindow : 1);
    // What left over a long time may wait on the way for about as long again.
    return timeoutMs + Math.max(Math.floor(hiddenMs / lookMs) * lookMs, this.#leavingMs);
  }

  /**
   * Looks what has moved since the look before. Call it {@link looksPerTimeout} times in a time-out, or more often; a call
   * during another one does nothing.
   * @returns {@link isOver}
   */
  async look(): Promise<boolean> {
    if (this.#isLooking) return false;
    this.#isLooking = true;
    const round = this.#round;
    try {
      await afterReading();
      this.#hasQueueShrunk = false;
      const leftBytes = this.#asksKernel ? await this.#countLeft() : this.#leftBytes;
      if (round !== this.#round) return false; // the answer has come, and another one is owed
      this.#judge(leftBytes);
    } finally {
      this.#isLooking = false;
    }
    return this.isOver;
  }

  /** The kernel is asked only when nothing is seen to move, and not once all that is owed has left. */
  get #asksKernel(): boolean {
    return !this.#hasRead && (this.#leftBytes ?? 0) < this.#owedBytes;
  }

  get #hasRead(): boolean {
    const { isPaused, readBytes } = this.#traffic;
    return isPaused() || readBytes() - this.#readBytes >= this.#leastReadBytes;
  }

  async #countLeft(): Promise<number> {
    const { givenBytes, pendingBytes, sendQueue } = this.#traffic;
    const takenBytes = givenBytes() - pendingBytes(); // first: what is sent meanwhile is in the queue, and has not left
    const before = this.#queue;
    this.#queue = await sendQueue();
    // Only the peer's acknowledgement takes bytes out of it. What the kernel has of a piece that this process holds still is not
    // known, so the difference of the two shows less than has left.
    this.#hasQueueShrunk = before !== undefined && (this.#queue?.bytes ?? 0) < before.bytes;
    return Math.min(this.#owedBytes, takenBytes - (this.#queue?.bytes ?? 0));
  }

  /** @param leftBytes `undefined`: not known yet */
  #judge(leftBytes: number | undefined): void {
    const time = this.#now();
    const watchedMs = Math.min(time - this.#lookedMs, (2 * this.#timeoutMs) / looksPerTimeout);
    const isMore = leftBytes !== undefined && this.#leftBytes !== undefined && leftBytes > this.#leftBytes;
    const hasLeft = isMore || this.#hasQueueShrunk;
    this.#watchedMs += watchedMs;
    if (hasLeft) this.#leavingMs = this.#watchedMs;
    this.#silentMs = hasLeft || this.#hasRead ? 0 : this.#silentMs + watchedMs;
    this.#lookedMs = time;
    this.#readBytes = this.#traffic.readBytes();
    if (hasLeft || this.#leftBytes === undefined) this.#leftBytes = leftBytes;
  }
}

/**
 * Waits for an answer to what was just given, and calls back once when nothing has moved for the time-out.
 * @returns a function that ends it; call it when the answer is there, and when the connection has ended
 */
export function watchAnswer(traffic: Traffic, options: ProgressWatchOptions, onSilent: () => void): () => void {
  const watch = new ProgressWatch(traffic, options);
  const timer = setInterval(() => {
    void watch.look().then((isOver) => {
      if (!isOver || isStopped) return;
      stop();
      onSilent();
    });
  }, options.timeoutMs / looksPerTimeout);
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    clearInterval(timer);
  };
  return stop;
}
