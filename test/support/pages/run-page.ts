import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";

import { findFreePort } from "../free-port.ts";
import { startProcess, type StartedProcess } from "../started-process.ts";
import { createTemporaryFolder } from "../temporary-folder.ts";
import { commandsOf, whyNotRun } from "./commands.ts";
import { projectRoot, type Block, type Page, type Remark } from "./page.ts";

/** Folders of a clone that pages let their reader write into. */
const copied = ["package.json", "Pulumi.yaml", "stacks", "examples"];
const leftOut = [".git", "coverage", "dist"];

/** A reader of a page: a clone to work in, and terminals. */
export interface Reader {
  /** Where the clone is. */
  readonly folder: string;
  /** Does what a block asks for, and throws when it comes to something else than the page says. */
  follow(block: Block): Promise<void>;
}

/** What a reader has before the page begins. */
export interface ReaderOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Texts of the page, each with what a test has in its place. */
  readonly replacements?: Readonly<Record<string, string>>;
}

/** Tells whether a test has to run anything of a page. */
export function isRun({ blocks }: Page): boolean {
  return blocks.some((block) => block.kind === "commands" && runOf(block) !== "");
}

/** Sets up what a reader has who has cloned the repository and run `npm ci`. */
export async function createReader(page: Page, { env = {}, replacements = {} }: ReaderOptions = {}): Promise<Reader> {
  const folder = createTemporaryFolder("page");
  for (const name of readdirSync(projectRoot).filter((each) => !leftOut.includes(each))) {
    if (copied.includes(name)) cpSync(path.join(projectRoot, name), path.join(folder, name), { recursive: true });
    else symlinkSync(path.join(projectRoot, name), path.join(folder, name));
  }
  const ports = await Promise.all(page.ports.map(async (port) => [port, String(await findFreePort())] as const));
  const replaced = Object.entries({ ...replacements, ...Object.fromEntries(ports) });
  const fill = (text: string) => replaced.reduce((all, [from, to]) => all.replaceAll(from, to), text);
  const home = createTemporaryFolder("home");
  const reader = {
    folder,
    fill,
    env: { HOME: home, NO_COLOR: "1", ...env },
    terminals: new Map<number, StartedProcess>(),
    printed: "",
  };
  let failed: string | undefined;
  return {
    folder,
    follow: async (block) => {
      if (failed !== undefined) throw new Error(`the reader is stuck at ${failed}`);
      failed = block.where;
      await follow(reader, block);
      failed = undefined;
    },
  };
}

interface State {
  readonly folder: string;
  readonly fill: (text: string) => string;
  readonly env: Readonly<Record<string, string>>;
  readonly terminals: Map<number, StartedProcess>;
  /** What the last block printed, or the terminal that it runs in. */
  printed: string | StartedProcess;
}

async function follow(state: State, block: Block): Promise<void> {
  const { folder, fill } = state;
  const { ctrlC, file, given, outputOf } = block.remark;
  for (const { source, name } of given) {
    cpSync(path.join(projectRoot, source), path.join(folder, name), { recursive: true });
  }
  if (ctrlC !== undefined) await state.terminals.get(ctrlC)?.stop("SIGINT");
  if (block.kind === "file" && file !== undefined) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), fill(block.text));
  }
  if (block.remark.addTo !== undefined) addTo(folder, block.remark.addTo, fill(block.text));
  if (block.kind === "commands") await run(state, block);
  if (block.kind === "output") {
    const terminal = outputOf === undefined ? state.printed : state.terminals.get(outputOf);
    await expectOutput(terminal ?? "", fill(block.text), block.where);
  }
}

/** Puts text into a file, before the line that begins with a word. */
function addTo(folder: string, { name, columns, before }: NonNullable<Remark["addTo"]>, text: string): void {
  const file = path.join(folder, name);
  const lines = readFileSync(file, "utf8").split("\n");
  const index = lines.findIndex((line) => line.startsWith(before));
  if (index === -1) throw new Error(`${file}: has no line that begins with "${before}"`);
  writeFileSync(file, lines.toSpliced(index, 0, text.replaceAll(/^(?=.)/gm, " ".repeat(columns))).join("\n"));
}

/** What of a block is run, as one script. */
function runOf(block: Block): string {
  return commandsOf(block)
    .filter((command) => whyNotRun(block, command) === undefined)
    .join("\n");
}

async function run(state: State, block: Block): Promise<void> {
  const script = state.fill(runOf(block));
  if (script === "") return;
  const { terminal, exitCode } = block.remark;
  // What `set` prints of a background command is of no use to anyone.
  const started = startProcess("bash", ["-c", `set -euo pipefail\n${script}`], {
    ...{ cwd: state.folder, env: state.env, hasOwnGroup: true },
  });
  state.printed = started;
  if (terminal !== undefined) {
    state.terminals.set(terminal, started);
    return;
  }
  const { code } = await started.ended;
  state.printed = started.lines.join("\n");
  if (code !== exitCode)
    throw new Error(`${block.where}: exit code ${String(code)}, not ${exitCode}:\n${state.printed}`);
}

async function expectOutput(printed: string | StartedProcess, expected: string, where: string): Promise<void> {
  const pattern = outputPattern(expected);
  if (typeof printed !== "string") {
    await printed.until(`what ${where} shows`, () => pattern.test(printed.lines.join("\n")) || undefined);
  } else if (!pattern.test(printed)) {
    throw new Error(`${where}: shows\n${expected}\nand this was printed:\n${printed}`);
  }
}

/**
 * The lines of a page in their order, with any lines between them. "…" stands for any text of a line, a number for any number where
 * it is a time or a size: pages write "…" there. Space of any width is the same.
 */
export function outputPattern(text: string): RegExp {
  const lines = text.split("\n").map((line) => line.trim());
  const patterns = lines
    .filter((line) => line !== "" && line !== "…")
    .map((line) =>
      line
        .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
        .replaceAll("…", ".*")
        .replaceAll(/\s+/g, String.raw`\s+`),
    );
  return new RegExp(patterns.join(String.raw`[^\n]*\n(?:.*\n)*?[^\n]*`));
}
