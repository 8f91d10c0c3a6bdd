import { ConfigError, describeError, formatProblem, type Problem } from "../runtime/contract/errors.ts";
import { printableLines } from "../runtime/contract/printable.ts";
import { ExitCode, runRelay } from "../runtime/run.ts";
import { parseArguments } from "./arguments.ts";
import { checkConfig } from "./check.ts";
import { checkEnvironment } from "./demo/stack-file.ts";

const usage = `usage: npm start                              the demo: two emulated brokers, the relay, a plant
       npm start -- --once                    2,000 messages to the cloud and 200 back, then the ledger
       npm start -- --stack ENVIRONMENT       the demo with the settings of stacks/Pulumi.ENVIRONMENT.yaml
       npm start -- --config FILE             the relay alone, with a configuration of yours and real brokers
         [--mounts DIR] [--profile NAME] [--dataflow NAME ...] [--metrics-port PORT] [--metrics-host ADDRESS]
         [--connect-to HOST:PORT=ADDRESS:PORT ...]
       npm run mqtt-dataflow -- check FILE    what is wrong with a configuration, and what it does
         [--profile NAME] [--dataflow NAME ...]

FILE is JSON or YAML, or a folder of such files: a configuration of the relay, resources of Azure IoT Operations
as kubectl or az print them, the properties that az takes with --config-file, a template of Azure Resource Manager,
or a declaration of Site Ops (doc/documents.md). --dataflow takes just the dataflows that it names.`;

/** The command `mqtt-dataflow`. @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  const given = parseArguments(args);
  switch (given.kind) {
    case "help":
      process.stdout.write(`${usage}\n`);
      return ExitCode.ok;
    case "wrong":
      return refuse(given.problems);
    case "check":
      return checkConfig(given.file, given.wanted, process.stdout);
    case "relay":
      return runRelay(given.options);
    case "demo": {
      const problems = await checkEnvironment(given.environment);
      if (problems.length > 0) return refuse(problems);
      // The demo brings Pulumi and the emulator along, which nothing else here needs.
      const { runDemo } = await import("./demo/demo.ts");
      return runDemo(given);
    }
  }
}

/** Prints a line for each problem; without any, nothing was asked for. */
function refuse(problems: readonly Problem[]): number {
  process.stderr.write(`${problems.map(formatProblem).join("\n") || usage}\n`);
  return ExitCode.badConfiguration;
}

/** Whoever read the output has left, as `| head` does: there is nobody to tell, and what runs must not stay behind. */
function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(ExitCode.failed));
}

endWithReader();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // In several lines: those of a ConfigError, and those that the stack program refuses with.
  process.stderr.write(`${printableLines(describeError(error))}\n`);
  process.exitCode = error instanceof ConfigError ? ExitCode.badConfiguration : ExitCode.failed;
}
