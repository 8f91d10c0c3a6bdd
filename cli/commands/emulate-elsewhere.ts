import { Command } from "@commander-js/extra-typings";

import { ExitCode } from "../../runtime/run.ts";
import type { Session } from "../session.ts";

/** The command `emulate` in the npm package, which has no emulator: says where the emulator is. */
export function emulateCommand(session: Session) {
  return (
    new Command("emulate")
      .summary("an emulated MQTT broker, in the repository alone")
      .description("Says where the emulator is: it is part of the repository, and not of the npm package.")
      .argument("[file]", "of no use here")
      // Whoever calls it as a page says has to read where it is, and not that there is no such option.
      .option("--certificates <dir>", "of no use here")
      .option("--host <address>", "of no use here")
      .option("--port <n>", "of no use here")
      .option("--json", "of no use here")
      .action(() => {
        session.errors.write(
          "emulate: is not part of the npm package; clone the repository, then run npm ci and npm run mqtt-dataflow -- emulate\n",
        );
        session.exitCode = ExitCode.badConfiguration;
      })
  );
}
