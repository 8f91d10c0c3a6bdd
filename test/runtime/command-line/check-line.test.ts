import { Command, Option } from "@commander-js/extra-typings";

import { checkLine, findCommand } from "../../../runtime/command-line/check-line.ts";
import { collect, readAddress, readPort, readPortOrNone } from "../../../runtime/command-line/options.ts";
import { formatProblem } from "../../../runtime/contract/errors.ts";

const program = new Command("bridge")
  .addCommand(
    new Command("run")
      .requiredOption("--config <file>", "the path of a configuration")
      .option("-v, --verbose", "say more")
      .option("--name <name>", "one of several", collect)
      .option("--port <port>", "a port", readPort)
      .option("--metrics-port <port>", "a port, or 0", readPortOrNone)
      .option("--host <address>", "an address", readAddress)
      .addOption(new Option("--level <level>", "how much").choices(["few", "all"])),
  )
  .addCommand(new Command("show").argument("<file>", "the path of a file").argument("[more]", "another"))
  .addCommand(new Command("watch").argument("<names...>", "names"))
  .addCommand(new Command("fleet").addCommand(new Command("preview").option("--all", "all of them")));

function problems(line: string): string[] {
  return checkLine(findCommand(program, line.split(" "))).map(formatProblem);
}

test.each([
  "run --config a.json",
  "run --config=a.json --verbose -v --name a --name b --port 1 --metrics-port 0 --host :: --level all",
  "show a",
  "show a b",
  "show -- -a",
  "watch a b c d",
  "fleet preview --all",
])("finds nothing wrong with: %s", (line) => {
  expect(problems(line)).toEqual([]);
});

const known = "--config, --verbose, --name, --port, --metrics-port, --host, --level, --help";

test.each([
  ["run", ["--config: is missing; give --config <file>, the path of a configuration"]],
  [
    "run --wrong -x",
    [
      `--wrong: is not an option; use one of ${known}`,
      `-x: is not an option; use one of ${known}`,
      "--config: is missing; give --config <file>, the path of a configuration",
    ],
  ],
  ["run --config", ["--config: has no value; give one behind it"]],
  ["run --config --verbose", ["--config: has no value; give one behind it"]],
  ["run --config=", ["--config: has no value; give one behind it"]],
  ["run --config a --verbose=3", ['--verbose: is "3"; give it without a value']],
  [
    "run --config a --port 0 --metrics-port 65536 --host localhost --level most",
    [
      '--port: is "0"; give a port from 1 to 65535',
      '--metrics-port: is "65536"; give a port from 1 to 65535, or 0 for none',
      '--host: is "localhost"; give an IP address of this machine, such as 127.0.0.1',
      '--level: is "most"; use one of few, all',
    ],
  ],
  ["run --config a extra", ["extra: is one argument too many for run; leave it out"]],
  ["show", ["show: has no FILE; give the path of a file"]],
  [
    "show a b c d",
    ["c: is one argument too many for show; leave it out", "d: is one argument too many for show; leave it out"],
  ],
  ["watch", ["watch: has no NAMES; give names"]],
  ["fleet preview --every", ["--every: is not an option; use one of --all, --help"]],
])("lists all that is wrong with: %s", (line, expected) => {
  expect(problems(line)).toEqual(expected);
});

test("an option without a value is not said of an option that is not there", () => {
  expect(problems("show a --port")).toEqual(["--port: is not an option; use one of --help"]);
});
