import type { Duplex } from "node:stream";

/** A gathered batch up to this size is joined into one write; a larger one is written piece by piece under one cork. */
const maxJoinedBytes = 65_536;

/**
 * Gathers packets and writes them once the input that is at hand has been read, so that a burst costs one system call.
 * A packet is never split by another: each comes in one piece.
 */
export class BatchWriter {
  readonly #stream: Duplex;
  #packets: Buffer[] = [];
  #bytes = 0;
  #isScheduled = false;
  /** When something was last handed over, as {@link now} tells it. */
  lastWriteMs: number;
  readonly #now: () => number;

  constructor(stream: Duplex, now: () => number) {
    this.#stream = stream;
    this.#now = now;
    this.lastWriteMs = now();
  }

  write(packet: Buffer): void {
    this.#packets.push(packet);
    this.#bytes += packet.length;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.flush();
    });
  }

  /** Writes at once what was gathered. */
  flush(): void {
    this.#isScheduled = false;
    const packets = this.#packets;
    if (packets.length === 0 || this.#stream.destroyed) return;
    this.#packets = [];
    const bytes = this.#bytes;
    this.#bytes = 0;
    this.lastWriteMs = this.#now();
    if (packets.length === 1 || bytes <= maxJoinedBytes) {
      this.#stream.write(packets.length === 1 ? packets[0] : Buffer.concat(packets, bytes));
      return;
    }
    this.#stream.cork();
    for (const packet of packets) this.#stream.write(packet);
    this.#stream.uncork();
  }

  /** Bytes that were given and have not left the process. */
  get pendingBytes(): number {
    return this.#bytes + this.#stream.writableLength;
  }
}
