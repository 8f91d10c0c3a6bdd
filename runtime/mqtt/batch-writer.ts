import type { Duplex } from "node:stream";

/** A gathered batch up to this size is joined into one write; a larger one is written piece by piece under one cork. */
const maxJoinedBytes = 65_536;

/** Bytes that lie together, from `start` up to and without `end`. */
interface Run {
  readonly bytes: Buffer;
  readonly start: number;
  end: number;
}

/**
 * Gathers packets and writes them once the input that is at hand has been read, so that a burst costs one system call.
 * Packets that lie side by side in one buffer are written as one piece, without a copy. A packet is never split by another.
 */
export class BatchWriter {
  readonly #stream: Duplex;
  #runs: Run[] = [];
  #bytes = 0;
  #isScheduled = false;
  readonly #flush: () => void;
  /** When something was last handed over, as {@link now} tells it. */
  lastWriteMs: number;
  readonly #now: () => number;

  constructor(stream: Duplex, now: () => number) {
    this.#stream = stream;
    this.#now = now;
    this.lastWriteMs = now();
    this.#flush = this.flush.bind(this);
  }

  /** Writes a whole buffer. */
  write(packet: Buffer): void {
    this.writePart(packet, 0, packet.length);
  }

  /** Writes the bytes from `start` up to and without `end`. They must not change until they have left the process. */
  writePart(bytes: Buffer, start: number, end: number): void {
    const last = this.#runs.at(-1);
    if (last?.bytes === bytes && last.end === start) last.end = end;
    else this.#runs.push({ bytes, start, end });
    this.#bytes += end - start;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#flush);
  }

  /** Writes at once what was gathered. */
  flush(): void {
    this.#isScheduled = false;
    const runs = this.#runs;
    if (runs.length === 0 || this.#stream.destroyed) return;
    this.#runs = [];
    const bytes = this.#bytes;
    this.#bytes = 0;
    this.lastWriteMs = this.#now();
    const pieces = runs.map((run) => run.bytes.subarray(run.start, run.end));
    if (pieces.length === 1 || bytes <= maxJoinedBytes) {
      this.#stream.write(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, bytes));
      return;
    }
    this.#stream.cork();
    for (const piece of pieces) this.#stream.write(piece);
    this.#stream.uncork();
  }

  /** Bytes that were given and have not left the process. */
  get pendingBytes(): number {
    return this.#bytes + this.#stream.writableLength;
  }
}
