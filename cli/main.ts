import { parseLine } from "../runtime/command-line/parse-line.ts";
import { ConfigError, describeError } from "../runtime/contract/errors.ts";
import { printableLines } from "../runtime/contract/printable.ts";
import { ExitCode } from "../runtime/run.ts";
import { buildProgram } from "./program.ts";
import { processSession, type Session } from "./session.ts";

/** The command `mqtt-dataflow`. @returns the exit code */
async function main(args: readonly string[], session: Session): Promise<number> {
  const code = await parseLine(buildProgram(session), args, session);
  return code === ExitCode.ok ? session.exitCode : code;
}

/** `npm start -- --config FILE` is the relay alone: npm puts `demo` in front of it. */
function withoutDemo(args: readonly string[]): readonly string[] {
  const isRelay = args[0] === "demo" && args.some((arg) => arg === "--config" || arg.startsWith("--config="));
  return isRelay ? ["run", ...args.slice(1)] : args;
}

/** Whoever read the output has left, as `| head` does: there is nobody to tell, and what runs must not stay behind. */
function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(ExitCode.failed));
}

endWithReader();
try {
  process.exitCode = await main(withoutDemo(process.argv.slice(2)), processSession());
} catch (error) {
  // In several lines: those of a ConfigError, and those that the stack program refuses with.
  process.stderr.write(`${printableLines(describeError(error))}\n`);
  process.exitCode = error instanceof ConfigError ? ExitCode.badConfiguration : ExitCode.failed;
}
