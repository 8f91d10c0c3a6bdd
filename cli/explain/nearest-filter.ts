import leven from "leven";

import { quote } from "../../runtime/contract/errors.ts";
import { unsharedFilter } from "../../runtime/contract/topic/overlap.ts";

/** A filter that does not take a topic, and why. */
export interface NearFilter {
  readonly filter: string;
  /** What differs, such as `level 2 is "line4", and the filter has "line5" there`. */
  readonly difference: string;
  /** 0 is next to equal; a level that is missing or has nothing in common with its counterpart counts 1. */
  readonly distance: number;
}

/** Longest level that is compared letter by letter, in characters: the cost is the product of both lengths. */
const maxCompared = 100;

/**
 * Says why a filter does not take in a topic, and how far it is from doing so.
 *
 * @param filter one that does not take it in; shared or not
 */
export function describeMiss(filter: string, topic: string): NearFilter {
  const wanted = unsharedFilter(filter).split("/");
  const levels = topic.split("/");
  if (topic.startsWith("$") && /^[+#]/.test(wanted[0] ?? "")) {
    const difference = 'the topic begins with "$", which no filter takes in that begins with a wildcard';
    return { filter, difference, distance: 1 };
  }
  const isOpen = wanted.at(-1) === "#";
  const differences: string[] = [];
  let distance = 0;
  for (const [index, level] of wanted.entries()) {
    const given = levels[index];
    if (level === "#" || given === undefined) break;
    if (level === "+" || level === given) continue;
    distance += distanceOf(level, given);
    differences.push(describeLevel(index + 1, given, level));
  }
  const least = isOpen ? wanted.length - 1 : wanted.length;
  const isTooShort = levels.length < least;
  if (isTooShort || (levels.length > wanted.length && !isOpen)) {
    const asked = isOpen ? `${least} at least` : String(least);
    differences.push(`the topic has ${count(levels.length)}, and the filter asks for ${asked}`);
    distance += isTooShort ? least - levels.length : levels.length - wanted.length;
  }
  return { filter, difference: differences.join("; "), distance };
}

function describeLevel(number: number, given: string, wanted: string): string {
  const onlyCase = given.toLowerCase() === wanted.toLowerCase() ? " (upper and lower case are different topics)" : "";
  return `level ${number} is ${quote(given)}, and the filter has ${quote(wanted)} there${onlyCase}`;
}

/** 0 to 1. */
function distanceOf(a: string, b: string): number {
  const longest = Math.max(a.length, b.length);
  return longest > maxCompared ? 1 : leven(a.toLowerCase(), b.toLowerCase()) / (longest + 1);
}

function count(levels: number): string {
  return levels === 1 ? "1 level" : `${levels} levels`;
}
