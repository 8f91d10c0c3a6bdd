import { findMemoryLimit } from "../../../runtime/memory/limit.ts";

const gibibyte = 1024 ** 3;
const container = { constrainedBytes: gibibyte / 4, totalBytes: 8 * gibibyte };
const machine = { constrainedBytes: 0, totalBytes: 8 * gibibyte };

test.each([
  ["its container's", undefined, container, { bytes: gibibyte / 4, from: "container" }],
  [
    "what the configuration says, where that is less",
    gibibyte / 8,
    container,
    { bytes: gibibyte / 8, from: "configuration" },
  ],
  [
    "its container's, where the configuration says more",
    gibibyte,
    container,
    { bytes: gibibyte / 4, from: "container" },
  ],
  [
    "what the configuration says, outside of a container",
    gibibyte,
    machine,
    { bytes: gibibyte, from: "configuration" },
  ],
  ["half of the machine's, where nobody says anything", undefined, machine, { bytes: 4 * gibibyte, from: "machine" }],
  [
    "half of the machine's, where the container's limit is none",
    undefined,
    { constrainedBytes: 2 ** 63, totalBytes: 8 * gibibyte },
    { bytes: 4 * gibibyte, from: "machine" },
  ],
] as const)("the limit is %s", (_what, configured, given, expected) => {
  expect(findMemoryLimit(configured, given)).toEqual(expected);
});

test("this machine has one", () => {
  expect(findMemoryLimit(undefined).bytes).toBeGreaterThan(1024 * 1024);
});
