import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

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
