import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { buildProgram } from "../../../cli/program.ts";
import { projectRoot, type Block } from "./page.ts";

/** The commands of a block, each with the lines that it goes on in; comments and empty lines are none. */
export function commandsOf({ text }: Pick<Block, "text">): string[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** The reason why a command of a block is not run; `undefined` when it is. */
export function whyNotRun({ remark }: Block, command: string): string | undefined {
  return remark.notRun.find((each) => each.command === undefined || command.startsWith(each.command))?.reason;
}

/**
 * What is wrong with commands that can be seen without running them: the shell's syntax, scripts of package.json, commands and
 * options of `mqtt-dataflow`, files of the project.
 */
export function checkCommands(block: Block): string[] {
  const commands = commandsOf(block);
  const unused = block.remark.notRun
    .filter(({ command }) => command !== undefined && !commands.some((line) => line.startsWith(command)))
    .map(({ command }) => `no command begins with "${command ?? ""}", which the comment says is not run`);
  return [...checkSyntax(block.text), ...commands.flatMap(checkCommand), ...unused].map(
    (problem) => `${block.where}: ${problem}`,
  );
}

function checkSyntax(text: string): string[] {
  try {
    // Names in angle brackets stand for names of the reader's own.
    execFileSync("bash", ["-n"], { input: text.replaceAll(/<[\w' -]+>/g, "name"), stdio: "pipe" });
    return [];
  } catch (cause) {
    return [`is no shell command: ${String((cause as { readonly stderr?: unknown }).stderr).trim()}`];
  }
}

function checkCommand(command: string): string[] {
  const { script, rest = "" } =
    /\bnpm (?:run (?:-s )?)?(?<script>(?<=run (?:-s )?)[\w:-]+|start|test)\b(?<rest>.*)/.exec(command)?.groups ?? {};
  const called =
    script === "mqtt-dataflow"
      ? /^ -- (?<call>.*)/.exec(rest)?.groups?.["call"]
      : /(?:^|\bnpx (?:--no-install )?)mqtt-dataflow (?<call>.*)/.exec(command)?.groups?.["call"];
  return [...checkScript(script), ...(called === undefined ? [] : checkCall(called)), ...checkFiles(command)];
}

function checkScript(script: string | undefined): string[] {
  const { scripts } = JSON.parse(readFileSync(path.join(projectRoot, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  return script === undefined || script in scripts ? [] : [`package.json has no script "${script}"`];
}

/** Compares a call of `mqtt-dataflow` with the commands and options that there are. */
function checkCall(call: string): string[] {
  const words = call.replace(/ #.*/, "").split(/\s+/);
  let command = buildProgram({ output: process.stdout, errors: process.stderr, exitCode: 0 });
  for (const word of words)
    command = (command.commands.find((each) => each.name() === word) ?? command) as typeof command;
  const isCommand = words[0]?.startsWith("-") === true || command.parent !== null;
  const known = new Set([
    "--help",
    "-h",
    "--version",
    "-V",
    ...command.options.flatMap(({ long, short }) => [long, short]),
  ]);
  const options = words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.replace(/=.*/, ""));
  return [
    ...(isCommand || words[0] === "help" ? [] : [`mqtt-dataflow has no command "${words[0] ?? ""}"`]),
    ...options
      .filter((option) => !known.has(option))
      .map((option) => `mqtt-dataflow ${command.name()} has no ${option}`),
  ];
}

/** Folders of the project whose files commands name. */
const namedFolders = /(?<=^|[\s'"=(./])(?:examples|stacks|pipelines|\.ci|doc)\/[\w./-]+/g;

function checkFiles(command: string): string[] {
  const isCopy = command.includes("node_modules/mqtt-dataflow/");
  const files =
    isCopy || !command.includes("pipelines/") ? [...command.matchAll(namedFolders)].map(([file]) => file) : [];
  return files
    .filter((file) => !existsSync(path.join(projectRoot, file)))
    .map((file) => `names the file ${file}, which is not there`);
}
