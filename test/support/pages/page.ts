import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

/*
 * Pages say in an HTML comment before a fenced block what becomes of it in the tests, where the language alone does not say it.
 * `doc/development/pages.md` lists the words of these comments.
 */

export const projectRoot = path.join(import.meta.dirname, "../../..");

/** What the comment before a block says. */
export interface Remark {
  /** Reason why the block, or the commands that begin with `command`, are not run. */
  readonly notRun: readonly { readonly command?: string; readonly reason: string }[];
  /** Path of the test that runs or compares the block, from the root of the project. */
  readonly testedBy?: string;
  /** Path of the module that has the text of the block, from the root of the project. */
  readonly printedBy?: string;
  /** Name of the file that the reader writes the block into. */
  readonly file?: string;
  /** File of the reader's that the block is put into, so many columns in, before the line that begins with `before`. */
  readonly addTo?: { readonly name: string; readonly columns: number; readonly before: string };
  /** Files of the project that the reader has under another name. */
  readonly given: readonly { readonly source: string; readonly name: string }[];
  /** Number of the terminal that the block runs in until the page ends; omitted: in the first one, to its end. */
  readonly terminal?: number;
  /** Number of the terminal that prints the block; omitted: that of the block before. */
  readonly outputOf?: number;
  /** Number of the terminal in which the reader presses Ctrl-C before the block. */
  readonly ctrlC?: number;
  readonly exitCode: number;
}

export type BlockKind =
  "commands" | "configuration" | "file" | "message" | "not run" | "output" | "program" | "tested elsewhere";

/** A fenced block of a page. */
export interface Block {
  /** File and line of the fence, such as `doc/vault.md:20`. */
  readonly where: string;
  readonly language: string;
  readonly text: string;
  readonly kind: BlockKind;
  readonly remark: Remark;
}

export interface Page {
  /** Path from the root of the project. */
  readonly file: string;
  readonly blocks: readonly Block[];
  /** Ports in the page's commands, which its test replaces by free ones. */
  readonly ports: readonly string[];
  /** Whether its commands need Pulumi, with stand-ins for Azure and a Kubernetes API server. */
  readonly needsPulumi: boolean;
  readonly problems: readonly string[];
}

const kinds: Readonly<Record<string, BlockKind>> = {
  bash: "commands",
  conf: "configuration",
  json: "configuration",
  text: "output",
  ts: "program",
  yaml: "configuration",
};

/** A reason is a sentence, so that a reader can judge it. */
const minReasonWords = 3;

/** Every page of the project: all Markdown but what tests keep, and the list of changes. */
export function findPages(): string[] {
  const below = (folder: string) =>
    readdirSync(path.join(projectRoot, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md") && !file.split(path.sep).includes("node_modules"))
      .map((file) => path.join(folder, file));
  return ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...below("doc"), ...below("examples")].sort();
}

export function readPage(file: string): Page {
  return parsePage(file, readFileSync(path.join(projectRoot, file), "utf8"));
}

/** Finds the fenced blocks of a page, and what is wrong with them or with their comments. Never throws. */
export function parsePage(file: string, markdown: string): Page {
  const problems: string[] = [];
  const fence =
    /(?:<!--(?<comment>(?:(?!-->)[^])*)-->\n+)?^(?<indent> *)(?<marks>`{3,})(?<info>.*)\n(?<text>[^]*?)^\k<indent>\k<marks>$/gm;
  const wholePage = /^<!-- all of it tested by: (?<test>\S+) -->$/m.exec(markdown)?.groups?.["test"];
  const ofPage = wholePage === undefined ? {} : { testedBy: wholePage };
  const blocks = [...markdown.matchAll(fence)].map(({ index, groups = {}, 0: whole }): Block => {
    const { comment = "", indent = "", info = "", text = "" } = groups;
    const line = markdown.slice(0, index + whole.search(/^ *`{3,}/m)).split("\n").length;
    const where = `${file}:${line}`;
    const report = (problem: string) => problems.push(`${where}: ${problem}`);
    const remark = { ...(comment === "" ? ofPage : {}), ...parseRemark(comment, report) };
    const language = info.trim();
    return { where, language, text: unindent(text, indent.length), kind: kindOf(language, remark, report), remark };
  });
  const ports = /^<!-- ports of the test: (?<ports>[\d, ]+) -->$/m.exec(markdown)?.groups?.["ports"] ?? "";
  const needsPulumi = markdown.includes("\n<!-- the test runs it with Pulumi -->\n");
  return { file, blocks, ports: ports.split(/, */).filter((port) => port !== ""), needsPulumi, problems };
}

function unindent(text: string, columns: number): string {
  return text
    .split("\n")
    .map((line) => line.slice(columns))
    .join("\n");
}

function kindOf(language: string, remark: Remark, report: (problem: string) => void): BlockKind {
  if (remark.notRun.some(({ command }) => command === undefined)) return "not run";
  if (remark.printedBy !== undefined) return "message";
  if (remark.testedBy !== undefined) return "tested elsewhere";
  if (remark.file !== undefined || remark.addTo !== undefined) return "file";
  const kind = kinds[language];
  if (kind === undefined) {
    const known = Object.keys(kinds).join(", ");
    report(`no test knows a block of language "${language}"; use one of ${known}, or say before it why it is not run`);
  }
  return kind ?? "not run";
}

/** Reads the lines of a comment: each is `<word>: <value>`, and a line that is indented goes on with the one before. */
function parseRemark(comment: string, report: (problem: string) => void): Remark {
  const remark = { notRun: [] as Remark["notRun"][number][], given: [] as Remark["given"][number][], exitCode: 0 };
  const lines = comment.trim().replaceAll(/\n\s+/g, " ").split("\n");
  for (const line of lines.filter((text) => text !== "")) {
    const {
      word = "",
      detail,
      value = "",
    } = /^(?<word>[A-Za-z -]+)(?:, `(?<detail>[^`]+)`)?: (?<value>.+)$/.exec(line)?.groups ?? {};
    if (word === "not run") {
      if (value.split(" ").length < minReasonWords)
        report(`"${value}" is no reason; say in a sentence why it is not run`);
      remark.notRun.push({ ...(detail === undefined ? {} : { command: detail }), reason: value });
    } else if (word === "given") {
      const [source = "", name = path.basename(source)] = value.split(" as ");
      remark.given.push({ source, name });
    } else if (word === "add to") {
      const { name, columns, before } =
        /^(?<name>.+), (?<columns>\d+) columns in, before (?<before>.+)$/.exec(value)?.groups ?? {};
      Object.assign(remark, { addTo: { name, columns: Number(columns), before } });
    } else if (!assign(remark, word, value)) {
      report(
        `the comment before the block says "${line}", which no test knows; doc/development/pages.md has the words`,
      );
    }
  }
  return remark;
}

function assign(remark: object, word: string, value: string): boolean {
  const fields: Readonly<Record<string, object>> = {
    file: { file: value },
    "printed by": { printedBy: value },
    "tested by": { testedBy: value },
    terminal: { terminal: Number(value) },
    "output of terminal": { outputOf: Number(value) },
    "Ctrl-C in terminal": { ctrlC: Number(value) },
    "exit code": { exitCode: Number(value) },
  };
  Object.assign(remark, fields[word]);
  return fields[word] !== undefined;
}
