import type { Duplex } from "node:stream";

import { ConnectionError, describeError } from "../contract/errors.ts";
import type { Credentials } from "../identity/credentials.ts";
import type { Connection } from "../mqtt/connection.ts";

/** A stream that is open, and the credentials that go with it. */
export interface Opened {
  readonly credentials: Credentials;
  readonly stream: Duplex;
}

/** One attempt at a connection, from its first byte to its end. Nothing of it outlives it. */
export class Attempt {
  /** From 1: for logs. */
  readonly number: number;
  connection: Connection | undefined;
  /** Whether another connection is being opened to take its place. */
  isReplacing = false;
  readonly #ended = new AbortController();
  #connectedMs: number | undefined;
  #successor: Opened | undefined;

  constructor(number: number) {
    this.number = number;
  }

  /** Aborts when the attempt ends. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** A method, since its answer changes while one waits. */
  hasEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  /** Whether CONNACK accepted it. */
  get wasConnected(): boolean {
    return this.#connectedMs !== undefined;
  }

  /** Milliseconds since CONNACK; 0 when there was none. */
  get lastedMs(): number {
    return this.#connectedMs === undefined ? 0 : performance.now() - this.#connectedMs;
  }

  onConnected(): void {
    this.#connectedMs = performance.now();
  }

  /** Whether it is ending, for a connection that takes its place. */
  get isLeaving(): boolean {
    return this.#successor !== undefined;
  }

  /** Ends the connection in good order; `successor` is what the next one is made of. */
  closeFor(successor: Opened): void {
    this.#successor = successor;
    this.connection?.close();
  }

  /** What the next attempt is made of, if that still works; whoever takes it owns it. */
  takeSuccessor(): Opened | undefined {
    const successor = this.#successor;
    this.#successor = undefined;
    return successor?.stream.destroyed === false ? successor : undefined;
  }

  /** It is over. May be called again. */
  end(): void {
    this.#ended.abort(new ConnectionError("the connection has ended", { retry: "soon" }));
  }
}

/** Nothing else than a {@link ConnectionError} is thrown on purpose: another one is a fault of this program. */
export function asConnectionError(cause: unknown): ConnectionError {
  if (cause instanceof ConnectionError) return cause;
  return new ConnectionError(describeError(cause), { retry: "soon", end: "fault" }, { cause });
}

/** Waits whether a stream that is open fails within a time; reads nothing of it. */
export async function failureWithin(stream: Duplex, timeMs: number): Promise<ConnectionError | undefined> {
  // Stays: whatever happens to a stream that waits for its turn is found when it is used.
  stream.on("error", () => undefined);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      settle(undefined);
    }, timeMs);
    const settle = (failure: unknown) => {
      clearTimeout(timer);
      stream.off("error", settle);
      stream.off("close", onClose);
      stream.off("end", onClose);
      resolve(failure === undefined ? undefined : lostWith(failure));
    };
    const onClose = () => {
      settle(new ConnectionError("the server closed the connection before CONNECT", { retry: "soon" }));
    };
    stream.once("error", settle);
    stream.once("close", onClose);
    stream.once("end", onClose);
  });
}

function lostWith(cause: unknown): ConnectionError {
  if (cause instanceof ConnectionError) return cause;
  return new ConnectionError(describeError(cause), { retry: "soon" }, { cause });
}

/** Runs `act` with a signal that aborts when `signal` does, or after a time, with a text that says so. */
export async function withinTime<T>(
  timeoutMs: number,
  signal: AbortSignal,
  act: (deadline: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => {
    const text = `no connection within ${timeoutMs} ms; see firewalls and proxies in between, and the broker's log`;
    late.abort(new ConnectionError(text, { retry: "soon" }));
  }, timeoutMs);
  const deadline = AbortSignal.any([signal, late.signal]);
  try {
    return await act(deadline);
  } catch (cause) {
    // Whatever was given up for it says so in its own way.
    if (deadline.aborted && !(cause instanceof ConnectionError)) throw asConnectionError(deadline.reason);
    throw cause;
  } finally {
    clearTimeout(timer);
  }
}
