import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const program = path.join(import.meta.dirname, "own-group.program.ts");

/** Starts the program as a process group, as a terminal does, and waits until it works. */
async function start(times: number) {
  const child = spawn(process.execPath, ["--no-warnings", program, String(times)], { detached: true });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const until = async (text: string) => {
    while (!output.includes(text)) await once(child.stdout, "data");
  };
  await until("working");
  return {
    pid: child.pid ?? 0,
    until,
    /** Everything that writes to the output has ended. */
    closed: once(child, "close") as Promise<[number | null]>,
    output: () => output,
  };
}

test("Ctrl-C, which a terminal sends to its whole group, reaches the work as a request, and its exit code comes back", async () => {
  const { pid, until, closed, output } = await start(2);

  process.kill(-pid, "SIGINT");
  await until("asked 1");
  await sleep(400); // two within 300 ms are one
  process.kill(-pid, "SIGINT");

  expect((await closed)[0]).toBe(7);
  expect(output()).toBe("working\nasked 1\nasked 2\n");
});

test("the work is asked to end when who holds the terminal is killed, and ends by itself", async () => {
  const { pid, closed, output } = await start(1);

  process.kill(pid, "SIGKILL");
  await closed;

  expect(output()).toBe("working\nasked 1\n");
});
