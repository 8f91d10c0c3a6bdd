import { Command } from "@commander-js/extra-typings";

import { dataflowOption, profileOption } from "../../runtime/command-line/options.ts";
import { checkConfig } from "../check.ts";
import type { Session } from "../session.ts";

const purpose = `Says what is wrong with a configuration, or what it does.

FILE is JSON or YAML, or a folder of such files: a configuration of the relay, resources of Azure IoT Operations as kubectl or az print them, the properties that az takes with --config-file, a template of Azure Resource Manager, or a declaration of Site Ops (doc/documents.md).`;

const exitCodes = `
Exit codes: 0 the relay would run it; 2 the relay would refuse it.`;

/** The command `check`. */
export function checkCommand(session: Session) {
  return new Command("check")
    .summary("say what is wrong with a configuration, and what it does")
    .description(purpose)
    .argument("<file>", "the path of a configuration, or of a folder of them")
    .addOption(profileOption())
    .addOption(dataflowOption())
    .addHelpText("after", exitCodes)
    .action((file, { profile, dataflow = [] }) => {
      session.exitCode = checkConfig(file, { profile, dataflows: dataflow }, session.output);
    });
}
