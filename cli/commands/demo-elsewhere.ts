import { Command } from "@commander-js/extra-typings";

import { ExitCode } from "../../runtime/run.ts";
import type { Session } from "../session.ts";

/** The command `demo` in the npm package, which has no emulator: says where the demo is. */
export function demoCommand(session: Session) {
  return new Command("demo")
    .summary("two emulated brokers, the relay and a plant, in the repository alone")
    .description("Says where the demo is: it is part of the repository, and not of the npm package.")
    .action(() => {
      session.errors.write(
        "demo: is not part of the npm package; clone the repository, then run npm ci and npm start\n",
      );
      session.exitCode = ExitCode.badConfiguration;
    });
}
