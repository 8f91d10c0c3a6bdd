import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import type { Credentials } from "../identity/credentials.ts";
import { ConnectionError, describeError } from "../contract/errors.ts";
import type { ConnectOptions, ServerLimits } from "../mqtt/connect.ts";
import { Connection, type ConnectionEvents } from "../mqtt/connection.ts";
import { Backoff, type BackoffBounds } from "../contract/backoff.ts";

/** Where a link is: what readiness asks. */
export type LinkState =
  | { readonly kind: "connecting" }
  | { readonly kind: "up" }
  | { readonly kind: "down"; readonly reason: string }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "stopped" };

export interface LinkOptions {
  readonly backoff: BackoffBounds;
  readonly random: () => number;
  readonly timeoutMs: number;
  readonly readCredentials: (signal: AbortSignal) => Promise<Credentials>;
  readonly openStream: (credentials: Credentials, signal: AbortSignal) => Promise<Duplex>;
  /** What CONNECT says this time. */
  readonly connectOptions: (credentials: Credentials) => ConnectOptions;
  /** Takes over a new connection before anything behind its CONNACK is read. */
  readonly onConnected: ConnectionEvents["onConnected"];
  /** Finishes what a connection needs to be up, such as its subscriptions; a rejection ends it. */
  readonly prepare: (connection: Connection, limits: ServerLimits) => Promise<void>;
  readonly onPublish: ConnectionEvents["onPublish"];
  readonly onPuback: ConnectionEvents["onPuback"];
  /** A connection that was taken over has ended; `undefined` where this side ended it in good order. */
  readonly onDisconnected: (error: ConnectionError | undefined) => void;
  /** Whether an end was the fault of one message, so that the next connection may come soon. */
  readonly survives?: (error: ConnectionError) => boolean;
  readonly onStateChange: (state: LinkState, waitMs?: number) => void;
  /**
   * Watches the credentials of a connection that is up; `replace` puts another one in its place.
   * @returns a function that ends it, called when the connection has ended
   */
  readonly watchCredentials?: (connection: Connection, used: Credentials, replace: () => Promise<void>) => () => void;
  /** Brings a connection to rest that is about to be replaced, so that nothing has to be sent twice. Never rejects. */
  readonly quiesce?: () => Promise<void>;
}

/** A stream that is open, and the credentials that go with it. */
interface Opened {
  readonly credentials: Credentials;
  readonly stream: Duplex;
}

/** Time for a server to say that it does not take a client certificate: with TLS 1.3 it does so after the handshake. */
const refusalMs = 500;

