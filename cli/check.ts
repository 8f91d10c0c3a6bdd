import { readFile } from "node:fs/promises";

import { parseRelayConfig } from "../runtime/contract/config.ts";
import { dataflowParts } from "../runtime/contract/config/dataflow.ts";
import { ConfigError, describeError, formatProblem } from "../runtime/contract/errors.ts";
import { ExitCode } from "../runtime/run.ts";

/**
 * Prints what is wrong with a configuration, or what it does.
 * @returns the exit code: 0, or 2 when the relay would refuse it
 */
export async function checkConfig(
  file: string,
  profile: string | undefined,
  output: NodeJS.WritableStream,
): Promise<number> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    output.write(`${file}: can't be read (${describeError(cause)}); give the path of a configuration\n`);
    return ExitCode.badConfiguration;
  }
  try {
    const { config, warnings, skipped } = parseRelayConfig(text, {
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
    for (const reason of skipped) output.write(`skipped: ${reason}\n`);
    for (const warning of warnings) output.write(`warning: ${formatProblem(warning)}\n`);
    output.write(`${file} is a configuration that the relay runs\n`);
    return ExitCode.ok;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    output.write(`${error.message}\n`);
    return ExitCode.badConfiguration;
  }
}
