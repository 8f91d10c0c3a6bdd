import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

import {
  parseProcessStat,
  readResidentMegabytes,
  readRunSeconds,
  readUsage,
} from "../../../bench/measure/process-usage.ts";

/** A line as Linux writes it; the fields count up from 4, so that each tells its number. */
const line = (name: string) =>
  `42 (${name}) S ${Array.from({ length: 49 }, (_, index) => String(index + 4)).join(" ")}\n`;

const children: ChildProcess[] = [];
afterEach(() => {
  // With what it has started: a child of a process outlives it.
  for (const { pid } of children.splice(0)) if (pid !== undefined) process.kill(-pid, "SIGKILL");
});

test.each(["node", "a b) c", "((", "x) S 1 2 3"])('reads the fields behind the program name "%s"', (name) => {
  expect(parseProcessStat(line(name))).toEqual({
    parentPid: 4,
    cpuTicks: 14 + 15 + 16 + 17,
    residentPages: 24,
  });
});

test("refuses a line without the fields, and shows it", () => {
  expect(() => parseProcessStat("42 (node) S 1 2")).toThrow(
    '/proc/<pid>/stat: field 14 is no number in "42 (node) S 1 2"',
  );
});

test("counts the time and memory of a child of the process too", async () => {
  const busy =
    "const end = Date.now() + 400; while (Date.now() < end); setInterval(() => {}, 1000); console.log('done')";
  const script = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(busy)}], { stdio: "inherit" }); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"], detached: true });
  children.push(child);
  await once(child.stdout, "data");

  const { cpuSeconds, residentMegabytes } = readUsage(child.pid ?? 0);

  expect(residentMegabytes).toBeGreaterThan(1.5 * readResidentMegabytes(child.pid ?? 0));
  expect(cpuSeconds).toBeGreaterThan(0);
  expect(cpuSeconds).toBeLessThan(60);
});

test("takes a process that has ended for one that uses nothing", async () => {
  const child = spawn("true");
  await once(child, "exit");

  expect(readUsage(child.pid ?? 0)).toEqual({ cpuSeconds: 0, residentMegabytes: 0 });
});

test("run time counts what the process has run, and hardly anything of a wait", async () => {
  const before = readRunSeconds(process.pid);
  const endMs = performance.now() + 100;
  while (performance.now() < endMs);
  const busy = readRunSeconds(process.pid);

  expect(busy - before).toBeGreaterThan(0.01);

  await new Promise((resolve) => setTimeout(resolve, 300));

  expect(readRunSeconds(process.pid) - busy).toBeLessThan(0.3);
});
