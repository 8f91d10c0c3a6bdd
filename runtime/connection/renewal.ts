import { setTimeout as delay } from "node:timers/promises";

import type { CredentialChange, Credentials, CredentialSource } from "../identity/credentials.ts";
import { describeError } from "../contract/errors.ts";
import type { Logger } from "../report/log.ts";
import type { Connection } from "../mqtt/connection.ts";
import { nextDelay, type BackoffBounds } from "../contract/backoff.ts";

/** What keeping a connection's credentials needs. */
export interface RenewalOptions {
  readonly source: Pick<CredentialSource, "watch">;
  readonly backoff: BackoffBounds;
  readonly random: () => number;
  readonly log: Pick<Logger, "info" | "warn">;
}

/** Connections that have to be replaced at once are spread over this time. */
const spreadMs = 5000;

/**
 * Takes newer credentials over on one live connection: a token by AUTH, without a break; what counts only at the start
 * of a connection by putting another one in its place. A token that the server does not take by AUTH is tried that way.
 *
 * @param replace rejects when the other connection can't be opened; the one of today goes on then
 * @returns a function that ends it
 */
export function keepRenewed(
  connection: Pick<Connection, "reauthenticate" | "isOpen">,
  used: Credentials,
  replace: () => Promise<void>,
  options: RenewalOptions,
): () => void {
  const renewal = new Renewal(connection, replace, options);
  const endWatch = options.source.watch(used, (change) => {
    renewal.onChange(change);
  });
  return () => {
    renewal.end();
    endWatch();
  };
}

class Renewal {
  readonly #connection: Pick<Connection, "reauthenticate" | "isOpen">;
  readonly #replace: () => Promise<void>;
  readonly #options: RenewalOptions;
  readonly #ended = new AbortController();
  /** The token to show next; `undefined` while none is under way. */
  #newest: Buffer | undefined;
  #isReplacing = false;

  constructor(
    connection: Pick<Connection, "reauthenticate" | "isOpen">,
    replace: () => Promise<void>,
    options: RenewalOptions,
  ) {
    this.#connection = connection;
    this.#replace = replace;
    this.#options = options;
  }

  onChange(change: CredentialChange): void {
    if (change.kind === "reconnect") {
      void this.#replaceUntilDone(`${change.what} was renewed`, spreadMs);
      return;
    }
    const isUnderWay = this.#newest !== undefined;
    this.#newest = change.data;
    if (!isUnderWay) void this.#showTokens();
  }

  end(): void {
    this.#ended.abort();
  }

  /** Shows the newest token, and the one after it that comes meanwhile. */
  async #showTokens(): Promise<void> {
    const { log } = this.#options;
    try {
      for (let shown: Buffer | undefined; shown !== this.#newest;) {
        shown = this.#newest;
        if (shown !== undefined) await this.#connection.reauthenticate(shown);
      }
      this.#newest = undefined;
      log.info({ event: "reauthenticated" }, "re-authenticated");
    } catch (cause) {
      this.#newest = undefined;
      const reason = describeError(cause);
      log.warn({ event: "reauthentication-failed", reason }, "re-authentication failed");
      // A server that refuses ends the connection itself, and the next one is made with backoff.
      if (this.#connection.isOpen) await this.#replaceUntilDone(reason, 0);
    }
  }

  async #replaceUntilDone(why: string, spreadMs: number): Promise<void> {
    if (this.#isReplacing) return;
    this.#isReplacing = true;
    const { random, backoff } = this.#options;
    try {
      for (let waitMs = random() * spreadMs; ;) {
        await delay(waitMs, undefined, { signal: this.#ended.signal, ref: false }).catch(() => undefined);
        if (this.#hasEnded) return;
        const nextMs = nextDelay(waitMs, backoff, random);
        if (await this.#tryToReplace(why, nextMs)) return;
        waitMs = nextMs;
      }
    } finally {
      this.#isReplacing = false;
    }
  }

  /** Tells whether nothing more is to be done: the connection was replaced, or has ended on its own. */
  async #tryToReplace(why: string, retryInMs: number): Promise<boolean> {
    const { log } = this.#options;
    log.info({ event: "connection-replacing", why }, "replacing the connection");
    try {
      await this.#replace();
      return true;
    } catch (cause) {
      // The next connection is made with the newest credentials anyway.
      if (this.#hasEnded) return true;
      const fields = { why, reason: describeError(cause), retryInMs: Math.round(retryInMs) };
      log.warn(
        { event: "connection-not-replaced", ...fields },
        "connection not replaced: the one that is open goes on, will retry",
      );
      return false;
    }
  }

  get #hasEnded(): boolean {
    return this.#ended.signal.aborted;
  }
}