/**
 * Keeps one connection to a broker: connects, waits, connects again, until it is stopped or a failure says that only
 * the operator can help.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #stop = new AbortController();
  #connection: Connection | undefined;
  #connectedMs = Infinity;
  /** What the connection that comes next is made of, when it replaces one in good order. */
  #next: Opened | undefined;
  #isReplacing = false;
  #state: LinkState = { kind: "connecting" };
  #firstOutcome: (() => void) | undefined;
  /** Settles once the first attempt has succeeded or failed. */
  readonly firstAttempt: Promise<void>;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.firstAttempt = new Promise((resolve) => (this.#firstOutcome = resolve));
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Runs until {@link stop}, or until it has failed for good. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    const backoff = new Backoff(this.#options.backoff, this.#options.random);
    while (!signal.aborted) {
      this.#connectedMs = Infinity;
      const error = await this.#connectOnce(signal);
      if (this.#isStopped()) break;
      const retry = this.#options.survives?.(error) === true ? "soon" : error.retry;
      if (retry === "never") {
        this.#takeNext()?.stream.destroy();
        this.#setState({ kind: "failed", reason: error.message });
        return;
      }
      if (this.#next !== undefined) {
        this.#setState({ kind: "connecting" });
        continue;
      }
      const waitMs = backoff.next(retry, Math.max(0, performance.now() - this.#connectedMs));
      this.#setState({ kind: "down", reason: error.message }, waitMs);
      // Aborted by stop(): the loop's condition sees it.
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
    this.#setState({ kind: "stopped" });
  }

  /** Ends the connection with DISCONNECT and connects no more. May be called again. */
  stop(): void {
    this.#stop.abort(new Error("the relay is stopping"));
    this.#takeNext()?.stream.destroy();
    this.#connection?.close();
  }

  /** Ends the connection of today, if there is one, and connects again. */
  reconnect(reason: string): void {
    this.#connection?.destroy(reason);
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /**
   * Puts another connection, with the credentials of today, in the place of this one: opens its stream, brings the old
   * one to rest, ends it, and goes on with the session that the broker has kept.
   * @throws {ConnectionError} when the stream can't be opened; the old connection stays as it is
   */
  async #replace(connection: Connection): Promise<void> {
    if (this.#isReplacing || this.#connection !== connection || this.#isStopped()) return;
    this.#isReplacing = true;
    try {
      const next = await this.#open(this.#stop.signal);
      const failure = await failureWithin(next.stream, refusalMs);
      if (failure !== undefined) throw asConnectionError(failure);
      await this.#options.quiesce?.();
      if (this.#isStopped()) {
        next.stream.destroy();
        return;
      }
      this.#next = next;
      connection.close();
    } finally {
      this.#isReplacing = false;
    }
  }

  #takeNext(): Opened | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next?.stream.destroyed === false ? next : undefined;
  }

  async #open(signal: AbortSignal): Promise<Opened> {
    return withinTime(this.#options.timeoutMs, signal, async (deadline) => {
      const credentials = await this.#options.readCredentials(deadline);
      return { credentials, stream: await this.#options.openStream(credentials, deadline) };
    });
  }

  /** One connection, from its first byte to its end; resolves with what ended it. */
  async #connectOnce(signal: AbortSignal): Promise<ConnectionError> {
    let opened: Opened;
    try {
      opened = this.#takeNext() ?? (await this.#open(signal));
    } catch (cause) {
      return asConnectionError(cause);
    }
    const { stream, credentials } = opened;
    let endWatch: (() => void) | undefined;
    return new Promise<ConnectionError>((resolve) => {
      let wasConnected = false;
      let preparationError: ConnectionError | undefined;
      this.#connection = new Connection(stream, this.#options.connectOptions(credentials), {
        onConnected: (connection, limits) => {
          wasConnected = true;
          this.#connectedMs = performance.now();
          this.#options.onConnected(connection, limits);
          endWatch = this.#options.watchCredentials?.(connection, credentials, () => this.#replace(connection));
          this.#prepare(connection, limits).catch((cause: unknown) => {
            preparationError = asConnectionError(cause);
            connection.destroy(preparationError.message);
          });
        },
        onPublish: this.#options.onPublish,
        onPuback: this.#options.onPuback,
        onClosed: (error) => {
          this.#connection = undefined;
          endWatch?.();
          if (wasConnected) this.#options.onDisconnected(error);
          resolve(preparationError ?? error ?? new ConnectionError("the connection was closed", { retry: "soon" }));
        },
      });
      if (this.#isStopped()) this.#connection.close();
    }).catch((cause: unknown) => {
      stream.destroy();
      return asConnectionError(cause);
    });
  }

  async #prepare(connection: Connection, limits: ServerLimits): Promise<void> {
    await this.#options.prepare(connection, limits);
    if (connection.isOpen) this.#setState({ kind: "up" });
  }

  #setState(state: LinkState, waitMs?: number): void {
    this.#state = state;
    this.#options.onStateChange(state, waitMs);
    this.#firstOutcome?.();
  }
}

function asConnectionError(cause: unknown): ConnectionError {
  if (cause instanceof ConnectionError) return cause;
  return new ConnectionError(describeError(cause), { retry: "soon" }, { cause });
}

/** Waits whether a stream that is open fails within a time; reads nothing of it. */
async function failureWithin(stream: Duplex, timeMs: number): Promise<Error | undefined> {
  // Stays: whatever happens to a stream that waits for its turn is found when it is used.
  stream.on("error", () => undefined);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      settle(undefined);
    }, timeMs);
    const settle = (failure: Error | undefined) => {
      clearTimeout(timer);
      stream.off("error", settle);
      stream.off("close", onClose);
      resolve(failure);
    };
    const onClose = () => {
      settle(new Error("the server closed the connection before CONNECT"));
    };
    stream.once("error", settle);
    stream.once("close", onClose);
    stream.once("end", onClose);
  });
}

/** Runs `act` with a signal that aborts when `signal` does, or after a time, with a text that says so. */
async function withinTime<T>(
  timeoutMs: number,
  signal: AbortSignal,
  act: (deadline: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(
      new Error(`no connection within ${timeoutMs} ms; see firewalls and proxies in between, and the broker's log`),
    );
  }, timeoutMs);
  try {
    return await act(AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}
