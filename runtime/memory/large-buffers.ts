import { every } from "../event-loop/every.ts";

/** Bytes that are kept for the next messages at most, in all. */
const mostFreeBytes = 16 * 1024 * 1024;
/** Buffers that are kept at most: they are looked through one by one. */
const mostFree = 64;
/** A buffer is made for a multiple of this, so that messages of about one size can use it in turn. */
const stepBytes = 4096;
/** A buffer is not used for a message that is so many times smaller. */
const mostWaste = 2;
/** Bytes that are lent at most, in all. */
const mostLentBytes = 2 * 1024 * 1024;
/** Time after which what nobody has used is let go. */
const unusedMs = 5000;

/**
 * Memory for large packets, used again.
 *
 * Node.js' own buffers become garbage with each message, and V8 looks through all of its objects to find a few megabytes of them:
 * at 1,500 messages of 64 KB a second that was two thirds of the relay's CPU time, and memory that was never used before costs
 * more to write to. Only whoever knows that nobody has the bytes any more may give them back; what is not given back is collected
 * as any other buffer.
 */
export class LargeBuffers {
  #lentBytes = 0;
  #free: Buffer[] = [];
  #freeBytes = 0;
  #isUsed = false;
  #stopTrimming: (() => void) | undefined;

  /** Bytes that wait to be used again. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** A buffer of so many bytes or more; what stands in it is arbitrary. */
  take(bytes: number): Buffer {
    this.#isUsed = true;
    const free = this.#free;
    for (let index = free.length - 1; index >= 0; index--) {
      const found = free[index];
      if (found === undefined || found.length < bytes || found.length > bytes * mostWaste) continue;
      const last = free.pop();
      if (last !== undefined && index < free.length) free[index] = last;
      this.#freeBytes -= found.length;
      return found;
    }
    return Buffer.allocUnsafeSlow(Math.ceil(bytes / stepBytes) * stepBytes);
  }

  /** Takes a buffer back that {@link take} gave, and that nobody reads or writes any more. */
  giveBack(bytes: Buffer): void {
    if (bytes.length > mostFreeBytes) return;
    this.#free.push(bytes);
    this.#freeBytes += bytes.length;
    while (this.#freeBytes > mostFreeBytes || this.#free.length > mostFree)
      this.#freeBytes -= this.#free.shift()?.length ?? 0;
    this.#stopTrimming ??= every(unusedMs, this.#trim.bind(this));
  }

  /**
   * A buffer of so many bytes or more for a large packet that is only expected; `undefined` where too many are out already: who
   * reads from idle connections may keep them for long. The loan ends with {@link endLoan}.
   */
  lend(bytes: number): Buffer | undefined {
    if (this.#lentBytes + bytes > mostLentBytes) return undefined;
    const buffer = this.take(bytes);
    this.#lentBytes += buffer.length;
    return buffer;
  }

  /** A buffer that was lent is in use from now on, as one that was taken; or nobody wants it. */
  endLoan(buffer: Buffer): void {
    this.#lentBytes -= buffer.length;
  }

  /** Lets go of all when none was wanted for a while. */
  #trim(): void {
    if (this.#isUsed) {
      this.#isUsed = false;
      return;
    }
    this.#free = [];
    this.#freeBytes = 0;
    this.#stopTrimming?.();
    this.#stopTrimming = undefined;
  }
}

/** Those of this process. */
export const largeBuffers = new LargeBuffers();
