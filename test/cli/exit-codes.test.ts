import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { describeCommands } from "../../doc/commands/page.ts";
import { ConfigError } from "../../runtime/contract/errors.ts";
import { runCommandLine } from "../support/command-line.ts";
import { findFreePort } from "../support/free-port.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";

const root = path.join(import.meta.dirname, "../..");
const missing = "/nowhere/relay.json";

/** Command lines by command and exit code; `CONFIG` is a configuration whose brokers are away, `CLOSED` a port that nobody has. */
const here: Readonly<Record<string, readonly string[]>> = {
  "check 0": ["check", "CONFIG"],
  "check 2": ["check", missing],
  "explain 0": ["explain", "line/4/state", "--config", "CONFIG"],
  "explain 1": ["explain", "elsewhere", "--config", "CONFIG"],
  "explain 2": ["explain", "line/4/state", "--config", missing],
  "plan 0": ["plan", "--config", "CONFIG"],
  "plan 2": ["plan", "--config", missing],
  "import 0": ["import", "CONFIG", "--site", "oslo", "--json"],
  "import 2": ["import", missing, "--site", "oslo", "--json"],
  "doctor 1": ["doctor", "--config", "CONFIG"],
  "doctor 2": ["doctor", "--config", missing],
  "test 1": ["test", "--config", "CONFIG", "--yes", "--relay", "http://127.0.0.1:1", "--timeout", "1"],
  "test 2": ["test", "--config", "CONFIG"],
  "run 2": ["run", "--config", missing],
  "status 1": ["status", "--port", "CLOSED"],
  "status 2": ["status", "--wrong"],
  "events 1": ["events", "--port", "CLOSED"],
  "events 2": ["events", "--wrong"],
  "tap 1": ["tap", "upward", "--port", "CLOSED"],
  "tap 2": ["tap"],
  "demo 2": ["demo", "--stack", "nosuch"],
  "emulate 2": ["emulate", missing],
  "review 2": ["review", missing],
  "comment 2": ["comment", missing],
  "drift-issue 2": ["drift-issue", missing],
  "fleet preview 2": ["fleet", "preview", "--file", missing],
  "fleet up 2": ["fleet", "up", "--file", missing],
  "fleet drift 2": ["fleet", "drift", "--file", missing],
  "fleet status 2": ["fleet", "status", "--file", missing],
  "completion 2": ["completion", "nosuch"],
};

/** Tests that end with the others: they need brokers, a relay, a service or Pulumi. Each has the title and the code. */
const elsewhere: Readonly<Record<string, readonly [file: string, title: string]>> = {
  "doctor 0": ["test/integration/doctor.test.ts", "nothing where all is well, and tells limits, claims and sessions"],
  "run 0": ["test/integration/transcripts.test.ts", "the relay ends with exit code 0 when it is told to"],
  "run 1": [
    "test/integration/spool.test.ts",
    "a spool that is no database stops a dataflow with the policy Stop, at each start",
  ],
  "status 0": ["test/integration/transcripts.test.ts", "Ask a running relay"],
  "events 0": ["test/integration/transcripts.test.ts", "Follow its events"],
  "tap 0": ["test/integration/transcripts.test.ts", "Watch its messages"],
  "demo 0": ["test/cli/demo/run-traffic.test.ts", "the exit code is 0 when every message has arrived"],
  "demo 1": ["test/cli/demo/run-traffic.test.ts", "the exit code is 1 when one message of all has not arrived"],
  "emulate 0": ["test/integration/emulate.test.ts", "what is printed carries a message from one client to the other"],
  "review 0": ["test/cli/review/command.test.ts", "the exit code says whether the verdict is one to fail on"],
  "review 1": ["test/cli/review/command.test.ts", "the exit code says whether the verdict is one to fail on"],
  "comment 0": ["test/cli/comment/run-comment.test.ts", "is created once, with a first line that no reader sees"],
  "comment 1": ["test/cli/comment/run-comment.test.ts", "says which permission the job lacks"],
  "drift-issue 0": ["test/cli/comment/run-drift-issue.test.ts", "is opened once, edited while the drift lasts"],
  "drift-issue 1": ["test/cli/comment/run-drift-issue.test.ts", "stays open while a stack can't be compared"],
  "fleet preview 0": ["test/engine/fleet.test.ts", "previews all sites as one change"],
  "fleet preview 1": ["test/engine/fleet.test.ts", "a preview without stacks says of each site how it gets one"],
  "fleet up 0": ["test/engine/fleet.test.ts", "resumes where it ended"],
  "fleet up 1": ["test/engine/fleet.test.ts", "stops at the first site whose relay isn't well"],
  "fleet drift 0": ["test/engine/fleet.test.ts", "drift names what was changed by hand"],
  "fleet drift 1": ["test/engine/fleet.test.ts", "drift names what was changed by hand"],
  "fleet status 0": ["test/engine/fleet.test.ts", "status asks every relay"],
  "fleet status 1": ["test/engine/fleet.test.ts", "status asks every relay"],
  "completion 0": ["test/cli/program.test.ts", "completion %s prints what the shell takes"],
  "test 0": ["test/integration/probe.test.ts", "a marked message is seen at each hop, with times"],
};

interface Row {
  readonly name: string;
  readonly code: number;
}

const rows: Row[] = describeCommands().flatMap(({ name, exitCodes }) => exitCodes.map(([code]) => ({ name, code })));

afterAll(removeTemporaryFolders);

test.each(Object.entries(here))("%s", async (key, line) => {
  const closed = await findFreePort();
  const file = path.join(createTemporaryFolder("exit-codes"), "relay.json");
  const config = buildConfig({
    endpoints: { plant: plainEndpoint(closed), cloud: plainEndpoint(closed) },
    dataflows: { upward: buildDataflow(["plant", ["line/+/state"]], ["cloud", "oslo/${inputTopic.2}"]) },
  });
  writeFileSync(file, JSON.stringify(config));
  const words = line.map((word) => (word === "CONFIG" ? file : word.replace("CLOSED", String(closed))));
  // What a command throws is for the program to say: cli/start.ts.
  const { code } = await runCommandLine(words).catch((cause: unknown) => ({
    code: cause instanceof ConfigError ? 2 : 1,
  }));

  expect(`${key.slice(0, -2)} ${code}`).toBe(key);
});

test.each(Object.entries(elsewhere))("%s has a test of its own", (key, [file, title]) => {
  const text = readFileSync(path.join(root, file), "utf8");
  const [, behind = ""] = text.split(title);
  const body = behind.split(/\n {0,4}test(?:\.each)?\(/)[0] ?? "";

  expect(body).toMatch(new RegExp(`[Cc]ode\\S*[^\\n]*\\b${key.slice(-1)}\\b`));
});

test("each exit code of doc/commands.md occurs in a test", () => {
  const without = rows
    .map(({ name, code }) => `${name} ${code}`)
    .filter((key) => !(key in here) && !(key in elsewhere));

  expect(without).toEqual([]);
});
