import { isIP } from "node:net";
import { parseArgs } from "node:util";

import { describeError } from "./contract/errors.ts";
import { printable } from "./contract/printable.ts";
import { ExitCode, runRelay, type RunOptions } from "./run.ts";

const usage = `usage: mqtt-dataflow-relay run --config FILE-OR-FOLDER [--mounts DIR] [--spool DIR] [--profile NAME]
                                [--dataflow NAME ...] [--metrics-port PORT] [--metrics-host ADDRESS]
                                [--page-port PORT]
                                [--connect-to HOST:PORT=ADDRESS:PORT ...]`;

const options = {
  config: { type: "string" },
  mounts: { type: "string" },
  spool: { type: "string" },
  profile: { type: "string" },
  dataflow: { type: "string", multiple: true },
  "metrics-port": { type: "string" },
  "metrics-host": { type: "string" },
  "page-port": { type: "string" },
  "connect-to": { type: "string", multiple: true },
} as const;

/** The image's entry point. */
async function main(args: readonly string[]): Promise<number> {
  const run = parse(args);
  if (typeof run === "string") {
    process.stderr.write(`${printable(run)}\n\n${usage}\n`);
    return ExitCode.badConfiguration;
  }
  try {
    return await runRelay(run);
  } catch (cause) {
    process.stderr.write(`${printable(describeError(cause))}\n`);
    return ExitCode.failed;
  }
}

/** Reads the command line, or says what is wrong with it. */
function parse(args: readonly string[]): RunOptions | string {
  let parsed;
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (cause) {
    return describeError(cause);
  }
  const { values, positionals } = parsed;
  const { config, mounts, spool, profile, "metrics-port": port, "connect-to": connectTo } = values;
  const { "metrics-host": metricsHost, "page-port": pagePort } = values;
  if (positionals.join(" ") !== "run") return `"${positionals.join(" ")}" is no command; use "run"`;
  if (config === undefined) return "--config: is missing; give the path of a configuration";
  if (port !== undefined && !/^[0-9]{1,5}$/.test(port))
    return `--metrics-port: is "${port}"; give a port, or 0 for none`;
  if (pagePort !== undefined && !/^[0-9]{1,5}$/.test(pagePort))
    return `--page-port: is "${pagePort}"; give a port, or 0 for none`;
  if (metricsHost !== undefined && isIP(metricsHost) === 0)
    return `--metrics-host: is "${metricsHost}"; give an IP address of this machine, such as 127.0.0.1`;
  return {
    configFile: config,
    connectTo: connectTo ?? [],
    ...(mounts === undefined ? {} : { mountPath: mounts }),
    ...(spool === undefined ? {} : { spoolPath: spool }),
    ...(profile === undefined ? {} : { profile }),
    ...(values.dataflow === undefined ? {} : { dataflows: values.dataflow }),
    ...(port === undefined ? {} : { metricsPort: Number(port) }),
    ...(metricsHost === undefined ? {} : { metricsHost }),
    ...(pagePort === undefined ? {} : { pagePort: Number(pagePort) }),
  };
}

process.exitCode = await main(process.argv.slice(2));
