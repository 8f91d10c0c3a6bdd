import type { Socket } from "node:net";

/** Bytes that may lie in this process for a client that reads slowly; what comes while there are more is left out. */
const maxPendingBytes = 512 * 1024;
/** Time for a client to read what lies there; it is dropped then. */
const patienceMs = 30_000;
/** Time between two lines that say nothing: without any, whatever stands between closes a connection that looks dead. */
const keepAliveMs = 15_000;

/**
 * A client that reads server-sent events. It is never waited for: one that reads too slowly misses some, and one that does not
 * read at all is dropped.
 * @see WHATWG HTML, Server-sent events
 */
export class StreamReader {
  readonly #socket: Socket;
  readonly #keepAlive: NodeJS.Timeout;
  #deadline: NodeJS.Timeout | undefined;
  /** Events that it has missed. */
  missed = 0;

  constructor(socket: Socket, drop: () => void) {
    this.#socket = socket;
    this.#keepAlive = setInterval(() => this.write(": still here\n\n"), keepAliveMs).unref();
    socket.on("drain", () => {
      clearTimeout(this.#deadline);
      this.#deadline = undefined;
    });
    socket.once("close", () => {
      clearInterval(this.#keepAlive);
      clearTimeout(this.#deadline);
    });
    this.#drop = drop;
  }

  readonly #drop: () => void;

  /** Bytes that it has not read yet. */
  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  /** Calls back when the client has gone, at once where it has already. */
  onClosed(callback: () => void): void {
    if (this.#socket.destroyed) callback();
    else this.#socket.once("close", callback);
  }

  /** Sends an event, or leaves it out; tells whether it was sent. */
  write(chunk: Buffer | string): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) return false;
    if (this.#socket.writableLength > maxPendingBytes) {
      this.missed++;
      return false;
    }
    if (!this.#socket.write(chunk)) this.#deadline ??= setTimeout(this.#drop, patienceMs).unref();
    return true;
  }
}

/** Encodes one event, whose data is a text of one line. */
export function encodeEvent(name: string, data: string, id?: number): string {
  return `${id === undefined ? "" : `id: ${id}\n`}event: ${name}\ndata: ${data}\n\n`;
}
