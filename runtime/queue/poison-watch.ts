import type { ConnectionError } from "../contract/errors.ts";
import { blameOfReasonCode } from "../contract/reason-codes.ts";
import type { Entry } from "./entry.ts";

/** Closings at the same message after which it is sent alone. */
const closingsBeforeTrial = 2;
/** Closings at a message that was sent alone after which it counts as undeliverable. */
const maxTrials = 5;
/**
 * How long the trials last at least where the destination has taken nothing since the last verdict: it may close at every
 * message until a role assignment has arrived, which takes up to ten minutes.
 */
const minTrialsMs = 10 * 60 * 1000;

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
 * - `nothing`: the message has no part in it, as far as one can tell
 * - `suspect`: it is to be sent alone next
 * - `guilty`: it can never be delivered
 */
export type ClosingVerdict = "nothing" | "suspect" | "guilty";

/**
 * Finds a message at which the destination closes the connection each time that it is sent: without it the relay would
 * connect, send and be closed upon for ever, and nothing behind it would arrive.
 *
 * Whoever sends asks {@link isOnTrial} at each new connection: while it is true, the connection has to stay open for a
 * while without any message first, and then gets one message at a time. So a broker or a network that closes for reasons of
 * its own puts no message in the wrong.
 */
export class SuspectWatch {
  #suspect: Entry | undefined;
  #closings = 0;
  #trials = 0;
  #trialsSinceMs = 0;
  #deliveredAtVerdict = 0;
  #isBlamed = false;

  /** Whether there is a message that has to be sent alone. */
  get isOnTrial(): boolean {
    return this.#suspect !== undefined && (this.#isBlamed || this.#closings >= closingsBeforeTrial);
  }

  /** Closings in a row at the message that is suspected. */
  get closings(): number {
    return this.#closings;
  }

  /** A connection to the destination has ended. */
  judge({ oldest, inFlight, error, nowMs, delivered }: Closing): ClosingVerdict {
    const blame = error?.end === "peer" ? blameOfReasonCode(error.reasonCode) : "none";
    // Nothing in flight: it closes without a message too, which is no news of any.
    if (oldest === undefined || blame === "none") return "nothing";
    if (oldest !== this.#suspect) {
      this.clear();
      this.#suspect = oldest;
    }
    const wasTrial = this.isOnTrial && inFlight === 1;
    this.#closings++;
    if (wasTrial && this.#trials++ === 0) this.#trialsSinceMs = nowMs;
    this.#isBlamed ||= blame === "message";
    if (!this.isOnTrial) return "nothing";
    if (!this.#isGuilty(blame === "message" && inFlight === 1, nowMs, delivered)) return "suspect";
    this.clear();
    this.#deliveredAtVerdict = delivered;
    return "guilty";
  }

  /** The message that was suspected is acknowledged, or gone. */
  clear(): void {
    this.#suspect = undefined;
    this.#closings = this.#trials = 0;
    this.#isBlamed = false;
  }

  #isGuilty(isNamed: boolean, nowMs: number, delivered: number): boolean {
    if (isNamed) return true;
    if (this.#trials < maxTrials) return false;
    // A dead letter is a message that was judged before, in another envelope.
    const takesOthers = delivered > this.#deliveredAtVerdict || this.#suspect?.isDeadLetter === true;
    return takesOthers || nowMs - this.#trialsSinceMs >= minTrialsMs;
  }
}
