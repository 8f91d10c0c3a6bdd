import { largeBuffers } from "../memory/large-buffers.ts";
import { largestInSlab } from "./slab.ts";
import { findHeaderLength, readRemainingLength } from "./wire/fixed-header.ts";

/** A packet does not stay in memory that was meant for one so many times larger. */
const mostWaste = 2;

/**
 * Memory that is lent for the packet behind a large one. Messages of one size come one after the other: a packet that is read to it
 * from its first byte on, and fits, stays there and is never copied.
 */
export class Landing {
  #memory: Buffer | undefined;
  #target: Buffer | undefined;

  /** Where to read the next packet to, if it has so many bytes; `undefined` where too much is lent already. */
  lend(bytes: number): Buffer | undefined {
    this.#memory = largeBuffers.lend(bytes);
    return (this.#target = this.#memory?.subarray(0, bytes));
  }

  /** Whether a packet of so many bytes, which begins at a position of a chunk, came where it can stay. */
  holds(chunk: Buffer, position: number, length: number): boolean {
    if (chunk !== this.#target || position > 0 || this.#memory === undefined) return false;
    const { length: size } = this.#memory;
    return length > largestInSlab && length <= size && length * mostWaste >= size;
  }

  /**
   * Where the packet ends that stays, if other bytes of the chunk follow it; else where the chunk ends.
   * @throws {ProtocolError} when its length is not one of MQTT's
   */
  endOfFirst(chunk: Buffer, end: number): number {
    if (chunk !== this.#target) return end;
    const headerLength = findHeaderLength(chunk, 0, end);
    if (headerLength === 0) return end;
    const length = headerLength + readRemainingLength(chunk, 0);
    return length < end && this.holds(chunk, 0, length) ? length : end;
  }

  /** The memory, for the packet that it holds. */
  take(): Buffer | undefined {
    const memory = this.#memory;
    if (memory !== undefined) largeBuffers.endLoan(memory);
    this.#memory = this.#target = undefined;
    return memory;
  }

  /** No packet came to stay. */
  giveBack(): void {
    if (this.#memory === undefined) return;
    largeBuffers.endLoan(this.#memory);
    largeBuffers.giveBack(this.#memory);
    this.#memory = this.#target = undefined;
  }
}
