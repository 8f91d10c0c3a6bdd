import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { checkCommands } from "../support/pages/commands.ts";
import { checkConfiguration, previewProgram } from "../support/pages/configurations.ts";
import { findDeadLinks } from "../support/pages/links.ts";
import { findPages, parsePage, projectRoot, readPage, type Block } from "../support/pages/page.ts";

const pages = findPages().map(readPage);
const blocks = pages.flatMap((page) => page.blocks);
const ofKind = (kind: Block["kind"]) =>
  blocks.filter((block) => block.kind === kind).map((block) => [block.where, block] as const);

test.each(pages.map((page) => [page.file, page] as const))(
  "each block of %s is of a kind that a test knows",
  (_, page) => {
    expect(page.problems).toEqual([]);
  },
);

const withCommands = blocks.filter(({ language }) => language === "bash");

test.each(withCommands.map((block) => [block.where, block] as const))(
  "the commands at %s are there with their options, run or not",
  (_, block) => {
    expect(checkCommands(block)).toEqual([]);
  },
);

test.each(
  blocks.filter(({ language }) => ["json", "yaml"].includes(language)).map((block) => [block.where, block] as const),
)("the configuration at %s parses", (_, block) => {
  expect(checkConfiguration(block)).toEqual([]);
});

test.each(ofKind("program"))("the program at %s previews", async (_, block) => {
  jest.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);

  expect(await previewProgram(block)).toEqual([]);
});

test.each(ofKind("message"))("the message at %s is in the module that the comment names", (_, { text, remark }) => {
  const source = readFileSync(path.join(projectRoot, remark.printedBy ?? ""), "utf8");
  // What is between quotation marks, numbers and names of fields differ from message to message.
  const parts = text.split(/…|"[^"]*"|\w*\.?\w*\(?\b\d+\)?|[;:,]/).map((part) => part.trim());

  expect(parts.filter((part) => part.split(" ").length > 2 && !source.includes(part))).toEqual([]);
});

test.each(ofKind("tested elsewhere"))(
  "the test that the comment at %s names reads that page",
  (_, { where, remark }) => {
    const file = path.join(projectRoot, remark.testedBy ?? "");
    const [page = ""] = where.split(":");

    expect(existsSync(file)).toBe(true);
    expect(readFileSync(file, "utf8")).toContain(path.basename(page));
  },
);

test.each(pages.map((page) => [page.file, page] as const))("each output of %s follows what prints it", (_, page) => {
  let hasRun = false;
  const orphans: string[] = [];
  for (const { kind, where } of page.blocks) {
    if (kind === "commands") hasRun = true;
    if (kind === "output" && !hasRun) orphans.push(where);
  }

  expect(orphans).toEqual([]);
});

test.each(findPages().map((file) => [file] as const))("each link of %s leads to a file and a heading", (file) => {
  expect(findDeadLinks(file, readFileSync(path.join(projectRoot, file), "utf8"))).toEqual([]);
});

const reasons = blocks.flatMap(({ where, remark }) => remark.notRun.map(({ reason }) => [where, reason] as const));

test.each(reasons)("the tests that the reason at %s names exist: %s", (_, reason) => {
  const named = reason.match(/\btest\/[\w./-]*\w/g) ?? [];

  expect(named.filter((file) => !existsSync(path.join(projectRoot, file)))).toEqual([]);
});

describe("what the test finds", () => {
  const page = (...lines: string[]) => parsePage("page.md", ["# Title", "", ...lines, ""].join("\n"));

  test.each([
    [
      "a language that it does not know",
      page("```ruby", "puts 1", "```"),
      'page.md:3: no test knows a block of language "ruby"',
    ],
    ["a comment that it does not know", page("<!-- skip: always -->", "```bash", "ls", "```"), 'says "skip: always"'],
    ["a reason of one word", page("<!-- not run: Azure -->", "```bash", "ls", "```"), '"Azure" is no reason'],
  ])("%s", (_, { problems }, problem) => {
    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  const commands = (...lines: string[]) => page("```bash", ...lines, "```").blocks.flatMap(checkCommands);

  test.each([
    ["a command that there is not", "npm run mqtt-dataflow -- chek x", 'mqtt-dataflow has no command "chek"'],
    ["an option that there is not", "npx mqtt-dataflow check x --jsn", "mqtt-dataflow check has no --jsn"],
    ["a script that there is not", "npm run biuld", 'package.json has no script "biuld"'],
    ["a file that there is not", "cat examples/ruby/site.rb", "names the file examples/ruby/site.rb"],
    ["what is no shell", "echo 'a", "is no shell command"],
  ])("%s", (_, line, problem) => {
    expect(commands(line)).toEqual([expect.stringContaining(problem)]);
  });

  test("links that lead nowhere, and only these", () => {
    const markdown = [
      "# Two words",
      "[file](doc/none.md) [heading](doc/vault.md#nothing) [own](#three-words) [`code`](none.ts)",
      "[file](doc/vault.md) [heading](doc/vault.md#rotation) [own](#two-words) [web](https://example.com/none)",
      ...["```text", "[in a block](none.md)", "```"],
    ].join("\n");

    expect(findDeadLinks("README.md", markdown)).toEqual([
      ...["doc/none.md", "doc/vault.md#nothing", "#three-words", "none.ts"],
    ]);
  });

  test("a configuration with a mistake", () => {
    const [block] = page(
      "```json",
      '{ "endpoints": { "edge": { "endpointTyp": "Mqtt" } }, "dataflows": {} }',
      "```",
    ).blocks;

    expect(checkConfiguration(block!)[0]).toContain("endpointTyp");
  });

  test("a program that a preview refuses, and one that takes what nobody gives", async () => {
    const [block] = page(
      "```ts",
      'customEndpoints: { other: { host: "no port", authenticationMethod: "Anonymous" } },',
      "```",
    ).blocks;
    const [unknown] = page("```ts", "relay: { image: imag },", "```").blocks;

    expect((await previewProgram(block!)).join("\n")).toContain("customEndpoints.other.host");
    await expect(previewProgram(unknown!)).rejects.toThrow("imag is not defined");
  });

  test("a command that is said not to run and is not there", () => {
    const { blocks: found } = page("<!-- not run, `pwd`: it says nothing -->", "", "```bash", "ls", "```");

    expect(found.flatMap(checkCommands)).toEqual([expect.stringContaining('no command begins with "pwd"')]);
  });
});
