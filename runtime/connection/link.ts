import type { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

import { Backoff, type BackoffBounds } from "../contract/backoff.ts";
import { ConnectionError, type Retry } from "../contract/errors.ts";
import type { Credentials } from "../identity/credentials.ts";
import type { ConnectOptions, ServerLimits } from "../mqtt/connect.ts";
import { Connection, type ConnectionEvents } from "../mqtt/connection.ts";
import { onceFailing } from "../transport/read-to-end.ts";
import { asConnectionError, Attempt, failureWithin, withinTime, type Opened } from "./attempt.ts";

/** Where a link is: what readiness asks. */
export type LinkState =
  | { readonly kind: "connecting" }
  | { readonly kind: "up" }
  /** With the reason code of the packet that ended the connection, or refused it, where there was one. */
  | { readonly kind: "down"; readonly reason: string; readonly reasonCode?: number }
  | { readonly kind: "stopped" };

/** Who uses one connection, from its CONNACK to its end. */
export interface ConnectionUser {
  /** Finishes what the connection needs to be up, such as its subscriptions; a rejection ends it. */
  readonly prepare: () => Promise<void>;
  readonly onPublish: ConnectionEvents["onPublish"];
  readonly roomFor: ConnectionEvents["roomFor"];
  readonly onPassedOver: ConnectionEvents["onPassedOver"];
  readonly onMalformed?: ConnectionEvents["onMalformed"];
  readonly onPuback: ConnectionEvents["onPuback"];
  /**
   * Brings a connection to rest that is about to be replaced, so that nothing has to be sent twice, until `signal` aborts.
   * From its call on the connection takes and sends nothing new. Never rejects.
   */
  readonly quiesce: (signal: AbortSignal) => Promise<void>;
  /** The connection has ended; `undefined` where this side ended it in good order. */
  readonly close: (error: ConnectionError | undefined) => void;
}

/** Who uses the connections of a link, one after the other. */
export interface LinkUser {
  /** What CONNECT says this time. */
  readonly connectOptions: (credentials: Credentials) => ConnectOptions;
  /** Takes over a new connection before anything behind its CONNACK is read. */
  readonly open: (connection: Connection, limits: ServerLimits) => ConnectionUser;
  /** Whether an end was the fault of one message, so that the next connection may come soon. */
  readonly survives?: (error: ConnectionError) => boolean;
}

export interface LinkOptions {
  readonly backoff: BackoffBounds;
  readonly random: () => number;
  /** Time for a connection to be opened, up to its CONNECT, in milliseconds. */
  readonly timeoutMs: number;
  /** Time for a connection that is replaced to come to rest, in milliseconds; what is not done by then is sent again. */
  readonly quiesceMs: number;
  readonly readCredentials: (signal: AbortSignal) => Promise<Credentials>;
  readonly openStream: (credentials: Credentials, signal: AbortSignal) => Promise<Duplex>;
  readonly onStateChange: (state: LinkState, waitMs?: number) => void;
  /** A connection ended because of a fault of this program, which is the `cause`. */
  readonly onFault?: (error: ConnectionError) => void;
  /**
   * Watches the credentials of a connection that is up; `replace` puts another one in its place.
   * @returns a function that ends it, called when the connection has ended
   */
  readonly watchCredentials?: (connection: Connection, used: Credentials, replace: () => Promise<void>) => () => void;
}

/** Time for a server to say that it does not take a client certificate: with TLS 1.3 it does so after the handshake. */
const refusalMs = 500;
/** Brings a connection to rest at once: nothing that is sent arrives any more, and nothing that comes can be acknowledged. */
const nothingNew = AbortSignal.abort();

/**
 * Keeps one connection to a broker: connects, waits, connects again, until it is stopped. No answer of a broker ends that: a
 * broker can be corrected while the relay waits.
 *
 * All that belongs to one connection is in its {@link Attempt} and ends with it. Code that runs after an `await` names its
 * attempt, and does nothing once that has ended.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #user: LinkUser;
  readonly #stop = new AbortController();
  #current: Attempt | undefined;
  #attempts = 0;
  #state: LinkState = { kind: "connecting" };
  #sinceMs = Date.now();
  #firstOutcome: (() => void) | undefined;
  /** Settles once the first attempt has succeeded or failed. */
  readonly firstAttempt: Promise<void>;

  constructor(user: LinkUser, options: LinkOptions) {
    this.#user = user;
    this.#options = options;
    this.firstAttempt = new Promise((resolve) => (this.#firstOutcome = resolve));
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Since when it has been in a state of this kind, by the wall clock. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Runs until {@link stop}. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stop;
    const backoff = new Backoff(this.#options.backoff, this.#options.random);
    let successor: Opened | undefined;
    /** How long connections lasted that were replaced in good order, since the last one that was not. */
    let handedOverMs = 0;
    while (!signal.aborted) {
      const attempt = new Attempt(++this.#attempts);
      this.#current = attempt;
      const error = await this.#connectOnce(attempt, successor);
      attempt.end();
      successor = attempt.takeSuccessor();
      if (error.end === "fault") this.#options.onFault?.(error);
      if (this.#isStopped()) break;
      if (successor !== undefined) {
        handedOverMs += attempt.lastedMs;
        this.#setState({ kind: "connecting" });
        continue;
      }
      const retry = this.#user.survives?.(error) === true ? "soon" : error.retry;
      const waitMs = backoff.next(retry, handedOverMs + attempt.lastedMs);
      handedOverMs = 0;
      const { message: reason, reasonCode } = error;
      this.#setState({ kind: "down", reason, ...(reasonCode === undefined ? {} : { reasonCode }) }, waitMs);
      // Aborted by stop(): the loop's condition sees it.
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
    successor?.stream.destroy();
    this.#setState({ kind: "stopped" });
  }

  /**
   * Ends the connection with DISCONNECT and connects no more. May be called again.
   * @param how whether the broker is to end the session with it
   */
  stop(how: { readonly endsSession?: boolean } = {}): void {
    if (this.#isStopped()) return;
    this.#stop.abort(new ConnectionError("the relay is stopping", { retry: "soon" }));
    this.#current?.connection?.close(how);
  }

  /** Ends the connection that is open, if there is one, and connects again: with `retry` "now" since it is wanted so. */
  reconnect(reason: string, retry?: Retry): void {
    this.#current?.connection?.destroy(reason, retry);
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /**
   * Puts another connection, with the newest credentials, in the place of this attempt's: opens its stream, brings the old
   * one to rest, ends it, and goes on with the session that the broker has kept. Given up when the old one ends meanwhile:
   * the next one is made with the newest credentials anyway.
   * @throws {ConnectionError} when the stream can't be opened; the old connection stays as it is
   */
  async #replace(attempt: Attempt, user: ConnectionUser): Promise<void> {
    // One that is leaving already has a successor, which looks for newer credentials itself.
    if (attempt.isReplacing || attempt.isLeaving || attempt.hasEnded()) return;
    attempt.isReplacing = true;
    try {
      const opened = await this.#open(AbortSignal.any([this.#stop.signal, attempt.signal]));
      const failure = await failureWithin(opened.stream, refusalMs);
      if (failure !== undefined && !attempt.hasEnded()) throw failure;
      const deadline = AbortSignal.any([attempt.signal, AbortSignal.timeout(this.#options.quiesceMs)]);
      if (!attempt.hasEnded()) await user.quiesce(deadline);
      if (attempt.hasEnded() || this.#isStopped()) opened.stream.destroy();
      else attempt.closeFor(opened);
    } finally {
      attempt.isReplacing = false;
    }
  }

  async #open(signal: AbortSignal): Promise<Opened> {
    return withinTime(this.#options.timeoutMs, signal, async (deadline) => {
      const credentials = await this.#options.readCredentials(deadline);
      return { credentials, stream: await this.#options.openStream(credentials, deadline) };
    });
  }

  /** One connection, from its first byte to its end; resolves with what ended it. */
  async #connectOnce(attempt: Attempt, prepared: Opened | undefined): Promise<ConnectionError> {
    let opened: Opened;
    try {
      opened = prepared ?? (await this.#open(this.#stop.signal));
    } catch (cause) {
      return asConnectionError(cause);
    }
    return this.#useStream(attempt, opened).catch((cause: unknown) => {
      opened.stream.destroy();
      return asConnectionError(cause);
    });
  }

  async #useStream(attempt: Attempt, { stream, credentials }: Opened): Promise<ConnectionError> {
    return new Promise<ConnectionError>((resolve) => {
      let user: ConnectionUser | undefined;
      let endWatch: (() => void) | undefined;
      let preparationError: ConnectionError | undefined;
      let isFailing = false;
      const connection = new Connection(stream, this.#user.connectOptions(credentials), {
        onConnected: (_connection, limits) => {
          attempt.onConnected();
          const opened = this.#user.open(connection, limits);
          user = opened;
          if (isFailing) void opened.quiesce(nothingNew);
          endWatch = this.#options.watchCredentials?.(connection, credentials, () => this.#replace(attempt, opened));
          this.#prepare(attempt, opened).catch((cause: unknown) => {
            preparationError = asConnectionError(cause);
            connection.destroy(preparationError.message);
          });
        },
        onPublish: (view) => user?.onPublish(view),
        roomFor: (bytes) => user?.roomFor(bytes),
        onPassedOver: (view, bytes) => user?.onPassedOver(view, bytes),
        onMalformed: (view, problem) => user?.onMalformed?.(view, problem) === true,
        onPuback: (packetId, reasonCode) => user?.onPuback(packetId, reasonCode),
        onClosed: (error) => {
          attempt.end();
          endWatch?.();
          const fault = failureOf(() => user?.close(error));
          const ended = error ?? new ConnectionError("the connection was closed", { retry: "soon" });
          resolve(fault ?? preparationError ?? ended);
        },
      });
      attempt.connection = connection;
      onceFailing(stream, (close) => {
        isFailing = true;
        if (connection.traffic.isPaused()) close();
        else void user?.quiesce(nothingNew);
      });
      if (this.#isStopped()) connection.close();
    });
  }

  async #prepare(attempt: Attempt, user: ConnectionUser): Promise<void> {
    await user.prepare();
    if (!attempt.hasEnded() && attempt.connection?.isOpen === true) this.#setState({ kind: "up" });
  }

  #setState(state: LinkState, waitMs?: number): void {
    if (state.kind !== this.#state.kind) this.#sinceMs = Date.now();
    this.#state = state;
    this.#firstOutcome?.();
    this.#firstOutcome = undefined;
    this.#options.onStateChange(state, waitMs);
  }
}

/** What an act fails with; it is a fault of this program. */
function failureOf(act: () => void): ConnectionError | undefined {
  try {
    act();
    return undefined;
  } catch (cause) {
    return asConnectionError(cause);
  }
}
