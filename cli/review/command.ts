import { readFileSync, writeFileSync } from "node:fs";

import { describeError, formatProblem } from "../../runtime/contract/errors.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { ExitCode } from "../../runtime/run.ts";
import { say, sayJson } from "../session.ts";
import type { Session } from "../session.ts";
import { renderMarkdown, reviewEvents } from "./index.ts";
import type { PreviewEvents } from "./index.ts";
import { readPreviewText } from "./read-text.ts";
import type { Review, Verdict } from "./review.ts";

export interface ReviewOptions {
  /** Whether the review goes to standard output as JSON; else it is Markdown. */
  readonly isJson: boolean;
  readonly markdownFile?: string | undefined;
  readonly jsonFile?: string | undefined;
  /** From which verdict on the exit code is 1. */
  readonly failOn: FailOn;
}

export const failOnValues = ["blocked", "attention", "never"] as const;
export type FailOn = (typeof failOnValues)[number];

/** Reviews the previews in files. @returns the exit code: 0, 1 when the verdict is one to fail on, 2 when a file can't be read or written */
export function reviewFiles(files: readonly string[], options: ReviewOptions, session: Session): number {
  const read = files.map(readFile);
  const problems = read.flatMap((one) => ("problem" in one ? [one.problem] : []));
  const previews = read.flatMap((one): readonly PreviewEvents[] => ("problem" in one ? [] : one.previews));
  if (problems.length > 0) return refuse(problems, session);
  const review = reviewEvents(previews);
  const unwritten = [
    ...writeFile(options.markdownFile, () => renderMarkdown(review)),
    ...writeFile(options.jsonFile, () => `${JSON.stringify(review, undefined, 2)}\n`),
  ];
  if (unwritten.length > 0) return refuse(unwritten, session);
  if (options.isJson) sayJson(session, review);
  else say(session, renderMarkdown(review).trimEnd());
  return isToFail(review.verdict, options.failOn) ? ExitCode.failed : ExitCode.ok;
}

function readFile(file: string): ReturnType<typeof readPreviewText> {
  try {
    return readPreviewText(file, readFileSync(file, "utf8"));
  } catch (error) {
    return { problem: { path: file, problem: `can't be read (${describeError(error)})`, remedy: "correct the path" } };
  }
}

function writeFile(file: string | undefined, render: () => string): Problem[] {
  if (file === undefined) return [];
  try {
    writeFileSync(file, render());
    return [];
  } catch (error) {
    return [
      {
        path: file,
        problem: `can't be written (${describeError(error)})`,
        remedy: "give a path in a folder that is there",
      },
    ];
  }
}

function refuse(problems: readonly Problem[], { errors }: Session): number {
  for (const problem of problems) errors.write(`${formatProblem(problem)}\n`);
  return ExitCode.badConfiguration;
}

function isToFail(verdict: Review["verdict"], failOn: FailOn): boolean {
  const failing: { readonly [on in FailOn]: readonly Verdict[] } = {
    blocked: ["blocked"],
    attention: ["blocked", "attention"],
    never: [],
  };
  return failing[failOn].includes(verdict);
}
