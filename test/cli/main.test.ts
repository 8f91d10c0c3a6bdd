import { spawnSync } from "node:child_process";
import path from "node:path";

const entryPoint = path.join(import.meta.dirname, "../../cli/main.ts");

function run(...args: string[]): { code: number | null; output: string; errors: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entryPoint, ...args], {
    encoding: "utf8",
    timeout: 9000, // a demo that starts by mistake does not end
  });
  return { code: status, output: stdout, errors: stderr };
}

test("without a command it says how it is used", () => {
  const { code, output, errors } = run();

  expect({ code, output }).toEqual({ code: 2, output: "" });
  expect(errors).toMatch(/^Usage: mqtt-dataflow \[options\] \[command\]\n/);
});

test("asked for help it says how it is used, as what was asked for", () => {
  const { code, output, errors } = run("demo", "--help");

  expect({ code, errors }).toEqual({ code: 0, errors: "" });
  expect(output).toMatch(/^Usage: mqtt-dataflow demo /);
});

test.each([
  [
    "an option that there is not",
    ["demo", "--wrong"],
    /^--wrong: is not an option; use one of --once, --stack, --help\n$/,
  ],
  [
    "an environment without settings",
    ["demo", "--stack", "nosuch"],
    /^--stack: is "nosuch", and there is no stacks\/Pulumi\.nosuch\.yaml; use one of "dev", "prod"\n$/,
  ],
  [
    "an environment outside its folder",
    ["demo", "--stack", "../stacks/dev"],
    /^--stack: is "\.\.\/stacks\/dev", and there is no .*; use one of "dev", "prod"\n$/,
  ],
  [
    "a configuration that is not there",
    ["demo", "--config", "nosuch.json"],
    /^nosuch\.json has 1 problem:\n {2}file: can't be read \(ENOENT.*\); give the path of a configuration\n$/,
  ],
])("refuses %s with what to do about it, and no stack trace", (_, args, expected) => {
  const { code, output, errors } = run(...args);

  expect(errors).toMatch(expected);
  expect({ code, output }).toEqual({ code: 2, output: "" });
});

test("ends where nobody reads its output any more, and says nothing of it", () => {
  const line = `"${process.execPath}" "${entryPoint}" check nosuch.json; echo "code $?" >&2`;
  const { stderr } = spawnSync("sh", ["-c", `(${line}) | true`], { encoding: "utf8" });

  expect(stderr).toMatch(/^code [0-9]\n$/);
});
