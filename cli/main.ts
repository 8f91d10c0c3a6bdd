import { parseArgs } from "node:util";

import { ConfigError, describeError } from "../runtime/errors.ts";
import { ExitCode, runRelay } from "../runtime/run.ts";
import { checkConfig } from "./check.ts";

const usage = `usage: npm start                              the demo: two emulated brokers, the relay, a plant
       npm start -- --once                    2,000 messages to the cloud and 200 back, then the ledger
       npm start -- --stack ENVIRONMENT       the demo with the settings of stacks/Pulumi.ENVIRONMENT.yaml
       npm start -- --config FILE             the relay alone, with a configuration of yours and real brokers
         [--mounts DIR] [--profile NAME] [--metrics-port PORT] [--connect-to HOST:PORT=ADDRESS:PORT ...]
       npm run mqtt-dataflow -- check FILE    what is wrong with a configuration, and what it does`;

const options = {
  once: { type: "boolean" },
  stack: { type: "string" },
  config: { type: "string" },
  mounts: { type: "string" },
  profile: { type: "string" },
  "metrics-port": { type: "string" },
  "connect-to": { type: "string", multiple: true },
  help: { type: "boolean", short: "h" },
} as const;

/** The command `mqtt-dataflow`. @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const parsed = parse(args);
  if (typeof parsed === "string") {
    process.stderr.write(`${parsed}\n\n${usage}\n`);
    return ExitCode.badConfiguration;
  }
  const { values, positionals } = parsed;
  const [command, file, ...more] = positionals;
  if (values.help === true) {
    process.stdout.write(`${usage}\n`);
    return ExitCode.ok;
  }
  if (command === "check" && file !== undefined && more.length === 0)
    return checkConfig(file, values.profile, process.stdout);
  if (command !== "demo" || file !== undefined) {
    process.stderr.write(`${usage}\n`);
    return ExitCode.badConfiguration;
  }
  if (values.config !== undefined) return runAlone({ ...values, config: values.config });
  // The demo brings Pulumi and the emulator along, which nothing else here needs.
  const { runDemo } = await import("./demo/demo.ts");
  return runDemo({ isOnce: values.once ?? false, environment: values.stack ?? "dev" });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    return describeError(cause);
  }
}

async function runAlone(values: {
  config: string;
  mounts?: string | undefined;
  profile?: string | undefined;
  "metrics-port"?: string | undefined;
  "connect-to"?: string[] | undefined;
}): Promise<number> {
  const { config, mounts, profile, "metrics-port": port, "connect-to": connectTo = [] } = values;
  return runRelay({
    configFile: config,
    connectTo,
    ...(mounts === undefined ? {} : { mountPath: mounts }),
    ...(profile === undefined ? {} : { profile }),
    ...(port === undefined ? {} : { metricsPort: Number(port) }),
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`mqtt-dataflow: ${error instanceof ConfigError ? error.message : describeError(error)}\n`);
  process.exitCode = ExitCode.failed;
}
