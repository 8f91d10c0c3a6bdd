import type { Cost } from "./review.ts";

/** Subjects of a cost that are named; a change of forty sites may have hundreds. */
const maxSubjects = 20;

/** A cost with its subjects counted and the first of them named. */
export function costOf(cost: Omit<Cost, "count">): Cost {
  return { ...cost, count: cost.subjects.length, subjects: cost.subjects.slice(0, maxSubjects) };
}

/** `1 pod`, `3 pods` */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? noun : plural}`;
}

/** Names for a sentence: the first few, and how many more there are. */
export function namesOf(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).map((name) => `"${name}"`);
  const rest = names.length - shown.length;
  return rest === 0 ? shown.join(", ") : `${shown.join(", ")} and ${rest} more`;
}
