import type { Duplex } from "node:stream";

import Denque from "denque";

/**
 * Bytes that the stream is given at most before it has taken the earlier ones. A gathered batch up to this size is joined into
 * one write. More waits here and follows piece by piece: only so does a large message on a slow link show that it is moving.
 */
const pieceBytes = 65_536;

/** Bytes that lie together, from `start` up to and without `end`. */
interface Run {
  readonly bytes: Buffer;
  start: number;
  end: number;
}

/**
 * Gathers packets and writes them once the input that is at hand has been read, so that a burst costs one system call.
 * Packets that lie side by side in one buffer are written as one piece, without a copy. A packet is never split by another.
 */
export class BatchWriter {
  readonly #stream: Duplex;
  /** What was given since the last flush. */
  #runs: Run[] = [];
  /** Bytes of {@link #runs}. */
  #bytes = 0;
  /** What was flushed and the stream has no room for yet. */
  readonly #queue = new Denque<Run>();
  /** Bytes that are left of {@link #queue}. */
  #queuedBytes = 0;
  #isScheduled = false;
  #isEnding = false;
  #onceSent: (() => void)[] = [];
  readonly #flush: () => void;
  readonly #onTaken: () => void;
  /** When something was last handed over, as {@link now} tells it. */
  lastWriteMs: number;
  /** Bytes that were given, since the start. */
  givenBytes = 0;
  readonly #now: () => number;

  constructor(stream: Duplex, now: () => number) {
    this.#stream = stream;
    this.#now = now;
    this.lastWriteMs = now();
    this.#flush = this.flush.bind(this);
    this.#onTaken = () => {
      if (this.#queuedBytes > 0) this.#feed();
      else if (this.#onceSent.length > 0) this.#callBack();
    };
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
    this.givenBytes += end - start;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#flush);
  }

  /** Writes at once what was gathered, as far as the stream takes it. */
  flush(): void {
    this.#isScheduled = false;
    const runs = this.#runs;
    if (runs.length === 0 || this.#stream.destroyed) return;
    this.#runs = [];
    const bytes = this.#bytes;
    this.#bytes = 0;
    if (this.#queuedBytes === 0 && this.#stream.writableLength + bytes <= pieceBytes) {
      this.lastWriteMs = this.#now();
      const pieces = runs.map((run) => run.bytes.subarray(run.start, run.end));
      this.#stream.write(pieces.length === 1 ? pieces[0] : Buffer.concat(pieces, bytes), this.#onTaken);
      return;
    }
    for (const run of runs) this.#queue.push(run);
    this.#queuedBytes += bytes;
    this.#feed();
  }

  /**
   * Writes what was given, and ends the stream behind it. Nothing may be given after it.
   * @param deadlineMs time for the peer to close, too; the stream is cut then
   */
  end(deadlineMs: number): void {
    this.flush();
    const stream = this.#stream;
    const timer = setTimeout(() => stream.destroy(), deadlineMs);
    stream.once("close", () => {
      clearTimeout(timer);
    });
    this.#isEnding = true;
    if (this.#queuedBytes === 0) this.#stream.end();
  }

  /** Calls back once the stream has taken everything that was flushed; in a later turn. */
  onceSent(callback: () => void): void {
    if (this.#queuedBytes === 0 && this.#stream.writableLength === 0) setImmediate(callback);
    else this.#onceSent.push(callback);
  }

  /** Bytes that were given and have not left the process. */
  get pendingBytes(): number {
    return this.#bytes + this.#queuedBytes + this.#stream.writableLength;
  }

  /** Hands the next piece of the queue to the stream once it has taken all before. It calls back when it has taken this one. */
  #feed(): void {
    const stream = this.#stream;
    if (stream.writableLength > 0 || stream.destroyed) return;
    this.lastWriteMs = this.#now();
    const pieces = this.#takePiece();
    // Not joined: copying would cost more than it saves.
    stream.cork();
    for (const piece of pieces) stream.write(piece, this.#onTaken);
    stream.uncork();
    if (this.#isEnding && this.#queuedBytes === 0) stream.end();
  }

  /** Takes as many whole runs as fit into a piece, or a part of one that is larger. */
  #takePiece(): Buffer[] {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const run = this.#queue.peekFront();
      if (run === undefined || (bytes > 0 && bytes + run.end - run.start > pieceBytes)) break;
      const end = Math.min(run.end, run.start + pieceBytes);
      pieces.push(run.bytes.subarray(run.start, end));
      bytes += end - run.start;
      run.start = end;
      if (run.start < run.end) break;
      this.#queue.shift();
    }
    this.#queuedBytes -= bytes;
    return pieces;
  }

  #callBack(): void {
    if (this.#stream.writableLength > 0) return;
    const callbacks = this.#onceSent;
    this.#onceSent = [];
    for (const callback of callbacks) callback();
  }
}
