import { every } from "../event-loop/every.ts";

/** Bytes that are kept for the next messages at most, in all, where nobody says less. */
const mostFreeBytes = 16 * 1024 * 1024;
/** Bytes that are lent at most, in all. */
const mostLentBytes = 2 * 1024 * 1024;
/** Sizes between a power of two and the next: messages of about one size use the same buffers, and a ninth is unused at most. */
const sizesInOctave = 8;
/** Time after which what nobody has used is let go. */
const unusedMs = 5000;

/** The buffers of one size that wait to be used again. */
interface Shelf {
  readonly free: Buffer[];
  /** Whether one was wanted since they were last looked at. */
  isUsed: boolean;
}

/**
 * Memory for large packets, used again.
 *
 * Node.js' own buffers become garbage with each message, and V8 looks through all of its objects to find a few megabytes of them:
 * at 1,500 messages of 64 KB a second that was two thirds of the relay's CPU time, and memory that was never used before costs
 * more to write to. Only whoever knows that nobody has the bytes any more may give them back; what is not given back is collected
 * as any other buffer.
 *
 * What is in flight leaves in bursts, and comes in bursts. So as much is kept as may be in flight: with a quarter of it, most of each
 * burst was garbage after all.
 */
export class LargeBuffers {
  readonly #shelves = new Map<number, Shelf>();
  #freeBytes = 0;
  #lentBytes = 0;
  #stopTrimming: (() => void) | undefined;
  /** Bytes that are kept for the next messages at most, in all. */
  mostFreeBytes = mostFreeBytes;
  /** Called with the size of each buffer that had to be made. */
  onMade: (bytes: number) => void = () => undefined;

  /** Bytes that wait to be used again. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** A buffer of so many bytes or more; what stands in it is arbitrary. */
  take(bytes: number): Buffer {
    const size = roundUp(bytes);
    const shelf = this.#shelves.get(size);
    if (shelf !== undefined) {
      shelf.isUsed = true;
      const found = shelf.free.pop();
      if (found !== undefined) {
        this.#freeBytes -= size;
        return found;
      }
    }
    this.onMade(size);
    return Buffer.allocUnsafeSlow(size);
  }

  /** Takes a buffer back that {@link take} gave, and that nobody reads or writes any more. */
  giveBack(bytes: Buffer): void {
    const size = bytes.length;
    if (this.#freeBytes + size > this.mostFreeBytes) return;
    let shelf = this.#shelves.get(size);
    if (shelf === undefined) this.#shelves.set(size, (shelf = { free: [], isUsed: true }));
    shelf.free.push(bytes);
    this.#freeBytes += size;
    this.#stopTrimming ??= every(unusedMs, this.#trim.bind(this));
  }

  /**
   * A buffer of so many bytes or more for a large packet that is only expected; `undefined` where too many are out already: who
   * reads from idle connections may keep them for long. The loan ends with {@link endLoan}.
   */
  lend(bytes: number): Buffer | undefined {
    if (this.#lentBytes + roundUp(bytes) > mostLentBytes) return undefined;
    const buffer = this.take(bytes);
    this.#lentBytes += buffer.length;
    return buffer;
  }

  /** A buffer that was lent is in use from now on, as one that was taken; or nobody wants it. */
  endLoan(buffer: Buffer): void {
    this.#lentBytes -= buffer.length;
  }

  /** Lets go of all that waits. */
  clear(): void {
    this.#shelves.clear();
    this.#freeBytes = 0;
    this.#stopTrimming?.();
    this.#stopTrimming = undefined;
  }

  /** Lets go of the sizes that nobody has wanted for a while. */
  #trim(): void {
    for (const [size, shelf] of this.#shelves) {
      if (!shelf.isUsed) {
        this.#shelves.delete(size);
        this.#freeBytes -= size * shelf.free.length;
      }
      shelf.isUsed = false;
    }
    if (this.#shelves.size === 0) this.clear();
  }
}

/** The size of the buffer for so many bytes. */
function roundUp(bytes: number): number {
  const step = 2 ** Math.floor(Math.log2(bytes)) / sizesInOctave;
  return Math.ceil(bytes / step) * step;
}

/** Those of this process. */
export const largeBuffers = new LargeBuffers();
