import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Writable } from "node:stream";

import { reviewFiles } from "../../../cli/review/command.ts";
import type { ReviewOptions } from "../../../cli/review/command.ts";
import { readPreviewText } from "../../../cli/review/read-text.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";
import { recordedText } from "./recordings.ts";

afterAll(removeTemporaryFolders);

/** Reviews texts as files. */
function run(texts: { readonly [file: string]: string }, options: Partial<ReviewOptions> = {}) {
  const folder = createTemporaryFolder("review");
  const files = Object.entries(texts).map(([file, text]) => {
    writeFileSync(path.join(folder, file), text);
    return path.join(folder, file);
  });
  const written = { output: "", errors: "" };
  const stream = (name: keyof typeof written) =>
    new Writable({
      write: (chunk: Buffer, _, done) => {
        written[name] += chunk.toString();
        done();
      },
    });
  const session = { output: stream("output"), errors: stream("errors"), exitCode: 0 };
  const code = reviewFiles(files, { isJson: false, failOn: "blocked", ...options }, session);
  return { code, folder, ...written };
}

test("the exit code says whether the verdict is one to fail on", () => {
  const safe = { "log.jsonl": recordedText("add-a-dataflow.jsonl") };
  const attention = { "log.jsonl": recordedText("remove-a-dataflow.jsonl") };
  const blocked = { "log.jsonl": recordedText("refuse-a-declaration.jsonl") };

  expect([safe, attention, blocked].map((texts) => run(texts).code)).toEqual([0, 0, 1]);
  expect([safe, attention, blocked].map((texts) => run(texts, { failOn: "attention" }).code)).toEqual([0, 1, 1]);
  expect(run(blocked, { failOn: "never" }).code).toBe(0);
});

test("Markdown and JSON go to files, and JSON to the output where it is asked for", () => {
  const folder = createTemporaryFolder("out");
  const [markdownFile, jsonFile] = [path.join(folder, "comment.md"), path.join(folder, "review.json")];

  const { output } = run(
    { "log.jsonl": recordedText("raise-sessions.jsonl"), "other.json": recordedText("refuse-a-declaration.json") },
    { isJson: true, markdownFile, jsonFile },
  );

  const review = JSON.parse(output) as { version: number; verdict: string; stacks: unknown[] };
  expect(review).toMatchObject({ version: 1, verdict: "blocked" });
  expect(review.stacks).toHaveLength(2);
  expect(JSON.parse(readFileSync(jsonFile, "utf8"))).toEqual(review);
  expect(readFileSync(markdownFile, "utf8")).toMatch(/^⛔ \*\*Blocked\*\* · 2 stacks/);
});

test("every file that can't be read is named with what to give instead, and the exit code is 2", () => {
  const { code, output, errors, folder } = run({
    "empty.json": "",
    "prose.txt": "Previewing update (oslo)",
    "other.json": '{"name": "mqtt-dataflow"}',
    "broken.jsonl": '{"sequence":0,"preludeEvent":{}}\nnonsense\n{"sequence":1,"cancelEvent":{}}',
    "good.jsonl": recordedText("change-nothing.jsonl"),
  });

  expect(code).toBe(2);
  expect(output).toBe("");
  const lines = errors.trim().split("\n");
  expect(lines.map((line) => line.replace(`${folder}/`, "").split("; ")[0])).toEqual([
    "empty.json: is empty",
    "prose.txt: holds no JSON",
    "other.json: is JSON without the steps of a preview",
    "broken.jsonl: has no event of Pulumi's engine in line 2 of its JSON",
  ]);
  expect(lines.every((line) => line.includes("; give the output of pulumi preview --json, or the event log"))).toBe(
    true,
  );
});

test("a file that is not there, and one that can't be written, end with exit code 2", () => {
  const missing = run({}, {});
  const { code, errors } = run(
    { "log.jsonl": recordedText("change-nothing.jsonl") },
    { markdownFile: path.join(missing.folder, "no/such/folder.md") },
  );

  expect(code).toBe(2);
  expect(errors).toMatch(/folder\.md: can't be written \(ENOENT/);
});

test("logs that stand one after the other in one file are as many stacks", () => {
  const text = recordedText("change-nothing.jsonl") + recordedText("refuse-a-declaration.jsonl");

  const read = readPreviewText("both.jsonl", text);

  expect("previews" in read && read.previews).toHaveLength(2);
});

test("a log whose last line was cut is a preview that did not come to its end", () => {
  const text = recordedText("add-a-dataflow.jsonl");

  const { code, output } = run({ "log.jsonl": text.slice(0, text.length / 2) });

  expect(code).toBe(1);
  expect(output).toContain("did not come to its end");
});

test("what a pipeline's step printed before the JSON is skipped", () => {
  const { code } = run({ "log.json": `Previewing update\n${recordedText("raise-sessions.json")}` });

  expect(code).toBe(0);
});
