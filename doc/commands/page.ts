import { buildProgram } from "../../cli/program.ts";

/** Why a command prints no JSON document with `--json`. */
export const withoutJson: Readonly<Record<string, string>> = {
  run: "what it prints is its log: a JSON object on each line",
  demo: "it is a picture for people to watch; `status --json` asks its relay",
  comment: "its result is the comment at the service; it prints one line that says what became of it",
  "drift-issue": "its result is the issue at the service; it prints one line for each that it changed",
  completion: "it prints a script for a shell",
};

/** A command as its help has it. */
export interface Described {
  /** With its group: `fleet up`. */
  readonly name: string;
  readonly summary: string;
  readonly hasJson: boolean;
  /** What each exit code says, by the code; empty where the help has none. */
  readonly exitCodes: readonly (readonly [code: number, meaning: string])[];
}

/** Exit codes of a command whose help has none. */
const usualCodes = [
  [0, "done"],
  [2, "the command line is wrong"],
] as const;

/** All commands that people type, in the order of the help. */
export function describeCommands(): Described[] {
  const quiet = { output: process.stdout, errors: process.stderr, exitCode: 0 };
  return buildProgram(quiet).commands.flatMap((command) => {
    const [name, inner] = [command.name(), command.commands];
    if (name === "complete") return [];
    const all = inner.length === 0 ? [command] : inner;
    return all.map((each) => {
      const own = inner.length === 0 ? name : `${name} ${each.name()}`;
      let help = "";
      each.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      return {
        name: own,
        summary: each.summary() === "" ? (each.description().split("\n")[0] ?? "") : each.summary(),
        hasJson: each.options.some(({ long }) => long === "--json"),
        exitCodes: readExitCodes(help),
      };
    });
  });
}

/** Reads `Exit codes: 0 done; 1 not.` */
function readExitCodes(help: string): (readonly [number, string])[] {
  const [, text] = /^Exit codes: ([\s\S]*?\.)$/m.exec(help) ?? [];
  if (text === undefined) return [...usualCodes];
  return text
    .replaceAll("\n", " ")
    .replace(/\.$/, "")
    .split(/; (?=[0-9] )/)
    .map((part) => [Number(part[0]), part.slice(2)] as const);
}

const intro = `# Commands

Generated from the commands' own help by \`npm run docs\`; a test compares, and another one ends with each exit code. \`mqtt-dataflow help COMMAND\`
tells all options.

\`--json\` prints one JSON document with a \`version\`, which counts its breaking changes; \`events\`, \`tap\` and \`status --watch\` print one
on each line. Problems and progress go to standard error, progress to a terminal only. Colours are for terminals; \`NO_COLOR\` turns them off.

What the commands print of sites that have something wrong: [causes](causes.md).
`;

/** Renders doc/commands.md. */
export function renderCommands(): string {
  const sections = describeCommands().map(({ name, summary, hasJson, exitCodes }) => {
    const json = hasJson ? "" : `No \`--json\`: ${withoutJson[name] ?? ""}.\n\n`;
    const [first = "", ...rest] = summary;
    return `## \`${name}\`\n\n${first.toUpperCase()}${rest.join("")}.\n\n${json}${table(exitCodes)}\n`;
  });
  return [intro, ...sections].join("\n");
}

/** A table as prettier lays it out. */
function table(codes: Described["exitCodes"]): string {
  const cells = codes.map(([code, meaning]) => [String(code), meaning.replaceAll("|", "\\|")] as const);
  const width = Math.max("it says".length, ...cells.map(([, meaning]) => meaning.length));
  const row = (code: string, meaning: string, filler = " ") =>
    `| ${code.padEnd("exit code".length, filler)} | ${meaning.padEnd(width, filler)} |`;
  const body = cells.map(([code, meaning]) => row(code, meaning));
  return [row("exit code", "it says"), row("", "", "-"), ...body].join("\n");
}
