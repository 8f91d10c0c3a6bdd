import { spawnSync } from "node:child_process";
import path from "node:path";

const projectRoot = path.join(import.meta.dirname, "../..");

/** Runs jest on one fixture as `npm test` runs it on the tests; `CI` is set to `ci`, or to nothing. */
function runJest(fixture: string, ci: string): { status: number | null; output: string; lastLine: string | undefined } {
  const pattern = `**/test/support/fixture/${fixture}.fixture.ts`;
  // One shell pipe for both streams keeps the order in which a terminal would show them.
  const { status, stdout } = spawnSync(
    "sh",
    ["-c", '"$0" node_modules/jest/bin/jest.js --selectProjects unit --testMatch "$1" 2>&1', process.execPath, pattern],
    { cwd: projectRoot, env: { ...process.env, CI: ci }, encoding: "utf8" },
  );
  return { status, output: stdout, lastLine: stdout.trimEnd().split("\n").at(-1) };
}

test("a missing part is skipped with its reason, and counted in the last line", () => {
  const run = runJest("missing-part", "");

  expect(run.lastLine).toBe("Tests: 1 passed, 0 failed, 1 skipped");
  expect(run.output).toContain(
    "skipped: mosquitto: not found on the PATH or in /usr/sbin; get it with: apt-get install mosquitto",
  );
  expect(run.status).toBe(0);
});

test("a missing part is a failure where CI is set", () => {
  const run = runJest("missing-part", "true");

  expect(run.lastLine).toBe("Tests: 1 passed, 1 failed");
  expect(run.status).toBe(1);
});

test("a suite that cannot be loaded counts as a failure", () => {
  const run = runJest("broken-suite", "");

  expect(run.lastLine).toBe("Tests: 0 passed, 1 failed");
  expect(run.output).toMatch(/^FAILED test\/support\/fixture\/broken-suite\.fixture\.ts: \S.*\nTests: /m);
  expect(run.status).toBe(1);
});

test("the last lines say of each test that failed why it did: what differs, and no stack", () => {
  const run = runJest("failing", "");

  expect(run.output.trimEnd().split("\n").slice(-3)).toEqual([
    'FAILED test/support/fixture/failing.fixture.ts: a comparison: - Array [] | + Array [ | +   "a warning", | + ]',
    "FAILED test/support/fixture/failing.fixture.ts: a list an error: Error: the broker is away",
    "Tests: 0 passed, 2 failed",
  ]);
});

test("each secret that is put out counts as a failure, and is not shown", () => {
  const run = runJest("leak", "");

  expect(run.lastLine).toBe("Tests: 2 passed, 2 failed");
  expect(run.status).toBe(1);
  expect(run.output).toMatch(/^ {2}token: in line 1 of \S+-log; keep it out of logs, errors and metrics$/m);
  expect(run.output).toMatch(/^ {2}password in PLANT_PROXY: in line \d+ of \S+-env-stdout; keep it out/m);
  expect(run.output).not.toContain("word-of-the-plant");
});
