import fs from "node:fs";
import os from "node:os";
import { setTimeout as delay } from "node:timers/promises";

import { machineLoad, patientMs, Stopwatch, until, untilTrue } from "./patience.ts";

const cores = os.availableParallelism();

function answerLoad(answer: () => string): void {
  const read = fs.readFileSync;
  jest.spyOn(fs, "readFileSync").mockImplementation((...given) => {
    return given[0] === "/proc/loadavg" ? answer() : read(...given);
  });
}

/** Makes this machine look as if so many processes wanted to run, for each core. */
async function pretend(load: number): Promise<void> {
  answerLoad(() => `0.50 0.50 0.50 ${load * cores}/300 4242\n`);
  jest.spyOn(os, "loadavg").mockReturnValue([0.5, 0.5, 0.5]);
  await delay(60); // a load is kept for 50 ms
}

describe("the load of the machine", () => {
  test.each([
    [0.5, 1],
    [1, 1],
    [10, 10],
  ])("with %d processes for each core that want to run is %d", async (processes, load) => {
    await pretend(processes);

    expect(machineLoad()).toBe(load);
  });

  test("is 1 where the kernel doesn't tell it", async () => {
    answerLoad(() => {
      throw new Error("ENOENT");
    });
    await delay(60);

    expect(machineLoad()).toBe(1);
  });
});

test("a time-out is as many times longer", async () => {
  await pretend(10);

  expect(patientMs(150.5)).toBe(1505);
});

test("a time-out that begins between two rushes counts the load of the last minute", async () => {
  await pretend(1);
  jest.spyOn(os, "loadavg").mockReturnValue([4 * cores, 1, 1]);

  expect(patientMs(100)).toBe(400);
});

test("a stopwatch goes as many times slower", async () => {
  await pretend(10);
  const nowMs = performance.now();
  const clock = jest.spyOn(performance, "now").mockReturnValue(nowMs + 1000);
  const watch = new Stopwatch();

  clock.mockReturnValue(nowMs + 3000);

  expect(watch.elapsedMs).toBeCloseTo(200);
});

describe("a wait", () => {
  test("lasts until its probe gives a value", async () => {
    let asked = 0;

    expect(await until("the third", () => (++asked === 3 ? asked : undefined))).toBe(3);
  });

  test("ends with what it waited for", async () => {
    await pretend(1);

    await expect(untilTrue("the flood", () => false, 50)).rejects.toThrow(
      "the flood did not come within 50 ms of an idle machine",
    );
  });

  test("lasts as many times longer", async () => {
    await pretend(10);
    const startMs = performance.now();

    await expect(untilTrue("the flood", () => false, 30)).rejects.toThrow("the flood");

    expect(performance.now() - startMs).toBeGreaterThan(250);
  });
});
