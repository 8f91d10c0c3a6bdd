import { spawn } from "node:child_process";
import { once } from "node:events";

import { ExitCode } from "../../runtime/run.ts";
import { interruptMessage } from "./interruption.ts";

/** Set for the process that does the work. */
const groupVariable = "MQTT_DATAFLOW_FLEET_GROUP";

/** Exit code of a process that a signal has ended, as shells have it. */
const endedBySignal = 128;

/**
 * Runs this command line again as a process group of its own, and waits for it. A terminal sends Ctrl-C to its whole foreground
 * group: without this each `pulumi` would get it too, and cancel its deployment before anybody could decide to finish it.
 * @returns the exit code of that process; `undefined` in that process itself, and on Windows, which has no such groups
 */
export async function runInOwnGroup(): Promise<number | undefined> {
  const [, program] = process.argv;
  if (process.platform === "win32" || process.env[groupVariable] !== undefined || program === undefined)
    return undefined;
  const child = spawn(process.execPath, [...process.execArgv, program, ...process.argv.slice(2)], {
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, [groupVariable]: "1" },
  });
  const handOn = () => {
    if (child.connected) child.send(interruptMessage);
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, handOn);
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  if (signal !== null) process.stderr.write(`the fleet's run was ended by ${signal}\n`);
  return code ?? (signal === null ? ExitCode.failed : endedBySignal);
}
