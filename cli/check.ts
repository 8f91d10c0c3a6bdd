import { dataflowParts } from "../runtime/contract/config/dataflow.ts";
import { ConfigError, firstLines, formatProblem } from "../runtime/contract/errors.ts";
import { printable } from "../runtime/contract/printable.ts";
import { readConfiguration, type Wanted } from "../runtime/read-configuration.ts";
import { ExitCode } from "../runtime/run.ts";

/**
 * Prints what is wrong with a configuration, or what it does, what is skipped and what is noted. What the document says is escaped: a line is a line of ours.
 * @param file a file, or a folder of files
 * @returns the exit code: 0, or 2 when the relay would refuse it
 */
export function checkConfig(file: string, wanted: Wanted, output: NodeJS.WritableStream): number {
  const say = (line: string) => output.write(`${printable(line)}\n`);
  try {
    const { config, warnings, skipped, notes } = readConfiguration(file, wanted);
    for (const [name, dataflow] of Object.entries(config.dataflows)) {
      const parts = dataflowParts(dataflow);
      if (parts === undefined) continue;
      const { source, destination } = parts;
      const state = dataflow.mode === "Enabled" ? "" : " (disabled)";
      say(
        `${name}${state}: ${source.endpointRef} ${source.dataSources.join(", ")} -> ${destination.endpointRef} ${destination.dataDestination}`,
      );
    }
    for (const reason of firstLines(skipped, String)) say(`skipped: ${reason}`);
    for (const note of firstLines(notes, String)) say(`note: ${note}`);
    for (const warning of firstLines(warnings, formatProblem)) say(`warning: ${warning}`);
    say(`${file} is a configuration that the relay runs`);
    return ExitCode.ok;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of error.message.split("\n")) say(line);
    return ExitCode.badConfiguration;
  }
}
