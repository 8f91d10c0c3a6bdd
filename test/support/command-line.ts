import { PassThrough } from "node:stream";

import { buildProgram } from "../../cli/program.ts";
import { parseLine } from "../../runtime/command-line/parse-line.ts";

/** What a command line came to. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command line of `mqtt-dataflow` in this process: `["check", "relay.json"]`. */
export async function runCommandLine(args: readonly string[]): Promise<Outcome> {
  const [output, errors] = [new PassThrough({ encoding: "utf8" }), new PassThrough({ encoding: "utf8" })];
  const session = { output, errors, exitCode: 0 };
  const code = await parseLine(buildProgram(session), args, session);
  const read = (stream: PassThrough) => (stream.read() as string | null) ?? "";
  return { code: code === 0 ? session.exitCode : code, output: read(output), errors: read(errors) };
}
