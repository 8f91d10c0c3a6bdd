import { Command } from "@commander-js/extra-typings";

import { checkCommand } from "./commands/check.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { explainCommand } from "./commands/explain.ts";
import { planCommand } from "./commands/plan.ts";
import { eventsCommand, statusCommand, tapCommand } from "./commands/relay-status.ts";
import { testCommand } from "./commands/test.ts";
import type { Session } from "./session.ts";
import { version } from "./version.ts";

/**
 * The command `mqtt-dataflow` of the image: all that is asked of a configuration or of a relay. It has nothing of Pulumi, and no second
 * relay is started in a pod.
 */
export function buildImageProgram(session: Session): Command {
  return new Command("mqtt-dataflow")
    .description("Asks the relay in this pod, and what its configuration meets")
    .version(version, "-V, --version", "print the version")
    .commandsGroup("A configuration, and what it meets:")
    .addCommand(checkCommand(session))
    .addCommand(explainCommand(session))
    .addCommand(planCommand(session))
    .addCommand(doctorCommand(session))
    .addCommand(testCommand(session))
    .commandsGroup("The relay:")
    .addCommand(statusCommand(session))
    .addCommand(eventsCommand(session))
    .addCommand(tapCommand(session));
}
