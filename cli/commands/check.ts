import { Command } from "@commander-js/extra-typings";

import { dataflowOption, profileOption } from "../../runtime/command-line/options.ts";
import { printable } from "../../runtime/contract/printable.ts";
import { ExitCode } from "../../runtime/run.ts";
import { judgeFile } from "../check/judge-file.ts";
import { verdictLines } from "../check/text.ts";
import { say, sayJson, type Session } from "../session.ts";
import { jsonOption } from "./options.ts";

const purpose = `Says what is wrong with a configuration, or what it does. Each problem and warning has its file, line and column.

FILE is JSON or YAML, or a folder of such files: a configuration of the relay, resources of Azure IoT Operations as kubectl or az print them, the properties that az takes with --config-file, a template of Azure Resource Manager, or a declaration of Site Ops (doc/documents.md).

Each FILE is judged by itself, as one relay would run it. What belongs together goes into a folder, and the folder is given.`;

const exitCodes = `
Exit codes: 0 the relay would run each of them; 2 it would refuse one.`;

/** The command `check`. */
export function checkCommand(session: Session) {
  return new Command("check")
    .summary("say what is wrong with a configuration, and what it does")
    .description(purpose)
    .argument("<file...>", "the path of a configuration, or of a folder of them")
    .addOption(profileOption())
    .addOption(dataflowOption())
    .addOption(jsonOption())
    .addHelpText("after", exitCodes)
    .action((files, { profile, dataflow = [], json }) => {
      const verdicts = files.map((file) => judgeFile(file, { profile, dataflows: dataflow }));
      if (json === true) sayJson(session, { version: 1, files: verdicts });
      else say(session, ...verdicts.flatMap(verdictLines).map(printable));
      if (verdicts.some(({ isRunnable }) => !isRunnable)) session.exitCode = ExitCode.badConfiguration;
    });
}
