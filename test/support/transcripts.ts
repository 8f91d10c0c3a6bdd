import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { projectRoot } from "./pages/page.ts";

/** The page of transcripts; several tests write a part of it each. */
export const transcriptsPage = path.join(projectRoot, "doc/transcripts.md");

/** Whether the run writes what it sees into the page. */
export const writesTranscripts = process.env["UPDATE_DOCS"] === "1";

/** A part of the page: a command, and what it has printed. Its fence is longer than any in the text. */
export function transcriptSection(title: string, command: string, printed: string): string {
  const longest = Math.max(2, ...(printed.match(/`{3,}/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  return `## ${title}\n\n${fence}text\n$ mqtt-dataflow ${command}\n${printed.trimEnd()}\n${fence}`;
}

/** The part of the page with a title, as it is stored; without text when there is none. */
export function storedSection(title: string): string {
  const text =
    readFileSync(transcriptsPage, "utf8")
      .split(`## ${title}\n`)[1]
      ?.split(/\n## (?!#)/)[0] ?? "";
  return `## ${title}\n\n${text.trim()}`.trimEnd();
}

/** Lays Markdown out as the project has it. */
export function layOutPage(markdown: string): string {
  const prettier = path.join(projectRoot, "node_modules/prettier/bin/prettier.cjs");
  return execFileSync(process.execPath, [prettier, "--stdin-filepath", transcriptsPage], {
    input: markdown,
  }).toString();
}

/** Compares a part of the page with what a command has printed, or writes it there with `UPDATE_DOCS=1`. */
export function expectTranscript(title: string, command: string, printed: string): void {
  const section = transcriptSection(title, command, printed);
  const page = readFileSync(transcriptsPage, "utf8");
  if (writesTranscripts)
    writeFileSync(
      transcriptsPage,
      page.replace(storedSection(title), () => section),
    );

  expect(storedSection(title)).toBe(section);
}
