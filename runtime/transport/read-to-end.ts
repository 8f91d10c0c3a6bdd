import type { Duplex } from "node:stream";

/** How long a socket stays open for its input after a write has failed, in milliseconds: all that comes is in the kernel by then. */
const mostMs = 100;
/** Event of a stream whose peer takes nothing more; its input follows, and then its end. */
const failing = "failing";

/**
 * Lets a socket be read to its end when a write fails.
 *
 * A server says in its last packet, DISCONNECT, why it ends a connection. While the relay writes on, that packet may not be
 * read yet when a write fails. Node.js closes the socket then, with all that came on it. But the kernel still has it, so the
 * socket is closed at the end of its input, by its reader, or after 100 ms. Through a proxy Node.js drops what it had not read
 * itself by then, so less is heard there.
 */
export function readToEnd<T extends Duplex>(stream: T): T {
  const destroy = stream.destroy.bind(stream);
  const push = stream.push.bind(stream);
  let failure: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  const close = (error: Error | undefined) => {
    clearTimeout(timer);
    return destroy(error);
  };
  stream.destroy = (error?: Error) => {
    if (hasEnded || !isWriteFailure(error)) return close(error);
    if (failure !== undefined) return stream; // what was written behind it
    failure = error;
    timer = setTimeout(close, mostMs, failure);
    stream.emit(failing, () => close(failure));
    return stream;
  };
  // A stream that has failed does not tell its end.
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    const takesMore = push(chunk, encoding);
    hasEnded ||= chunk === null;
    if (hasEnded && failure !== undefined) close(failure);
    return takesMore;
  };
  return stream;
}

/**
 * Calls back once what is written to a stream goes nowhere any more.
 * @param callback gets what closes the stream at once, for one that nobody reads
 */
export function onceFailing(stream: Duplex, callback: (close: () => void) => void): void {
  stream.once(failing, callback);
}

function isWriteFailure(error: NodeJS.ErrnoException | undefined): error is NodeJS.ErrnoException {
  return error?.syscall === "write" && (error.code === "EPIPE" || error.code === "ECONNRESET");
}
