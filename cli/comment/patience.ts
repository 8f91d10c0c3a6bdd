import { ServiceError } from "./service-error.ts";

/** What waiting needs from outside. */
export interface Patience {
  /** Milliseconds that all waits together may take. */
  readonly limitMs: number;
  /** Tells the user why nothing happens for a while. */
  readonly say: (line: string) => void;
  readonly wait: (ms: number) => Promise<void>;
}

const longestBackoffMs = 16_000;

/**
 * Tries again what may pass later: a rate limit after the wait that the service asks for, a fault of the service or of
 * the network after 1, 2, 4, 8 and 16 seconds, then every 16. What is tried has to look at the service anew each time: a
 * request whose answer got lost may have been carried out.
 * @throws {ServiceError} what was thrown last, when a wait would exceed the limit or trying again changes nothing
 */
export async function withPatience<T>(attempt: () => Promise<T>, patience: Patience): Promise<T> {
  let leftMs = patience.limitMs;
  let backoff = 1;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ServiceError) || error.retryAfterMs === undefined) throw error;
      const waitMs = error.isLimit ? error.retryAfterMs : Math.min(error.retryAfterMs * backoff, longestBackoffMs);
      if (waitMs > leftMs) throw error;
      patience.say(`${error.message.replace(/; [^;]*$/, "")}; trying again in ${Math.ceil(waitMs / 1_000)} s`);
      await patience.wait(waitMs);
      leftMs -= Math.max(waitMs, 1);
      backoff *= 2;
    }
  }
}
