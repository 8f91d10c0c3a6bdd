import { busySeconds } from "../../../bench/measure/machine.ts";

test("counts what cores did for anybody, without idling, waiting for disks, and guests that are counted as users", () => {
  const stat = "cpu  100 20 300 99999 88888 5 6 7 1000 1000\ncpu0 1 1 1 1\n";

  expect(busySeconds(stat)).toBeCloseTo((100 + 20 + 300 + 5 + 6 + 7) / 100, 10);
});
