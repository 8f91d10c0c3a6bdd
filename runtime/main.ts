import { Command } from "@commander-js/extra-typings";

import { parseLine } from "./command-line/parse-line.ts";
import { runCommand } from "./command-line/run-command.ts";
import { describeError } from "./contract/errors.ts";
import { printable } from "./contract/printable.ts";
import { endInTime, ExitCode, runRelay } from "./run.ts";

/** The image's entry point. */
async function main(args: readonly string[]): Promise<number> {
  let exitCode: number = ExitCode.ok;
  const run = runCommand(undefined, async (options) => {
    exitCode = await runRelay(options, endInTime);
  });
  const program = new Command("mqtt-dataflow-relay").description("the relay").addCommand(run);
  try {
    const code = await parseLine(program, args, { output: process.stdout, errors: process.stderr });
    return code === ExitCode.ok ? exitCode : code;
  } catch (cause) {
    process.stderr.write(`${printable(describeError(cause))}\n`);
    return ExitCode.failed;
  }
}

process.exitCode = await main(process.argv.slice(2));
