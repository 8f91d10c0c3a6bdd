import { styleText } from "node:util";

import { ExitCode } from "../runtime/run.ts";
import { printable, printableLines } from "../runtime/contract/printable.ts";

type Style = Parameters<typeof styleText>[0];

/** What a command has of the process: where it writes, and what it ends with. */
export interface Session {
  readonly output: NodeJS.WritableStream;
  /** Problems and progress; results never. */
  readonly errors: NodeJS.WritableStream;
  /**
   * Exit code of the process: 0 done, 1 the command found what it looks for or could not do its work, 2 the command line or a
   * file is wrong. A command sets it.
   */
  exitCode: number;
}

/** The session of this process. */
export function processSession(): Session {
  return { output: process.stdout, errors: process.stderr, exitCode: ExitCode.ok };
}

/** Writes lines of a result; what a document says in them is escaped, so that it does not steer a terminal. */
export function say({ output }: Session, ...lines: readonly string[]): void {
  for (const line of lines) output.write(`${printableLines(line)}\n`);
}

interface Versioned {
  readonly version: number;
}

/** What `--json` prints: its version counts its breaking changes. */
export type VersionedDocument = Versioned | (Versioned & Readonly<Record<string, unknown>>);

/**
 * Writes the one JSON document that a command with `--json` writes: a `version`, which counts its breaking changes, and the
 * result. What a terminal would obey in its texts is escaped, as in {@link say}; it reads as the same text.
 */
export function sayJson({ output }: Session, document: VersionedDocument): void {
  output.write(`${printableLines(JSON.stringify(document, undefined, 2))}\n`);
}

/** Colours a text when the output is a terminal that wants it: `NO_COLOR`, `FORCE_COLOR` and a pipe are respected. */
export function coloured({ output }: Session, style: Style, text: string): string {
  return styleText(style, text, { stream: output, validateStream: true });
}

/**
 * Says what a command is doing to whoever watches it at a terminal; what is not one is told nothing. The next call, and
 * {@link endProgress}, replace it.
 */
export function showProgress({ errors }: Session, text: string): void {
  if (isTerminal(errors)) errors.write(`\r\u001b[K${printable(text)}`);
}

/** Clears what {@link showProgress} has shown. */
export function endProgress({ errors }: Session): void {
  if (isTerminal(errors)) errors.write("\r\u001b[K");
}

function isTerminal(stream: NodeJS.WritableStream): boolean {
  return (stream as { readonly isTTY?: boolean }).isTTY === true;
}
