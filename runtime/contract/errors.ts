import { printable } from "./printable.ts";

/** One thing that the operator has to change, said as `<path>: <problem>; <remedy>`. */
export interface Problem {
  /** Where it is, as the operator wrote it: `endpoints.cloud.mqttSettings.host`. */
  readonly path: string;
  /** What is wrong, with the value and its unit. */
  readonly problem: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Name of the rule that found it, where the documentation lists rules by name: `session-limit`. */
  readonly rule?: string;
  /** Where it stands in a file, when it was read from one. */
  readonly at?: Place;
}

/** A place in a file; line and column are counted from 1, columns in UTF-16 units. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Writes a place as compilers do, so that editors and terminals can open it: `site/plant.yaml:12:5`. */
export function formatPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

/** Longest text that a message repeats whole, in characters: longer than any topic that Event Grid takes. */
const maxQuoted = 300;

/** Puts a text into quotes, shortened where it is so long that messages which repeat it would grow without bound. */
export function quote(text: string): string {
  return `"${shorten(text)}"`;
}

/** Cuts off a text behind 300 characters, or as many as are given. What is left keeps nothing of the rest in memory. */
export function shorten(text: string, most = maxQuoted): string {
  if (text.length <= most) return text;
  // V8 makes no copy of a part: it would keep the whole text.
  return `${Buffer.from(text.slice(0, most - 3)).toString()}...`;
}

/** Problems that a message lists; a document may have thousands. */
const maxListed = 50;

/** Lines for the first of many, and one that counts the rest: `and 7,950 more`. */
export function firstLines<T>(items: readonly T[], line: (item: T) => string): string[] {
  const lines = items.slice(0, maxListed).map(line);
  const rest = items.length - lines.length;
  return rest === 0 ? lines : [...lines, `and ${rest.toLocaleString("en")} more`];
}

/**
 * Puts a problem into one line, in the form that every message of this project has: its place in a file first when that is
 * known, and the rule's name last. What a document holds is escaped as {@link printable} does it, so that it neither forges a line nor steers a terminal.
 */
export function formatProblem({ path, problem, remedy, rule, at }: Problem): string {
  const place = at === undefined ? "" : `${formatPlace(at)}: `;
  return printable(`${place}${path}: ${problem}; ${remedy}${rule === undefined ? "" : ` [${rule}]`}`);
}

/** As `ErrorOptions`, which programs whose compiler is set to a standard before ES2022 don't know. */
interface Cause {
  readonly cause?: unknown;
}

/** The operator has to edit the configuration: the process exits at once, a retry can't help. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "RELAY_CONFIG";
  /** All of them; the message lists the first 50. */
  readonly problems: readonly Problem[];

  /** @param where what was read: a file's path, or the name of a ConfigMap */
  constructor(where: string, problems: readonly Problem[], options?: Cause) {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(
      [`${printable(where)} has ${count}:`, ...firstLines(problems, formatProblem).map((line) => `  ${line}`)].join(
        "\n",
      ),
      options,
    );
    this.problems = problems;
  }
}

/**
 * When to try again after a failure; the waits are those of `Backoff`.
 * - `now`: nothing is wrong, this side wants another connection. Waits no longer than the shortest wait
 * - `soon`: it passes by itself as a rule. Waits as `relay.reconnect` says
 * - `slowly`: somebody has to change something, here or at the broker, which a restart of the relay does not bring about.
 *   Waits 2 to 4 s, then twice as long each time, up to 5 minutes
 */
export type Retry = "now" | "soon" | "slowly";

/** What a {@link ConnectionError} knows beyond its text. */
export interface ConnectionFailure {
  /** MQTT reason code of the packet that ended the connection, when one did. */
  readonly reasonCode?: number | undefined;
  /** When to try again. */
  readonly retry: Retry;
  /** Why a connection ended that was there; omitted where neither of these is known. */
  readonly end?: ConnectionEnd | undefined;
}

/**
 * Why a connection ended that was there.
 * - `peer`: the other side ended it, with DISCONNECT or without a word
 * - `protocol-error`: this side did, since what it read breaks the protocol
 * - `fault`: this side did, since this program has a fault
 */
export type ConnectionEnd = "peer" | "protocol-error" | "fault";

/** A broker can't be reached, refused the connection or ended it: tried again as `retry` says. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code = "RELAY_CONNECTION";
  readonly reasonCode: number | undefined;
  readonly retry: Retry;
  readonly end: ConnectionEnd | undefined;

  constructor(message: string, failure: ConnectionFailure, options?: Cause) {
    super(message, options);
    this.reasonCode = failure.reasonCode;
    this.retry = failure.retry;
    this.end = failure.end;
  }
}

/**
 * Splits a text of this program: it says what is wrong, and behind the first semicolon what to do about it.
 * `no such name; correct host` → `{ problem: "no such name", remedy: "correct host" }`
 */
export function splitRemedy(text: string): { readonly problem: string; readonly remedy?: string } {
  const at = text.indexOf("; ");
  return at < 0 ? { problem: text } : { problem: text.slice(0, at), remedy: text.slice(at + 2) };
}

/**
 * Says what went wrong in one line, whatever was thrown.
 * Judged by shape, since an error of another realm is no instance of this one's `Error`.
 */
export function describeError(cause: unknown): string {
  if (typeof cause !== "object" || cause === null) return String(cause);
  const { message, code, library, reason } = cause as Readonly<Record<string, unknown>>;
  // OpenSSL's message is a line of its own log, with its source files; the reason is the part for people.
  if (typeof library === "string" && typeof reason === "string") return reason;
  const text = typeof message === "string" && message !== "" ? message : undefined;
  // An AggregateError of Node's happy eyeballs has a code and an empty message.
  return text ?? (typeof code === "string" ? code : "unknown error");
}
