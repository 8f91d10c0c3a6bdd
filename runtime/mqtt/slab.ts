import { largeBuffers } from "../memory/large-buffers.ts";

/** First and last size of a slab, in bytes: a quiet sender holds little, a busy one allocates seldom. */
const smallestSlab = 16_384;
const largestSlab = 65_536;
/** A larger packet gets memory of its own from `LargeBuffers`, so that little is left unused at the end of a slab. */
export const largestInSlab = 8192;

/**
 * Memory for packets, one behind the other: what is encoded in turn lies together and goes out in one write, without a
 * copy, and the garbage collector sees one buffer for hundreds of packets. Nothing in it is used twice; a slab is freed with
 * the last packet in it. One for each sender: a packet that waits long keeps what lies around it in memory.
 */
export class Slab {
  #bytes = Buffer.alloc(0);
  #used = 0;
  #nextSize = smallestSlab;
  /** Where the room that was reserved last begins. */
  start = 0;

  /** Reserves room for a packet, from {@link start} on; what stands in it is arbitrary. */
  reserve(length: number): Buffer {
    if (length > largestInSlab) {
      this.start = 0;
      return largeBuffers.take(length);
    }
    if (this.#used + length > this.#bytes.length) this.#renew();
    this.start = this.#used;
    this.#used += length;
    return this.#bytes;
  }

  #renew(): void {
    this.#bytes = Buffer.allocUnsafeSlow(this.#nextSize);
    this.#used = 0;
    this.#nextSize = Math.min(largestSlab, this.#nextSize * 2);
  }
}
