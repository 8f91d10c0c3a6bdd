/** What `pulumi … --diff` prints about one resource, or about the stack's outputs. */
interface Block {
  readonly sortKey: string;
  readonly heading: string;
  readonly lines: string[];
}

const heading = /^ *([-+~<>=]*) ?([\w.-]+:[\w./-]*:\w+): \(([\w -]+)\)( 🔒)?$/;

/**
 * Makes what `pulumi preview --diff` prints readable and the same at each run: of each resource only the lines that are
 * marked as changed, under its type and name; resources sorted by their parents, because the engine prints them in the
 * order in which they get ready; and names without the part that is made up.
 */
export function readableDiff(output: string): string {
  const lines = output.split("\n");
  const end = lines.findIndex((line) => line.startsWith("Resources:"));
  const blocks = readBlocks(lines.slice(0, end < 0 ? lines.length : end)).filter(({ lines: { length } }) => length > 0);
  const texts = blocks
    .sort((a, b) => (a.sortKey < b.sortKey ? -1 : 1))
    .map((block) => [block.heading, ...indent(block.lines)].join("\n"));
  const notes = lines.filter((line) => /^(?:warning|error): /.test(line)).sort();
  const summary = end < 0 ? [] : lines.slice(end).filter((line) => line !== "" && !line.startsWith("Duration:"));
  const text = [...texts, notes.join("\n"), summary.join("\n")].filter((part) => part !== "").join("\n\n");
  return `${withoutChance(text)}\n`;
}

function readBlocks(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let marked: string[] | undefined;
  for (const [index, line] of lines.entries()) {
    const [, mark = "", type = "", operation = "", lock = ""] = heading.exec(line) ?? [];
    const urn = lines
      .slice(index, index + 4)
      .find((next) => next.includes("[urn="))
      ?.trim()
      .slice("[urn=".length, -1);
    if (type !== "" && urn !== undefined) {
      // What happens to the resource itself is a change, even where no line tells more.
      marked = operation === "same" || operation === "read" ? [] : [" "];
      const title = `${mark} ${type} ${urn.split("::").at(-1) ?? ""} (${operation})${lock}`.trim();
      blocks.push({ sortKey: urn, heading: title, lines: marked });
    } else if (/^ *--outputs:--$/.test(line) && /^ {2,4}-/.test(line)) {
      marked = [];
      blocks.push({ sortKey: "~", heading: "outputs of the stack", lines: marked });
    } else if (line.startsWith(" => ")) {
      // The engine lists all of a JSON text that is replaced as a whole, and then what it becomes.
      const start = marked?.findLastIndex((marking) => marking.endsWith(": (json) {")) ?? -1;
      marked?.splice(start, marked.length, `${marked[start]?.replace(/ \{$/, "") ?? ""}${line}`);
    } else if (/^ *[-+~]{1,2} /.test(line)) {
      marked?.push(line);
    }
  }
  return blocks;
}

/** Moves the lines of a resource to the left margin of the page, and keeps their order below each other. */
function indent(lines: readonly string[]): string[] {
  const shown = lines.filter((line) => line !== " ");
  const margin = Math.min(...shown.map((line) => line.search(/\S/)));
  return shown.map((line) => `    ${line.slice(margin)}`);
}

/** Takes out what is made up anew in each run. */
function withoutChance(text: string): string {
  return text
    .replaceAll(/\b(oslo-[a-z-]+?)(-?)[0-9a-f]{8}\b/g, "$1$2<made up>")
    .replaceAll(/\b[0-9a-f]{64}\b/g, "<hash>");
}

/** The part of a failed command's output that says why, without what only says that it failed. */
export function diagnosticsOf(output: string): string {
  const lines = output.split("\n");
  const start = lines.indexOf("Diagnostics:") + 1;
  const end = lines.findIndex((line, index) => index > start && /^\S/.test(line));
  const blocks = lines.slice(start, end).join("\n").split("\n\n");
  return blocks
    .filter((block) => !/^\s+error: (?:preview|update) failed$/m.test(block))
    .join("\n\n")
    .trim();
}
