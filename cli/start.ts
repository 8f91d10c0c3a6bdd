import type { CommandUnknownOpts } from "@commander-js/extra-typings";

import { parseLine } from "../runtime/command-line/parse-line.ts";
import { ConfigError, describeError } from "../runtime/contract/errors.ts";
import { printableLines } from "../runtime/contract/printable.ts";
import { ExitCode } from "../runtime/run.ts";
import { processSession, type Session } from "./session.ts";

/**
 * Runs a command line in this process and sets its exit code. Never throws: whatever is thrown is said in one line.
 * @param args what stands behind the program's name
 */
export async function startProgram(
  buildProgram: (session: Session) => CommandUnknownOpts,
  args: readonly string[],
): Promise<void> {
  endWithReader();
  const session = processSession();
  try {
    const code = await parseLine(buildProgram(session), args, session);
    process.exitCode = code === ExitCode.ok ? session.exitCode : code;
  } catch (error) {
    // In several lines: those of a ConfigError, and those that the stack program refuses with.
    process.stderr.write(`${printableLines(describeError(error))}\n`);
    process.exitCode = error instanceof ConfigError ? ExitCode.badConfiguration : ExitCode.failed;
  }
}

/** Whoever read the output has left, as `| head` does: there is nobody to tell, and what runs must not stay behind. */
function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(ExitCode.failed));
}
