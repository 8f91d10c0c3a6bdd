import type { OnReadOpts } from "node:net";
import type { Duplex } from "node:stream";

import { whileReading } from "../event-loop/end-of-turn.ts";

/** Bytes that one read takes at most: what Node.js reads by itself. */
const readBytesAtMost = 65_536;

/**
 * Takes bytes that have arrived, up to and without `bytes[end]`. They may be overwritten after the call: copy what must last.
 * No view of just them is made: with TLS there is a call for each record, which often is one small message.
 * @returns `true` where it is so little that it is to be answered by itself
 */
export type BytesHandler = (bytes: Buffer, end: number) => unknown;

/** Tells after each call of the handler where the next bytes are read to; `undefined`: where all others are. */
export type TargetChoice = () => Buffer | undefined;

/**
 * One buffer for all TCP sockets of the process: the system fills it and the handler empties it in one step, so that no
 * two sockets ever have bytes in it. Without it each read would allocate 64 KB, and collecting those costs more than
 * everything else that happens to a small message.
 */
const shared = Buffer.allocUnsafeSlow(readBytesAtMost);

/** The streams that read into a buffer of ours, in place of emitting `data`. */
const readers = new WeakMap<Duplex, ReusedBuffer>();

/** Reads a socket into a buffer that is used again for every read. */
export class ReusedBuffer {
  #stream: Duplex | undefined;
  #onBytes: BytesHandler | undefined;
  /** What came before anyone took it. */
  #early: Buffer | undefined;
  #chooseTarget: TargetChoice | undefined;
  readonly #decrypts: boolean;
  /** For `net.connect` and `tls.connect`. */
  readonly options: { readonly onread: OnReadOpts };

  /** @param buffer into which to read; of its own for a stream that decrypts, which may do so at any time */
  constructor(buffer?: Buffer) {
    this.#decrypts = buffer !== undefined;
    // Node.js asks for the next buffer after each callback.
    const next = () => this.#chooseTarget?.() ?? shared;
    const callback = (count: number, bytes: Uint8Array) => this.#take(bytes as Buffer, count);
    this.options = { onread: { buffer: buffer ?? next, callback } };
  }

  /** Says which stream has {@link options}. */
  attach(stream: Duplex): void {
    this.#stream = stream;
    readers.set(stream, this);
  }

  /** Hands over what has come, and from here on what comes; never in this call: who makes it may still be under construction. */
  handTo(onBytes: BytesHandler, chooseTarget?: TargetChoice): void {
    this.#onBytes = onBytes;
    this.#chooseTarget = chooseTarget;
    const early = this.#early;
    this.#early = undefined;
    if (early === undefined) return;
    queueMicrotask(() => {
      onBytes(early, early.length);
    });
  }

  #take(bytes: Buffer, end: number): boolean {
    const onBytes = this.#onBytes;
    if (onBytes !== undefined) {
      // A stream that decrypts hands over each record by itself: how much has come is not known.
      if (this.#decrypts) onBytes(bytes, end);
      else whileReading(onBytes, bytes, end);
      // A pause in the turn of a resume has no effect on a socket that emits no `data` (Node.js 24.21).
      return this.#stream?.isPaused() !== true;
    }
    this.#early = Buffer.from(bytes.subarray(0, end));
    return false; // reads no further
  }
}

/**
 * Hands what a stream receives to a handler, until the stream ends.
 * @param chooseTarget only plain sockets ask for it
 */
export function readBytes(stream: Duplex, onBytes: BytesHandler, chooseTarget?: TargetChoice): void {
  const reader = readers.get(stream);
  if (reader === undefined) {
    stream.on("data", (bytes: Buffer) => {
      onBytes(bytes, bytes.length);
    });
    return;
  }
  reader.handTo(onBytes, chooseTarget);
  stream.resume();
}

/** Lets a stream emit `data` whatever it reads into, for a library that has to be given a stream. */
export function emitData(stream: Duplex): Duplex {
  readers.get(stream)?.handTo((bytes, end) => void stream.push(Buffer.from(bytes.subarray(0, end))));
  return stream;
}
