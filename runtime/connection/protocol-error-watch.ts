import type { ConnectionError } from "../contract/errors.ts";

/** Connections in a row that ended at bytes which can't be read, after which the next one would too. */
const maxErrors = 5;
/** A connection that lasted longer did not end at the first thing that the session held. */
const soonMs = 60_000;

/**
 * Finds a source whose session holds a message that can't be read: each connection ends at it, and the source sends it
 * again on the next one, for ever.
 */
export class ProtocolErrorWatch {
  #errors = 0;
  #connectedMs = 0;

  onConnected(nowMs: number): void {
    this.#connectedMs = nowMs;
  }

  /** A connection has ended; returns why there is no point in another one, if there is none. */
  onEnd(error: ConnectionError | undefined, nowMs: number): string | undefined {
    if (error?.end !== "protocolError") {
      this.#errors = 0;
      return undefined;
    }
    this.#errors = nowMs - this.#connectedMs > soonMs ? 1 : this.#errors + 1;
    if (this.#errors < maxErrors) return undefined;
    const remedy =
      "see the broker's log for the publisher, and remove this client's session there to drop what it holds";
    return `${error.message}, ${this.#errors} times in a row; ${remedy}`;
  }
}
