import { parseRelayConfig } from "../runtime/contract/config.ts";
import { dataflowParts } from "../runtime/contract/config/dataflow.ts";
import { ConfigError, firstLines, formatProblem } from "../runtime/contract/errors.ts";
import { readDocument } from "../runtime/read-document.ts";
import { ExitCode } from "../runtime/run.ts";

/**
 * Prints what is wrong with a configuration, or what it does.
 * @returns the exit code: 0, or 2 when the relay would refuse it
 */
export function checkConfig(file: string, profile: string | undefined, output: NodeJS.WritableStream): number {
  try {
    const { config, warnings, skipped } = parseRelayConfig(readDocument(file), {
      where: file,
      ...(profile === undefined ? {} : { profile }),
    });
    for (const [name, dataflow] of Object.entries(config.dataflows)) {
      const parts = dataflowParts(dataflow);
      if (parts === undefined) continue;
      const { source, destination } = parts;
      const state = dataflow.mode === "Enabled" ? "" : " (disabled)";
      output.write(
        `${name}${state}: ${source.endpointRef} ${source.dataSources.join(", ")} -> ${destination.endpointRef} ${destination.dataDestination}\n`,
      );
    }
    for (const reason of firstLines(skipped, String)) output.write(`skipped: ${reason}\n`);
    for (const warning of firstLines(warnings, formatProblem)) output.write(`warning: ${warning}\n`);
    output.write(`${file} is a configuration that the relay runs\n`);
    return ExitCode.ok;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    output.write(`${error.message}\n`);
    return ExitCode.badConfiguration;
  }
}
