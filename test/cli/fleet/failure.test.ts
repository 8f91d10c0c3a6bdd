import { failureReasons } from "../../../cli/fleet/failure.ts";

const site = { stack: "oslo" };
const event = (severity: "error" | "warning", message: string) => ({
  sequence: 1,
  timestamp: 0,
  diagnosticEvent: { severity, message, prefix: severity === "error" ? "error: " : "", color: "never" },
});
/** As the Automation API writes the error of a command that failed. */
const commandError = (stdout: string, stderr: string) =>
  new Error(`code: -2\n stdout: ${stdout}\n stderr: ${stderr}\n err?: Error: Command failed\n`);

test("takes the engine's own errors, without marks for terminals, each once", () => {
  const events = [
    event("warning", "old"),
    event("error", "<{%fg 1%}>oslo has \u001b[31m1 problem<{%reset%}>\n"),
    event("error", "oslo has 1 problem\n"),
  ];

  expect(failureReasons("failed", site, events, commandError("out", "err"))).toEqual(["error: oslo has 1 problem"]);
});

test("takes what the process wrote where the engine had no word", () => {
  expect(
    failureReasons("failed", site, [], commandError("", "warning: x\nerror: no stack named 'oslo' found")),
  ).toEqual(["error: no stack named 'oslo' found"]);
  expect(failureReasons("failed", site, [], new Error(""))).toEqual(["unknown error"]);
});

test("shortens what is long, and says how to see it whole", () => {
  const reasons = failureReasons(
    "failed",
    site,
    [event("error", Array.from({ length: 500 }, (_, i) => `line ${i}`).join("\n"))],
    undefined,
  );

  expect(reasons).toHaveLength(21);
  expect(reasons.at(-1)).toBe("and 480 more lines; pulumi preview --stack oslo shows them");
});

test("leaves out what opens the backend", () => {
  process.env["PULUMI_CONFIG_PASSPHRASE"] = "open sesame, backend";

  const reasons = failureReasons("failed", site, [event("error", "wrong passphrase: open sesame, backend")], undefined);

  delete process.env["PULUMI_CONFIG_PASSPHRASE"];
  expect(reasons).toEqual(["error: wrong passphrase: …"]);
});

test("names who has locked a stack, and how the lock goes", () => {
  const stderr = `error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.
  file:///state/.pulumi/locks/organization/site/oslo/1.json?no_tmp_dir=true: created by kari@laptop (pid 4711) at 2026-11-27T12:00:00Z`;

  expect(failureReasons("locked", site, [], commandError("", stderr))).toEqual([
    "is locked by another update of kari@laptop (pid 4711) at 2026-11-27T12:00:00Z; wait for it, or if its process is gone: pulumi cancel --stack oslo",
  ]);
});
