import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import type { Credentials } from "../credentials/credentials.ts";
import { ConnectionError, describeError } from "../errors.ts";
import type { ConnectOptions, ServerLimits } from "../mqtt/connect.ts";
import { Connection, type ConnectionEvents } from "../mqtt/connection.ts";
import { nextDelay, type BackoffBounds } from "./backoff.ts";

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
  /** A connection that was taken over has ended. */
  readonly onDisconnected: () => void;
  readonly onStateChange: (state: LinkState, waitMs?: number) => void;
}

/** A connection that lasted this long was a good one: the next wait starts small again. */
const stableMs = 10_000;

/**
 * Keeps one connection to a broker: connects, waits, connects again, until it is stopped or a failure says that only
 * the operator can help.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #stop = new AbortController();
  #connection: Connection | undefined;
  #connectedMs = Infinity;
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
    let waitMs = 0;
    while (!signal.aborted) {
      this.#connectedMs = Infinity;
      const error = await this.#connectOnce(signal);
      if (this.#isStopped()) break;
      if (!error.retryable) {
        this.#setState({ kind: "failed", reason: error.message });
        return;
      }
      if (performance.now() - this.#connectedMs > stableMs) waitMs = 0;
      waitMs = nextDelay(waitMs, this.#options.backoff, this.#options.random);
      this.#setState({ kind: "down", reason: error.message }, waitMs);
      // Aborted by stop(): the loop's condition sees it.
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
    this.#setState({ kind: "stopped" });
  }

  /** Ends the connection with DISCONNECT and connects no more. May be called again. */
  stop(): void {
    this.#stop.abort(new Error("the relay is stopping"));
    this.#connection?.close();
  }

  /** Ends the connection of today, if there is one, and connects again. */
  reconnect(reason: string): void {
    this.#connection?.destroy(reason);
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** One connection, from its first byte to its end; resolves with what ended it. */
  async #connectOnce(signal: AbortSignal): Promise<ConnectionError> {
    let stream: Duplex;
    let credentials: Credentials;
    try {
      [credentials, stream] = await withinTime(this.#options.timeoutMs, signal, async (deadline) => {
        const read = await this.#options.readCredentials(deadline);
        return [read, await this.#options.openStream(read, deadline)];
      });
    } catch (cause) {
      if (cause instanceof ConnectionError) return cause;
      return new ConnectionError(describeError(cause), { retryable: true }, { cause });
    }
    return new Promise<ConnectionError>((resolve) => {
      let wasConnected = false;
      let preparationError: ConnectionError | undefined;
      this.#connection = new Connection(stream, this.#options.connectOptions(credentials), {
        onConnected: (connection, limits) => {
          wasConnected = true;
          this.#connectedMs = performance.now();
          this.#options.onConnected(connection, limits);
          this.#prepare(connection, limits).catch((cause: unknown) => {
            preparationError = asConnectionError(cause);
            connection.destroy(preparationError.message);
          });
        },
        onPublish: this.#options.onPublish,
        onPuback: this.#options.onPuback,
        onClosed: (error) => {
          this.#connection = undefined;
          if (wasConnected) this.#options.onDisconnected();
          resolve(preparationError ?? error ?? new ConnectionError("the connection was closed", { retryable: true }));
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
  return new ConnectionError(describeError(cause), { retryable: true }, { cause });
}

/** Runs `act` with a signal that aborts when `signal` does, or after a time, with a text that says so. */
async function withinTime<T>(
  timeoutMs: number,
  signal: AbortSignal,
  act: (deadline: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(new Error(`no connection within ${timeoutMs} ms`));
  }, timeoutMs);
  try {
    return await act(AbortSignal.any([signal, late.signal]));
  } finally {
    clearTimeout(timer);
  }
}
