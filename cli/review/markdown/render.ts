import { count } from "../cost.ts";
import type { Review, StackReview, Verdict } from "../review.ts";
import { code, prose, row } from "./escape.ts";
import { groupAlike } from "./groups.ts";
import type { StackGroup } from "./groups.ts";
import { Page } from "./page.ts";
import { sectionsOf } from "./sections.ts";

/** Longest comment that GitHub takes, in characters. @see GitHub REST API, Create an issue comment */
export const githubMaxCharacters = 65_536;

const verdictWords: { readonly [verdict in Verdict]: string } = {
  none: "✅ **No change**",
  safe: "✅ **Safe**",
  attention: "⚠️ **Needs attention**",
  blocked: "⛔ **Blocked**",
};

export interface MarkdownOptions {
  /**
   * Longest text, in UTF-16 units, which are never fewer than characters.
   * @default 65536, GitHub's limit of a comment
   */
  readonly maxCharacters?: number;
}

/** Writes a review as GitHub and Azure DevOps show it: the verdict first, the engine's diff folded and last. */
export function renderMarkdown(review: Review, { maxCharacters = githubMaxCharacters }: MarkdownOptions = {}): string {
  const page = new Page(maxCharacters);
  const [only] = review.stacks;
  if (review.stacks.length === 1 && only !== undefined) renderStack(page, only);
  else renderStacks(page, review);
  return page.finish();
}

/** Reasons that the first line names; the others stand in the sections. */
const mostReasons = 4;

function renderStack(page: Page, stack: StackReview): void {
  page.addLine(headline(stack));
  for (const block of sectionsOf(stack)) page.add(block);
}

/** The one line that everybody reads. */
function headline(stack: StackReview): string {
  const { verdict, reasons, summary, operations } = stack;
  const name = code([stack.project, stack.stack].filter((part) => part !== "").join("/"));
  const start = `${verdictWords[verdict]} · ${name}`;
  if (verdict === "none") {
    const same =
      operations.same === 0
        ? "nothing changes"
        : `${count(operations.same, "resource stays", "resources stay")} as ${operations.same === 1 ? "it is" : "they are"}`;
    return `${start}: ${same}`;
  }
  const said = verdict === "safe" ? summary : reasons;
  return `${start}: ${listed(said)}`;
}

function listed(texts: readonly string[]): string {
  const rest = texts.length - mostReasons;
  return [...texts.slice(0, mostReasons).map(prose), ...(rest > 0 ? [`and ${rest} more, below`] : [])].join("; ");
}

function renderStacks(page: Page, review: Review): void {
  const changed = review.stacks.filter(({ verdict }) => verdict !== "none");
  const total = count(review.stacks.length, "stack");
  if (changed.length === 0) {
    page.addLine(`${verdictWords.none} in ${total}`);
    return;
  }
  const numbers = (["blocked", "attention", "safe", "none"] as const).flatMap((verdict) => {
    const number = review.stacks.filter((stack) => stack.verdict === verdict).length;
    return number === 0 ? [] : [`${number} ${wordOf(verdict)}`];
  });
  page.addLine(`${verdictWords[review.verdict]} · ${total}: ${numbers.join(", ")}`);
  const groups = groupAlike(changed);
  page.add({
    open: ["", row(["", "stacks", "what happens"]), row(["---", "---", "---"])],
    rows: groups.map((group) =>
      row([verdictWords[group.example.verdict], namesIn(group), listed(saidOf(group.example))]),
    ),
    close: [],
  });
  for (const { example, stacks } of groups) {
    const others = stacks.length - 1;
    page.addLine("");
    page.addLine(`### ${code(example.stack)}${others === 0 ? "" : `, and ${count(others, "stack")} like it`}`);
    for (const block of sectionsOf(example)) page.add(block);
  }
}

function wordOf(verdict: Verdict): string {
  return { none: "without a change", safe: "safe", attention: "need attention", blocked: "blocked" }[verdict];
}

function saidOf({ verdict, reasons, summary }: StackReview): readonly string[] {
  return verdict === "safe" ? summary : reasons;
}

const mostNames = 50;

function namesIn({ stacks }: StackGroup): string {
  const names = stacks.slice(0, mostNames).map(code);
  const rest = stacks.length - names.length;
  return `${names.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
