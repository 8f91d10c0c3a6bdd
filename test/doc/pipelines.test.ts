import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { buildProgram } from "../../cli/program.ts";
import { readWorkflows, templates } from "../pipelines/pipeline-files.ts";

const root = path.join(import.meta.dirname, "../..");
const page = readFileSync(path.join(root, "doc/pipelines.md"), "utf8");
const workflows = readWorkflows(path.join(templates.github, "workflows"));
const texts = workflows.map(({ text }) => text).join("\n");

/** The cells of the first column of the tables below a heading. */
function firstCells(heading: string): string[] {
  const [, below = ""] = page.split(`\n${heading}\n`);
  const section = below.split(/\n#{2,3} /)[0] ?? "";
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, cell = ""]) => cell);
}

test("names every file that its reader copies", () => {
  const gitHub = firstCells("### 1. Copy the workflows");
  const azure = firstCells("### 1. Copy the pipelines");

  expect(gitHub.sort()).toEqual(
    ["dependabot.yml", ...workflows.map(({ name }) => name.replace("pipelines/github/", ""))].sort(),
  );
  for (const file of azure) expect(existsSync(path.join(templates.azure, file))).toBe(true);
});

test("names every variable that the workflows read", () => {
  const read = new Set([...texts.matchAll(/\$\{\{ vars\.(\w+) \}\}/g)].map(([, name]) => name));

  expect(firstCells("### 3. Tell the workflows").sort()).toEqual([...read].sort());
});

test("calls commands and options that there are", () => {
  const program = buildProgram({ output: process.stdout, errors: process.stderr, exitCode: 0 });
  const calls = [...`${page}\n${texts}`.matchAll(/npx (?:--no-install )?mqtt-dataflow ([\w-]+)([^\n#]*)/g)];

  expect(calls.length).toBeGreaterThan(6);
  for (const [, name, rest = ""] of calls) {
    const command = program.commands.find((each) => each.name() === name);
    const options = [...rest.matchAll(/--[\w-]+/g)].map(([option]) => option);
    expect(command?.options.map((option) => option.long)).toEqual(expect.arrayContaining(options));
  }
});

test("has the subject of a token for each kind of job that logs in", () => {
  const subjects = [...page.matchAll(/`repo:example\/plant:([^`]+)`/g)].map(([, subject]) => subject);

  expect([...new Set(subjects)]).toEqual([
    "pull_request",
    "ref:refs/heads/main",
    "environment:dev",
    "environment:prod",
  ]);
});
