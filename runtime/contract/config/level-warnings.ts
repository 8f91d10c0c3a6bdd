import { quote, type Problem } from "../errors.ts";
import { unsharedFilter } from "../topic/overlap.ts";
import { deepestLevel, parseTopicTemplate, topicLevels } from "../topic/template.ts";

/** Levels that a suggested topic filter has at most; nobody writes more by hand. */
const mostSuggested = 15;

/**
 * Warns of a destination topic that asks for a level which only some topics under a filter with "#" have: messages of the others
 * can't be delivered. The level in the place of the "#" itself draws none: only the topic above it lacks that, which few publish to.
 *
 * @param path where the destination topic is
 */
export function warnOfDeepLevels(path: string, dataDestination: string, dataSources: readonly string[]): Problem[] {
  const template = parseTopicTemplate(dataDestination);
  if ("problem" in template) return [];
  const deepest = deepestLevel(template);
  return dataSources.flatMap((filter) => {
    const levels = topicLevels(unsharedFilter(filter));
    if (levels.at(-1) !== "#" || deepest <= levels.length) return [];
    const problem = `asks for level ${deepest}, and messages under ${quote(filter)} with fewer levels can't be delivered`;
    const suggestion = deepest > mostSuggested ? "" : `, such as ${quote(withLevels(levels.slice(0, -1), deepest))}`;
    const remedy = `ask for level ${levels.length} at most, or give dataSources that have the level${suggestion}`;
    return [{ path, problem, remedy }];
  });
}

/** The filter of what is below some levels and has a number of levels at least. */
function withLevels(levels: readonly string[], count: number): string {
  return [...levels, ...Array<string>(count - levels.length).fill("+"), "#"].join("/");
}
