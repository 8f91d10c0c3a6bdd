import { Command } from "@commander-js/extra-typings";

import type { RunOptions } from "../run.ts";
import { collect, dataflowOption, profileOption, readAddress, readPortOrNone } from "./options.ts";

const purpose = `Runs the relay with a configuration of yours, until SIGTERM or SIGINT.

FILE is JSON or YAML, or a folder of such files: a configuration of the relay, resources of Azure IoT Operations as kubectl or az print them, the properties that az takes with --config-file, a template of Azure Resource Manager, or a declaration of Site Ops.`;

const exitCodes = `
Exit codes: 0 told to stop, and stopped; 1 no dataflow is left that can run;
2 the command line or the configuration is wrong.`;

/**
 * The command `run`, the same in the image and in the package.
 * @param metricsHost where probes and metrics are served unless the command line says it; omitted: on every address, which a pod's probes need
 * @param run takes what the command line says
 */
export function runCommand(metricsHost: string | undefined, run: (options: RunOptions) => Promise<void>): Command {
  const command = new Command("run")
    .summary("run the relay with a configuration of yours")
    .description(purpose)
    .requiredOption("--config <file>", "the path of a configuration, or of a folder of them")
    .option(
      "--mounts <dir>",
      "folder with secrets/<secretRef>/<key>, configmaps/<configMapRef>/<key>, tokens/<endpoint>",
    )
    .option("--spool <dir>", "folder of the disk queue; omitted: the configuration's")
    .addOption(profileOption())
    .addOption(dataflowOption())
    .option(
      "--metrics-port <port>",
      "port of probes and metrics, 0 for none; omitted: the configuration's",
      readPortOrNone,
    )
    .option(
      "--metrics-host <address>",
      `address that probes and metrics are served at; omitted: ${metricsHost ?? "every address"}`,
      readAddress,
    )
    .option(
      "--page-port <port>",
      "port of the status page on loopback, 0 for none; omitted: the configuration's",
      readPortOrNone,
    )
    .option(
      "--connect-to <from=to>",
      "<host>:<port>=<address>:<port>, connect there instead; for development",
      collect,
    );
  command.addHelpText("after", exitCodes);
  command.action((options) => run(buildRunOptions(options, metricsHost)));
  return command;
}

/** What `run` says, as it was parsed; each is as {@link RunOptions} has it. */
interface GivenOptions {
  readonly config: string;
  readonly mounts?: string | undefined;
  readonly spool?: string | undefined;
  readonly profile?: string | undefined;
  readonly dataflow?: readonly string[] | undefined;
  readonly metricsPort?: number | undefined;
  readonly metricsHost?: string | undefined;
  readonly pagePort?: number | undefined;
  readonly connectTo?: readonly string[] | undefined;
}

function buildRunOptions(given: GivenOptions, defaultHost: string | undefined): RunOptions {
  const { mounts, spool, profile, dataflow, metricsPort, metricsHost = defaultHost, pagePort } = given;
  return {
    configFile: given.config,
    connectTo: given.connectTo ?? [],
    ...(mounts === undefined ? {} : { mountPath: mounts }),
    ...(spool === undefined ? {} : { spoolPath: spool }),
    ...(profile === undefined ? {} : { profile }),
    ...(dataflow === undefined ? {} : { dataflows: dataflow }),
    ...(metricsPort === undefined ? {} : { metricsPort }),
    ...(metricsHost === undefined ? {} : { metricsHost }),
    ...(pagePort === undefined ? {} : { pagePort }),
  };
}
