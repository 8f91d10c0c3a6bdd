import type { ConnectionError } from "../../contract/errors.ts";
import { blameOfReasonCode } from "../../contract/reason-codes.ts";
import type { Entry } from "../entry.ts";

/** Closings at the same message after which it is sent alone. */
const closingsBeforeAlone = 2;
/** Closings at a message that was sent alone after which it counts as undeliverable. */
const maxClosingsAlone = 5;
/**
 * How long a message is sent alone at least where the destination has taken nothing since the last poison message: it may
 * close at every message until a role assignment has arrived, which takes up to ten minutes.
 */
const minAloneMs = 10 * 60 * 1000;

/** What was in flight when a connection to the destination ended. */
export interface Closing {
  readonly oldest: Entry | undefined;
  readonly inFlight: number;
  /** Why it ended; `undefined` where this side ended it in good order. */
  readonly error: ConnectionError | undefined;
  readonly nowMs: number;
  /** Messages that the destination has taken since the process started. */
  readonly delivered: number;
}

/**
 * What a closing says about the oldest message in flight.
 * - `nothing`: it may have ended for another reason
 * - `candidate`: it may be a poison message, and is to be sent alone next
 * - `poison`: it can never be delivered
 */
export type ClosingVerdict = "nothing" | "candidate" | "poison";

/**
 * Finds a poison message: one at which the destination closes the connection each time that it is sent. Without this the
 * relay would connect, send and be disconnected for ever, and nothing behind it would arrive.
 *
 * Whoever sends asks {@link sendsAlone} at each new connection: while it is true, the connection has to stay open for a
 * while without any message first, and then gets one message at a time. So a broker or a network that closes for reasons of
 * its own makes no message a poison message.
 */
export class PoisonWatch {
  #candidate: Entry | undefined;
  #closings = 0;
  #closingsAlone = 0;
  #aloneSinceMs = 0;
  #deliveredAtVerdict = 0;
  #isNamed = false;

  /** Whether there is a message that has to be sent alone. */
  get sendsAlone(): boolean {
    return this.#candidate !== undefined && (this.#isNamed || this.#closings >= closingsBeforeAlone);
  }

  /** Closings in a row at the same message. */
  get closings(): number {
    return this.#closings;
  }

  /** A connection to the destination has ended. */
  judge({ oldest, inFlight, error, nowMs, delivered }: Closing): ClosingVerdict {
    const blame = error?.end === "peer" ? blameOfReasonCode(error.reasonCode) : "none";
    // With nothing in flight it closes without a message too: that tells nothing about any.
    if (oldest === undefined || blame === "none") return "nothing";
    if (oldest !== this.#candidate) {
      this.clear();
      this.#candidate = oldest;
    }
    const wasAlone = this.sendsAlone && inFlight === 1;
    this.#closings++;
    if (wasAlone && this.#closingsAlone++ === 0) this.#aloneSinceMs = nowMs;
    this.#isNamed ||= blame === "message";
    if (!this.sendsAlone) return "nothing";
    if (!this.#isPoison(blame === "message" && inFlight === 1, nowMs, delivered)) return "candidate";
    this.clear();
    this.#deliveredAtVerdict = delivered;
    return "poison";
  }

  /** The candidate is acknowledged, or gone. */
  clear(): void {
    this.#candidate = undefined;
    this.#closings = this.#closingsAlone = 0;
    this.#isNamed = false;
  }

  #isPoison(isNamed: boolean, nowMs: number, delivered: number): boolean {
    if (isNamed) return true;
    if (this.#closingsAlone < maxClosingsAlone) return false;
    // A dead letter is a message that was judged before, in another envelope.
    const takesOthers = delivered > this.#deliveredAtVerdict || this.#candidate?.isDeadLetter === true;
    return takesOthers || nowMs - this.#aloneSinceMs >= minAloneMs;
  }
}
