import { figuresOfRest } from "../../../bench/scenarios/idle.ts";

test("gives the part of a core, the wake-ups a second and the memory at the end of a time at rest", () => {
  const before = { cpuSeconds: 2, contextSwitches: 100, residentMegabytes: 50, anonymousMegabytes: 20 };
  const after = { cpuSeconds: 2.01, contextSwitches: 150, residentMegabytes: 40, anonymousMegabytes: 15 };

  const { corePercent, ...others } = figuresOfRest(before, after, 10);

  expect(corePercent).toBeCloseTo(0.1);
  expect(others).toEqual({ wakeUpsPerSecond: 5, residentMegabytes: 40, anonymousMegabytes: 15 });
});
