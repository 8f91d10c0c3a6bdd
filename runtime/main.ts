import { parseArgs } from "node:util";

import { describeError } from "./errors.ts";
import { ExitCode, runRelay } from "./run.ts";

const usage = `usage: mqtt-dataflow-relay run --config FILE [--mounts DIR] [--profile NAME] [--metrics-port PORT]
                                [--connect-to HOST:PORT=ADDRESS:PORT ...]`;

/** The image's entry point. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: "string" },
        mounts: { type: "string" },
        profile: { type: "string" },
        "metrics-port": { type: "string" },
        "connect-to": { type: "string", multiple: true },
      },
    });
    if (positionals[0] !== "run" || positionals.length > 1 || values.config === undefined) {
      process.stderr.write(`${usage}\n`);
      return ExitCode.badConfiguration;
    }
    const { config, mounts, profile, "metrics-port": port, "connect-to": connectTo } = values;
    return await runRelay({
      configFile: config,
      connectTo: connectTo ?? [],
      ...(mounts === undefined ? {} : { mountPath: mounts }),
      ...(profile === undefined ? {} : { profile }),
      ...(port === undefined ? {} : { metricsPort: Number(port) }),
    });
  } catch (cause) {
    process.stderr.write(`${describeError(cause)}\n`);
    return ExitCode.failed;
  }
}

process.exitCode = await main(process.argv.slice(2));
