import { runInOwnGroup } from "../../../cli/fleet/own-group.ts";
import { watchInterruption } from "../../../cli/fleet/interruption.ts";

/*
 * What a command on a fleet does with its process: runs itself in a group of its own, and ends once it is asked as often as its
 * argument says.
 */
const code = await runInOwnGroup();
if (code === undefined) {
  const most = Number(process.argv[2]);
  const interruption = watchInterruption((times) => {
    process.stdout.write(`asked ${times}\n`);
    if (times < most) return;
    interruption.close();
    clearInterval(working);
    process.exitCode = 7;
  });
  const working = setInterval(() => undefined, 1000);
  process.on("SIGINT", () => process.stdout.write("signal\n"));
  process.stdout.write("working\n");
} else {
  process.exitCode = code;
}
