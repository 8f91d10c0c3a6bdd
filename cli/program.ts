import { Command } from "@commander-js/extra-typings";

import { runCommand } from "../runtime/command-line/run-command.ts";
import { runRelay } from "../runtime/run.ts";
import { checkCommand } from "./commands/check.ts";
import { commentCommand } from "./commands/comment.ts";
import { completionCommands } from "./commands/completion.ts";
import { demoCommand } from "./commands/demo.ts";
import { driftIssueCommand } from "./commands/drift-issue.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { emulateCommand } from "./commands/emulate.ts";
import { explainCommand } from "./commands/explain.ts";
import { reviewCommand } from "./commands/review.ts";
import { fleetCommand } from "./commands/fleet.ts";
import { importCommand } from "./commands/import.ts";
import { planCommand } from "./commands/plan.ts";
import { testCommand } from "./commands/test.ts";
import { eventsCommand, statusCommand, tapCommand } from "./commands/relay-status.ts";
import type { Session } from "./session.ts";
import { version } from "./version.ts";

const purpose = "MQTT dataflows between Azure IoT Operations, Azure Event Grid and any MQTT broker";

const exitCodes = `
Exit codes: 0 done; 1 the command found what it looks for, or could not do its work;
2 the command line or a file is wrong.`;

/** Probes and metrics of a relay that is started by hand are for this machine, unless another address is given. */
const loopback = "127.0.0.1";

/** The command `mqtt-dataflow` with all its commands; each sets the session's exit code. */
export function buildProgram(session: Session): Command {
  const program = buildCommands(session);
  const { completion, complete } = completionCommands(() => buildCommands(session));
  program.addCommand(completion).addCommand(complete, { hidden: true });
  return program;
}

function buildCommands(session: Session): Command {
  const run = runCommand(loopback, async (options) => {
    session.exitCode = await runRelay(options);
  });
  return new Command("mqtt-dataflow")
    .description(purpose)
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .addHelpText("after", exitCodes)
    .commandsGroup("A configuration, and what it meets:")
    .addCommand(checkCommand(session))
    .addCommand(explainCommand(session))
    .addCommand(planCommand(session))
    .addCommand(importCommand(session))
    .addCommand(doctorCommand(session))
    .addCommand(testCommand(session))
    .commandsGroup("The relay:")
    .addCommand(run)
    .addCommand(statusCommand(session))
    .addCommand(eventsCommand(session))
    .addCommand(tapCommand(session))
    .addCommand(demoCommand(session))
    .addCommand(emulateCommand(session))
    .commandsGroup("Pull requests and many sites:")
    .addCommand(reviewCommand(session))
    .addCommand(commentCommand(session))
    .addCommand(driftIssueCommand(session))
    .addCommand(fleetCommand(session))
    .commandsGroup("This command:")
    .helpCommand("help [command]", "print the help of a command");
}
