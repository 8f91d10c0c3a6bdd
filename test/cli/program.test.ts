import { spawnSync } from "node:child_process";
import path from "node:path";

import { buildProgram } from "../../cli/program.ts";
import { version } from "../../cli/version.ts";
import { runCommandLine } from "../support/command-line.ts";

const program = buildProgram({ output: process.stdout, errors: process.stderr, exitCode: 0 });
const names = program.commands.map((command) => command.name()).filter((name) => name !== "complete");

test.each(names)("%s has a help that says what it does, with a line in the list of commands", async (name) => {
  const list = await runCommandLine(["--help"]);
  const own = await runCommandLine([name, "--help"]);

  expect(own).toEqual({
    code: 0,
    output: expect.stringMatching(`^Usage: mqtt-dataflow ${name}.*\n\n[A-Z]`),
    errors: "",
  });
  expect(list.output).toMatch(new RegExp(`^ {2}${name} .* [a-z]`, "m"));
  expect((await runCommandLine(["help", name])).output).toBe(own.output);
});

test("no option has a value that may be left out: what follows it would be ambiguous", () => {
  const options = program.commands.flatMap((command) => [...command.options]);

  expect(options.filter((option) => option.optional)).toEqual([]);
});

test("without a command it prints the list of them, as a mistake", async () => {
  const { code, output, errors } = await runCommandLine([]);

  expect({ code, output }).toEqual({ code: 2, output: "" });
  expect(errors).toMatch(/^Usage: mqtt-dataflow \[options\] \[command\]\n/);
});

test("a command that there is not is answered with those that there are", async () => {
  expect(await runCommandLine(["nosuch", "--json"])).toEqual({
    code: 2,
    output: "",
    errors: `nosuch: is not a command; use one of ${names.join(", ")}, help\n`,
  });
});

test("--version prints the version of the package", async () => {
  expect(await runCommandLine(["--version"])).toEqual({ code: 0, output: `${version}\n`, errors: "" });
});

test("a command line that is wrong starts nothing", async () => {
  const { code, output, errors } = await runCommandLine(["demo", "--once", "--stack", "--wrong"]);

  expect({ code, output }).toEqual({ code: 2, output: "" });
  expect(errors).toBe("--stack: has no value; give one behind it\n");
});

/** Runs the command in a process of its own: the library of the completion is one that jest can't load. */
function run(...args: string[]): { readonly code: number | null; readonly output: string } {
  const entryPoint = path.join(import.meta.dirname, "../../cli/main.ts");
  const { status: code, stdout: output } = spawnSync(process.execPath, [entryPoint, ...args], { encoding: "utf8" });
  return { code, output };
}

/** What a press of the tabulator behind these words offers. */
function complete(...words: string[]): string[] {
  return run("complete", "--", ...words)
    .output.split("\n")
    .map((line) => line.split("\t")[0] ?? "");
}

test.each(["bash", "zsh", "fish"])("completion %s prints what the shell takes", (shell) => {
  const { code, output } = run("completion", shell);

  expect(code).toBe(0);
  expect(output).toContain("mqtt-dataflow complete --");
});

test("completes commands and options", () => {
  expect(complete("")).toEqual(expect.arrayContaining(["check", "demo", "run"]));
  expect(complete("check", "--")).toEqual(expect.arrayContaining(["--profile", "--dataflow"]));
});

test("refuses a shell that it does not know", async () => {
  const { code, errors } = await runCommandLine(["completion", "tcsh"]);

  expect({ code, errors }).toEqual({ code: 2, errors: 'SHELL: is "tcsh"; use one of bash, zsh, fish, powershell\n' });
});
