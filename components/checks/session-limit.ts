import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** Bounds of Event Grid's limit, both inclusive; AIO asks for 3 or more. @see Specification, Enable MQTT */
export const sessionLimitBounds = { min: 3, max: 100 } as const;

/** Refuses a limit of client sessions that dataflows can't scale with, or that Event Grid does not have. */
export function checkSessionLimit(path: string, limit: number): Problem[] {
  const { min, max } = sessionLimitBounds;
  if (Number.isInteger(limit) && limit >= min && limit <= max) return [];
  const problem = `is ${limit} sessions, and dataflows need at least ${min} of Event Grid's ${max}`;
  const remedy = `give a whole number from ${min} to ${max}`;
  return byRule("session-limit", [{ path, problem, remedy }]);
}

/**
 * Refuses a limit below the sessions that the dataflows hold. Sessions of clients that are offline count too.
 * @param needed sessions by authentication, such as `{ "UserAssignedManagedIdentity": 4 }`
 */
export function checkSessionsNeeded(path: string, limit: number, needed: ReadonlyMap<string, number>): Problem[] {
  const problems = [...needed]
    .filter(([, sessions]) => sessions > limit)
    .map(([authentication, sessions]) => ({
      path,
      problem: `is ${limit} sessions, and the dataflows open ${sessions} with ${authentication}`,
      remedy: remedyOf(sessions),
    }));
  return byRule("session-limit", problems);
}

/** What to do where so many sessions are needed: no namespace can be told to allow more than its most. */
function remedyOf(sessions: number): string {
  const fewer = "run fewer dataflows or instances";
  return sessions <= sessionLimitBounds.max
    ? `set it to ${sessions} or more, or ${fewer}`
    : `${fewer}, or give some endpoints another identity: ${sessionLimitBounds.max} is the most`;
}

/** Refuses more sessions of one identity at an existing namespace than any namespace allows. */
export function checkSharedSessions(path: string, broker: string, sessions: number): Problem[] {
  const { max } = sessionLimitBounds;
  if (sessions <= max) return [];
  const problem = `brings the sessions of its identity at ${broker} to ${sessions}, and no namespace allows more than ${max}`;
  return byRule("session-limit", [{ path, problem, remedy: "give some sites another managed identity" }]);
}

const secondsPerHour = 3600;

/** Refuses a session expiry that the namespace cuts without a word: what waits longer is lost all the same. */
export function checkSessionExpiry(path: string, seconds: number, maximumHours: number): Problem[] {
  if (seconds <= maximumHours * secondsPerHour) return [];
  const problem = `is ${seconds} s, and the namespace keeps sessions for ${maximumHours} h (${maximumHours * secondsPerHour} s)`;
  const hours = Math.ceil(seconds / secondsPerHour);
  const raised = hours <= 8 ? `set eventGrid.maximumSessionExpiryInHours to ${hours}, or ` : "";
  return byRule("session-expiry", [
    { path, problem, remedy: `${raised}give ${maximumHours * secondsPerHour} s or less` },
  ]);
}
