import type { Duplex } from "node:stream";

import Denque from "denque";

import { atEndOfTurn } from "../event-loop/end-of-turn.ts";

/**
 * Bytes that the stream is given at most before it has taken the earlier ones. A gathered batch up to this size is joined into
 * one write. More waits here and follows piece by piece: only so does a large message on a slow link show that it is moving.
 */
const pieceBytes = 65_536;
/** What is a little more than a piece goes out at once if it lies together: a payload of 64 KB has a header. */
const mostPieceBytes = 98_304;

const nothing = Buffer.alloc(0);

/** What is left of a buffer, from `start` on. */
interface Rest {
  readonly bytes: Buffer;
  start: number;
}

/** Who is told once so many bytes have left, of those that were given since the start. */
interface Awaited {
  readonly bytes: number;
  readonly callback: () => void;
}

/**
 * Gathers packets and writes them once the input that is at hand has been read, so that a burst costs one system call.
 * Packets that lie side by side in one buffer are written as one piece, without a copy. A packet is never split by another.
 */
export class BatchWriter {
  readonly #stream: Duplex;
  /** What was given last: bytes that lie together, from `#start` up to and without `#end`. */
  #last: Buffer | undefined;
  #start = 0;
  #end = 0;
  /** What was given before it, since the last flush. */
  #earlier: Buffer[] = [];
  /** Bytes that were given since the last flush. */
  #bytes = 0;
  /** What was flushed and the stream has no room for yet. */
  readonly #queue = new Denque<Rest>();
  /** Bytes that are left of {@link #queue}. */
  #queuedBytes = 0;
  #isScheduled = false;
  /** Whether the stream took the last batch at once: it is then given the next one without a callback. */
  #takesAtOnce = false;
  #isEnding = false;
  /** Who waits for what was given to leave, in the order of the bytes that had been given. */
  readonly #onceSent = new Denque<Awaited>();
  readonly #flush: () => void;
  readonly #onTaken: (error?: Error | null) => void;
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
    this.#onTaken = (error) => {
      if (error) return; // it went nowhere, and the stream ends
      if (this.#queuedBytes > 0) this.#feed();
      if (this.#onceSent.length > 0) this.#callBack();
    };
  }

  /** Writes a whole buffer. */
  write(packet: Buffer): void {
    this.writePart(packet, 0, packet.length);
  }

  /** Writes the bytes from `start` up to and without `end`. They must not change until they have left the process. */
  writePart(bytes: Buffer, start: number, end: number): void {
    if (this.#last === bytes && this.#end === start) this.#end = end;
    else {
      if (this.#last !== undefined) this.#earlier.push(this.#last.subarray(this.#start, this.#end));
      this.#last = bytes;
      this.#start = start;
      this.#end = end;
    }
    this.#bytes += end - start;
    this.givenBytes += end - start;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    atEndOfTurn(this.#flush);
  }

  /** Writes at once what was gathered, as far as the stream takes it. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#last === undefined || this.#stream.destroyed || this.#stream.errored) return;
    const last = this.#last.subarray(this.#start, this.#end);
    this.#last = undefined;
    const bytes = this.#bytes;
    this.#bytes = 0;
    const { writableLength } = this.#stream;
    const most = writableLength === 0 && bytes === last.length ? mostPieceBytes : pieceBytes;
    if (this.#queuedBytes === 0 && writableLength + bytes <= most) {
      this.lastWriteMs = this.#now();
      this.#give(bytes === last.length ? last : Buffer.concat(this.#takePieces(last), bytes));
      return;
    }
    for (const piece of this.#takePieces(last)) this.#queue.push({ bytes: piece, start: 0 });
    this.#queuedBytes += bytes;
    this.#feed();
  }

  /**
   * Hands a whole batch to the stream. Node.js makes three objects and a task of its own for each callback, so a stream that takes its
   * batches at once, as a TCP socket does, is not asked for one that nobody waits for.
   */
  #give(batch: Buffer): void {
    const stream = this.#stream;
    const hasCallback = !this.#takesAtOnce || stream.writableLength > 0 || this.#onceSent.length > 0;
    if (hasCallback) stream.write(batch, this.#onTaken);
    else stream.write(batch);
    this.#takesAtOnce = stream.writableLength === 0;
    // The kernel has no room: an empty write behind the batch calls back when the batch has left.
    if (!hasCallback && !this.#takesAtOnce) stream.write(nothing, this.#onTaken);
  }

  #takePieces(last: Buffer): Buffer[] {
    const pieces = this.#earlier;
    this.#earlier = [];
    pieces.push(last);
    return pieces;
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

  /** Calls back once everything that was given until now has left the process, whatever is given later; never in this call. */
  onceSent(callback: () => void): void {
    if (this.pendingBytes === 0) setImmediate(callback);
    else this.#onceSent.push({ bytes: this.givenBytes, callback });
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

  /** Takes as many whole buffers as fit into a piece, or a part of one that is larger. */
  #takePiece(): Buffer[] {
    const pieces: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const rest = this.#queue.peekFront();
      if (rest === undefined || (bytes > 0 && bytes + rest.bytes.length - rest.start > pieceBytes)) break;
      const left = rest.bytes.length - rest.start;
      const end = rest.start + (left <= mostPieceBytes ? left : pieceBytes);
      pieces.push(rest.bytes.subarray(rest.start, end));
      bytes += end - rest.start;
      rest.start = end;
      if (rest.start < rest.bytes.length) break;
      this.#queue.shift();
    }
    this.#queuedBytes -= bytes;
    return pieces;
  }

  #callBack(): void {
    const sentBytes = this.givenBytes - this.pendingBytes;
    while ((this.#onceSent.peekFront()?.bytes ?? Infinity) <= sentBytes) this.#onceSent.shift()?.callback();
  }
}
