import * as v from "valibot";

import { describeError, type Problem } from "../../runtime/contract/errors.ts";
import { readBoundedFile } from "../../runtime/bounded-file.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** What of a review counts here; it has much more. */
const reviewSchema = v.object({
  version: v.literal(1),
  stacks: v.pipe(
    v.array(
      v.object({
        stack: v.string(),
        operations: v.object({ create: count, update: count, replace: count, delete: count }),
        findings: v.array(v.object({ kind: v.string() })),
      }),
    ),
    v.minLength(1),
  ),
});

/** Which stacks differ from what was deployed. */
export interface Drift {
  readonly drifted: readonly string[];
  /** Those that could not be compared, so that nobody knows. */
  readonly unknown: readonly string[];
  readonly same: readonly string[];
}

const bound = { bytes: 64 * 1024 * 1024, reason: "far more than a review of a fleet has" };

/** Reads what `mqtt-dataflow review --output-json` wrote of refreshes; a problem when it is no such file. */
export async function readDrift(file: string): Promise<Drift | Problem> {
  const path = `--review ${file}`;
  const remedy = "give the file that mqtt-dataflow review --output-json wrote, and check the step that writes it";
  try {
    const parsed = v.safeParse(reviewSchema, JSON.parse((await readBoundedFile(file, bound)).toString("utf8")));
    if (!parsed.success) return { path, problem: "is no review of any stack", remedy };
    return sortStacks(parsed.output.stacks);
  } catch (error) {
    return { path, problem: `can't be read: ${describeError(error)}`, remedy };
  }
}

type Stacks = v.InferOutput<typeof reviewSchema>["stacks"];

function sortStacks(stacks: Stacks): Drift {
  const named = stacks.map((stack) => ({ name: stack.stack, state: stateOf(stack) }));
  const of = (wanted: ReturnType<typeof stateOf>) =>
    named.filter(({ state }) => state === wanted).map(({ name }) => name);
  return { drifted: of("drifted"), unknown: of("unknown"), same: of("same") };
}

function stateOf({ operations, findings }: Stacks[number]): "drifted" | "unknown" | "same" {
  if (Object.values(operations).some((changes) => changes > 0)) return "drifted";
  return findings.some(({ kind }) => kind === "error") ? "unknown" : "same";
}
