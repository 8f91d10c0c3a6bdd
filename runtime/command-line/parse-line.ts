import { CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";

import { formatProblem, type Problem } from "../contract/errors.ts";
import { ExitCode } from "../run.ts";
import { asksForHelp, checkLine, findCommand } from "./check-line.ts";

/** Where a command writes. */
export interface Streams {
  readonly output: NodeJS.WritableStream;
  readonly errors: NodeJS.WritableStream;
}

/**
 * Runs the command that a command line names, or says all that is wrong with the line.
 * @param args what stands behind the program's name
 * @returns the exit code of what was decided here: 2 for a line that is wrong, 0 otherwise; a command that ran has set its own
 * @throws what the command throws
 */
export async function parseLine(
  program: CommandUnknownOpts,
  args: readonly string[],
  streams: Streams,
): Promise<number> {
  configure(program, streams);
  const line = findCommand(program, args);
  const { command } = line;
  if (!asksForHelp(line) && !asksForVersion(command, line.rest)) {
    const problems = command.commands.length > 0 ? checkName(command, line.rest) : checkLine(line);
    if (problems.length > 0) return refuse(problems, streams);
    if (command.commands.length > 0) {
      streams.errors.write(command.helpInformation());
      return ExitCode.badConfiguration;
    }
  }
  try {
    await program.parseAsync([...args], { from: "user" });
    return ExitCode.ok;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version end this way too.
    return error.exitCode === 0 ? ExitCode.ok : ExitCode.badConfiguration;
  }
}

function refuse(problems: readonly Problem[], { errors }: Streams): number {
  errors.write(`${problems.map(formatProblem).join("\n")}\n`);
  return ExitCode.badConfiguration;
}

/** A command that has commands of its own, and none of them is named. */
function checkName(command: CommandUnknownOpts, [name]: readonly string[]): Problem[] {
  if (name === undefined) return [];
  const names = command
    .createHelp()
    .visibleCommands(command)
    .map((each) => each.name());
  const remedy = `use one of ${names.join(", ")}`;
  return [{ path: name, problem: name.startsWith("-") ? "is not an option here" : "is not a command", remedy }];
}

function asksForVersion(command: CommandUnknownOpts, [first]: readonly string[]): boolean {
  return command.parent === null && command.version() !== undefined && (first === "--version" || first === "-V");
}

function configure(command: CommandUnknownOpts, { output, errors }: Streams): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => output.write(text),
    writeErr: (text) => errors.write(text),
  });
  for (const each of command.commands) configure(each, { output, errors });
}
