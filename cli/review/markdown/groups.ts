import type { StackReview } from "../review.ts";

/** Stacks whose changes are the same but for their names. */
export interface StackGroup {
  readonly example: StackReview;
  /** Names of all of them, the example's first. */
  readonly stacks: readonly string[];
}

/** Puts stacks together that say the same, in the order in which they come: forty sites are often one change. */
export function groupAlike(stacks: readonly StackReview[]): StackGroup[] {
  const groups = new Map<string, StackReview[]>();
  for (const stack of stacks) {
    const key = likeness(stack);
    groups.set(key, [...(groups.get(key) ?? []), stack]);
  }
  return [...groups.values()].flatMap((group) => {
    const [example] = group;
    return example === undefined ? [] : [{ example, stacks: group.map(({ stack }) => stack) }];
  });
}

/** The review as text, without the stack's own name and the ends of names that engine and providers make up. */
function likeness({ stack, ...review }: StackReview): string {
  return JSON.stringify(review)
    .replaceAll(/[0-9a-f]{64}/g, "#")
    .replaceAll(/-?[0-9a-f]{8}(?![0-9a-f])/g, "#")
    .replaceAll(stack, "*");
}
