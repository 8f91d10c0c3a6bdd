import fs from "node:fs";
import os from "node:os";
import { setTimeout as delay } from "node:timers/promises";

interface Timed {
  readonly name?: string;
  timeout?: number;
}

interface Environment {
  readonly global: object;
  handleTestEvent(event: { name: string; hook?: Timed; test?: Timed }, state: { testTimeout: number }): void;
  teardown(): Promise<void>;
}

type EnvironmentClass = new (config: object, context: object) => Environment;

const { default: PatientEnvironment } = jest.requireActual<{ default: EnvironmentClass }>("./patient-environment.js");

const projectMs = 1000;
const load = 7;
const projectConfig = { globals: { testTimeoutMs: projectMs }, testEnvironmentOptions: {}, fakeTimers: {} };
const environment = new PatientEnvironment({ projectConfig, globalConfig: {} }, {});

beforeEach(async () => {
  jest.spyOn(os, "loadavg").mockReturnValue([0, 0, 0]);
  const read = fs.readFileSync;
  jest.spyOn(fs, "readFileSync").mockImplementation((...given) => {
    if (given[0] !== "/proc/loadavg") return read(...given);
    return `0 0 0 ${load * os.availableParallelism()}/300 1\n`;
  });
  await delay(60); // a load is kept for 50 ms
});

afterAll(() => environment.teardown());

test.each([
  ["a hook", "hook_start", "hook"],
  ["a test", "test_fn_start", "test"],
])("%s without a time-out of its own gets that of its project, times the load", (_what, name, kind) => {
  const state = { testTimeout: 5000 };

  environment.handleTestEvent({ name, [kind]: {} }, state);

  expect(state.testTimeout).toBe(projectMs * load);
});

test("a time-out of its own is multiplied once, though the test is tried again", () => {
  const test: Timed = { timeout: 30 };

  for (let attempt = 1; attempt <= 2; attempt++)
    environment.handleTestEvent({ name: "test_fn_start", test }, { testTimeout: 0 });

  expect(test.timeout).toBe(30 * load);
});

test("when a test fails, it prints the last lines of each process that the test has started, and of no earlier one", () => {
  const printed: string[] = [];
  jest.spyOn(process.stderr, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  const processes = [{ name: "relay (1)", lines: ["of the test before"], hasEnded: () => true }];
  Object.assign(environment.global, { startedProcesses: processes });
  const test = { name: "messages arrive" };

  environment.handleTestEvent({ name: "test_start", test }, { testTimeout: 0 });
  processes.push({
    name: "relay (2)",
    lines: [...Array(30).keys()].map((number) => `line ${number}.`),
    hasEnded: () => true,
  });
  environment.handleTestEvent({ name: "test_fn_failure", test }, { testTimeout: 0 });

  const text = printed.join("");
  expect(text).toContain('"messages arrive" failed; relay (2), last lines:\n');
  expect(text).toContain("line 29.\n");
  expect(text).not.toContain("line 1.");
  expect(text).not.toContain("of the test before");
});
