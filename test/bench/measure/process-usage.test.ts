import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

import {
  parseContextSwitches,
  parseProcessStat,
  readResidentMegabytes,
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

  const { cpuSeconds, residentMegabytes, anonymousMegabytes } = readUsage(child.pid ?? 0);

  expect(residentMegabytes).toBeGreaterThan(1.5 * readResidentMegabytes(child.pid ?? 0));
  expect(anonymousMegabytes).toBeGreaterThan(0);
  expect(anonymousMegabytes).toBeLessThan(residentMegabytes);
  expect(cpuSeconds).toBeGreaterThan(0);
  expect(cpuSeconds).toBeLessThan(60);
});

test("takes a process that has ended for one that uses nothing", async () => {
  const child = spawn("true");
  await once(child, "exit");

  expect(readUsage(child.pid ?? 0)).toEqual({
    cpuSeconds: 0,
    contextSwitches: 0,
    residentMegabytes: 0,
    anonymousMegabytes: 0,
  });
});

test("adds up both kinds of context switches of a thread's status", () => {
  const status = "Name:\tnode\nvoluntary_ctxt_switches:\t41\nnonvoluntary_ctxt_switches:\t7\n";

  expect(parseContextSwitches(status)).toBe(48);
});

test("counts the time of a process that does little by less than a clock tick, and how often it was woken", async () => {
  const child = spawn(process.execPath, ["-e", "console.log('up'); setInterval(() => {}, 20)"], {
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  children.push(child);
  await once(child.stdout, "data");
  const before = readUsage(child.pid ?? 0);

  await new Promise((resolve) => setTimeout(resolve, 500));

  const after = readUsage(child.pid ?? 0);
  const ticks = (after.cpuSeconds - before.cpuSeconds) * 100;
  expect(ticks).toBeGreaterThan(0);
  expect(Math.abs(ticks - Math.round(ticks))).toBeGreaterThan(1e-6);
  expect(after.contextSwitches - before.contextSwitches).toBeGreaterThan(3);
});
