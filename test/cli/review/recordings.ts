import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { gunzipSync } from "node:zlib";

import type { PreviewEvents } from "../../../cli/review/index.ts";
import { readPreviewText } from "../../../cli/review/read-text.ts";

export const recordedFolder = path.join(import.meta.dirname, "recorded");

/** Names of the recorded event logs. */
export function recordedLogs(): string[] {
  return readdirSync(recordedFolder)
    .filter((file) => file.endsWith(".jsonl.gz"))
    .map((file) => file.replace(/\.jsonl\.gz$/, ""));
}

/** What the engine wrote, as a pipeline has it in a file. */
export function recordedText(file: string): string {
  return gunzipSync(readFileSync(path.join(recordedFolder, `${file}.gz`))).toString();
}

/** The previews of a recorded file, `raise-sessions.jsonl`. */
export function recorded(file: string): readonly PreviewEvents[] {
  const read = readPreviewText(file, recordedText(file));
  if ("problem" in read) throw new Error(`${file}: ${read.problem.problem}`);
  return read.previews;
}
