import { describeError, splitRemedy } from "../../runtime/contract/errors.ts";
import type { Cause } from "./causes.ts";

/** What was looked at. */
export type CheckName =
  | "dns"
  | "tcp"
  | "proxy"
  | "credentials"
  | "tls"
  | "websocket"
  | "connack"
  | "limits"
  | "subscribe"
  | "publish"
  | "sessions"
  | "clock"
  | "disk"
  | "memory"
  | "load";

/**
 * How it was found.
 * - `good`: as it should be
 * - `warning`: it works, and something may be lost or slow
 * - `problem`: it does not work
 * - `unknown`: it could not be looked at, or was not meant to be
 */
export type FindingState = "good" | "warning" | "problem" | "unknown";

/** One thing that was looked at. */
export interface Finding {
  /** What it is about: `endpoint "cloud"`, `dataflow "telemetry"`, `this machine`. */
  readonly about: string;
  readonly check: CheckName;
  readonly state: FindingState;
  readonly text: string;
  /** What is wrong, where something is. */
  readonly cause?: Cause;
  readonly remedy?: string;
  /** Where Azure tells more, where it does. */
  readonly azure?: string;
  /** Numbers and names for programs: limits of a CONNACK, claims of a token. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Takes each finding as it is made. */
export type Report = (finding: Finding) => void;

/** What is reported of one thing; it is named once. */
export class Reporter {
  readonly #about: string;
  readonly #report: Report;

  constructor(about: string, report: Report) {
    this.#about = about;
    this.#report = report;
  }

  good(check: CheckName, text: string, details?: Finding["details"]): void {
    this.#report({ about: this.#about, check, state: "good", text, ...(details === undefined ? {} : { details }) });
  }

  unknown(check: CheckName, text: string, remedy?: string): void {
    this.#report({ about: this.#about, check, state: "unknown", text, ...(remedy === undefined ? {} : { remedy }) });
  }

  warning(check: CheckName, cause: Cause, text: string, more: FindingNotes = {}): void {
    this.#report({ about: this.#about, check, state: "warning", cause, ...withRemedy(text, more) });
  }

  problem(check: CheckName, cause: Cause, text: string, more: FindingNotes = {}): void {
    this.#report({ about: this.#about, check, state: "problem", cause, ...withRemedy(text, more) });
  }
}

/** What a finding has besides its text. */
export type FindingNotes = Pick<Finding, "remedy" | "azure" | "details">;

function withRemedy(text: string, more: FindingNotes): Pick<Finding, "text"> & FindingNotes {
  if (more.remedy !== undefined) return { text, ...more };
  const { problem, ...rest } = splitRemedy(text);
  return { ...more, text: problem, ...rest };
}

/** The text of a failure without the name of the peer, which stands before each finding. */
export function textOf(cause: unknown, peer: string): string {
  const text = describeError(cause);
  return text.startsWith(peer) ? text.slice(peer.length).trimStart() : text;
}
