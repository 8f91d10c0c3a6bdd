import { Command } from "@commander-js/extra-typings";

import { formatProblem } from "../../runtime/contract/errors.ts";
import { ExitCode } from "../../runtime/run.ts";
import { checkEnvironment } from "../demo/stack-file.ts";
import type { Session } from "../session.ts";

const purpose = `Runs the stack program's declaration on this machine: two emulated brokers, the relay, a plant and its cloud applications. Nothing has to be installed, and nothing leaves this machine.`;

const exitCodes = `
Exit codes: 0 no message was lost; 1 one was; 2 there are no such settings.`;

/** The command `demo`, which is what `npm start` runs. */
export function demoCommand(session: Session) {
  return new Command("demo")
    .summary("two emulated brokers, the relay and a plant, on this machine")
    .description(purpose)
    .option("--once", "send 2,000 messages to the cloud and 200 back, print the ledger, and end")
    .option("--stack <environment>", "take the settings of stacks/Pulumi.<environment>.yaml", "dev")
    .addHelpText("after", exitCodes)
    .action(async ({ once = false, stack }) => {
      const problems = await checkEnvironment(stack);
      if (problems.length > 0) {
        session.errors.write(`${problems.map(formatProblem).join("\n")}\n`);
        session.exitCode = ExitCode.badConfiguration;
        return;
      }
      // The demo brings Pulumi and the emulator along, which nothing else here needs.
      const { runDemo } = await import("../demo/demo.ts");
      session.exitCode = await runDemo({ isOnce: once, environment: stack });
    });
}
