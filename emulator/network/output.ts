import type { Duplex } from "node:stream";

/** Bytes that a socket may hold unsent before messages wait in their queue instead. */
const congestedBytes = 1024 * 1024;

/**
 * Gathers what is sent in one turn of the event loop into one write. With chunk sizes (a fault) it writes pieces of
 * those sizes instead, each in a turn of its own.
 */
export class Output {
  readonly #stream: Duplex;
  readonly #chunkBytes: () => readonly number[];
  #gathered: Buffer[] = [];
  #isFlushScheduled = false;
  #isEnding = false;
  #isStalled = false;
  #chunkTurn = 0;
  #unsent = Buffer.alloc(0);

  constructor(stream: Duplex, chunkBytes: () => readonly number[]) {
    this.#stream = stream;
    this.#chunkBytes = chunkBytes;
  }

  get isCongested(): boolean {
    return this.#stream.writableLength > congestedBytes;
  }

  write(bytes: Buffer): void {
    if (this.#isEnding || this.#isStalled) return;
    this.#gathered.push(bytes);
    this.#schedule();
  }

  /** Writes what is gathered, then closes the writing side. */
  end(): void {
    this.#isEnding = true;
    this.#schedule();
  }

  /** Throws away what is gathered and whatever comes. */
  stall(): void {
    this.#isStalled = true;
    this.#gathered = [];
    this.#unsent = Buffer.alloc(0);
  }

  #schedule(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    process.nextTick(() => {
      this.#flush();
    });
  }

  #flush(): void {
    this.#isFlushScheduled = false;
    if (this.#stream.destroyed) return;
    const [only] = this.#gathered;
    const bytes = this.#gathered.length === 1 && only ? only : Buffer.concat(this.#gathered);
    this.#gathered = [];
    if (this.#unsent.length > 0 || this.#chunkBytes().length > 0) {
      this.#unsent = Buffer.concat([this.#unsent, bytes]);
      this.#writeChunk();
      return;
    }
    if (bytes.length > 0) this.#stream.write(bytes);
    if (this.#isEnding) this.#stream.end();
  }

  #writeChunk(): void {
    const sizes = this.#chunkBytes();
    const size = sizes[this.#chunkTurn % sizes.length] ?? this.#unsent.length;
    this.#chunkTurn += 1;
    if (this.#unsent.length > 0) this.#stream.write(this.#unsent.subarray(0, size));
    this.#unsent = this.#unsent.subarray(size);
    if (this.#unsent.length > 0) {
      this.#isFlushScheduled = true;
      setImmediate(() => {
        this.#flush();
      });
    } else if (this.#isEnding) this.#stream.end();
  }
}
