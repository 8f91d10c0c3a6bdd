import { parseArguments } from "../../cli/arguments.ts";
import { formatProblem } from "../../runtime/contract/errors.ts";

const relay = { configFile: "relay.json", connectTo: [], metricsHost: "127.0.0.1" };

test.each([
  ["demo", { kind: "demo", isOnce: false, environment: "dev" }],
  ["demo --once", { kind: "demo", isOnce: true, environment: "dev" }],
  ["demo --stack prod --once", { kind: "demo", isOnce: true, environment: "prod" }],
  ["demo --stack=prod --stack=dev", { kind: "demo", isOnce: false, environment: "dev" }],
  ["demo --config relay.json", { kind: "relay", options: relay }],
  [
    "demo --config relay.json --mounts ./etc --profile p --metrics-port 0",
    { kind: "relay", options: { ...relay, mountPath: "./etc", profile: "p", metricsPort: 0 } },
  ],
  ["demo --config relay.json --metrics-host ::", { kind: "relay", options: { ...relay, metricsHost: "::" } }],
  [
    "demo --config relay.json --connect-to a:1=b:2 --connect-to=c:3=d:4",
    { kind: "relay", options: { ...relay, connectTo: ["a:1=b:2", "c:3=d:4"] } },
  ],
  ["check relay.json", { kind: "check", file: "relay.json", wanted: { dataflows: [] } }],
  ["check --profile p relay.json", { kind: "check", file: "relay.json", wanted: { profile: "p", dataflows: [] } }],
  ["check site --dataflow up --dataflow=down", { kind: "check", file: "site", wanted: { dataflows: ["up", "down"] } }],
  ["demo --config site --dataflow up", { kind: "relay", options: { ...relay, configFile: "site", dataflows: ["up"] } }],
  ["demo --help", { kind: "help" }],
  ["-h", { kind: "help" }],
  ["", { kind: "wrong", problems: [] }],
])("takes: %s", (line, expected) => {
  expect(parseArguments(line.split(" ").filter(Boolean))).toEqual(expected);
});

const known =
  "--once, --stack, --config, --mounts, --profile, --dataflow, --metrics-port, --metrics-host, --connect-to, --help";

test.each([
  ["demo --wrong", [`--wrong: is not an option; use one of ${known}`]],
  ["demo -x", [`-x: is not an option; use one of ${known}`]],
  ["demo --once=3", ['--once: is "3"; give it without a value']],
  ["demo --stack", ["--stack: has no value; give one behind it"]],
  ["demo --stack=", ["--stack: has no value; give one behind it"]],
  ["demo --stack --once", ["--stack: has no value; give one behind it"]],
  ["demo extra", ["extra: is one argument too many for demo; leave it out"]],
  ["check", ["check: names no file; give the path of a configuration"]],
  ["check a.json b.json", ["b.json: is one argument too many for check; leave it out"]],
  ["nosuch", ['nosuch: is not a command; use "demo" or "check"']],
  ["demo --mounts etc", ["--mounts: has no effect without --config; add --config FILE, or leave it out"]],
  ["demo --config relay.json --once", ["--once: has no effect with --config; leave it out"]],
  ["demo --dataflow up", ["--dataflow: has no effect without --config; add --config FILE, or leave it out"]],
  ["check relay.json --dataflow", ["--dataflow: has no value; give one behind it"]],
  ["check relay.json --once", ["--once: has no effect on check; leave it out"]],
  [
    "demo --config relay.json --metrics-port 65536",
    ['--metrics-port: is "65536"; give a port from 1 to 65535, or 0 for none'],
  ],
  [
    "demo --config relay.json --metrics-host localhost",
    ['--metrics-host: is "localhost"; give an IP address of this machine, or leave it out for 127.0.0.1'],
  ],
  [
    "check --wrong --once",
    [
      `--wrong: is not an option; use one of ${known}`,
      "check: names no file; give the path of a configuration",
      "--once: has no effect on check; leave it out",
    ],
  ],
])("refuses, with all that is wrong: %s", (line, expected) => {
  const parsed = parseArguments(line.split(" "));

  expect(parsed.kind === "wrong" && parsed.problems.map(formatProblem)).toEqual(expected);
});
