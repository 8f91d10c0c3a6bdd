import { quote } from "../errors.ts";

/** Longest topic name or topic filter in UTF-8 bytes. @see MQTT 5.0 §4.7.3 */
export const maxTopicBytes = 65_535;

const sharedPrefix = "$share/";

/** A shared subscription, taken apart: `$share/<group>/<filter>`. */
export interface SharedFilter {
  readonly group: string;
  readonly filter: string;
}

/**
 * Says what is wrong with a topic name, or `undefined` when a PUBLISH may carry it.
 * @see MQTT 5.0 §3.3.2.1 and §4.7
 */
export function topicNameProblem(name: string): string | undefined {
  if (name.includes("+") || name.includes("#"))
    return 'has a wildcard ("+" or "#"), which only a topic filter may have';
  return commonProblem(name);
}

/**
 * Says what is wrong with a topic filter (shared or not), or `undefined` when a SUBSCRIBE may carry it.
 * @see MQTT 5.0 §4.7.1 and §4.8.2
 */
export function topicFilterProblem(filter: string): string | undefined {
  const shared = parseSharedFilter(filter);
  if (shared === "malformed") return 'is not a shared subscription of the form "$share/<group>/<filter>"';
  const levels = (shared?.filter ?? filter).split("/");
  for (const [index, level] of levels.entries()) {
    if (level.includes("#") && level !== "#") return `has "#" inside the level ${quote(level)}, it must stand alone`;
    if (level.includes("+") && level !== "+") return `has "+" inside the level ${quote(level)}, it must stand alone`;
    if (level === "#" && index < levels.length - 1) return 'has "#" before the last level'; // [MQTT-4.7.1-1]
  }
  return commonProblem(filter);
}

/** Takes `$share/<group>/<filter>` apart; `undefined` when the filter is not shared. */
export function parseSharedFilter(filter: string): SharedFilter | "malformed" | undefined {
  if (filter !== "$share" && !filter.startsWith(sharedPrefix)) return undefined;
  const slash = filter.indexOf("/", sharedPrefix.length);
  if (slash <= sharedPrefix.length || slash === filter.length - 1) return "malformed"; // [MQTT-4.8.2-1]
  const group = filter.slice(sharedPrefix.length, slash);
  return /[+#]/.test(group) ? "malformed" : { group, filter: filter.slice(slash + 1) };
}

/** Tells whether a topic name falls under a topic filter that is not shared. @see MQTT 5.0 §4.7 */
export function matchesTopicFilter(filter: string, topic: string): boolean {
  return matchesLevels(filter.split("/"), topic);
}

/** Does what {@link matchesTopicFilter} does for a filter that was split at "/" before, without splitting the topic. */
export function matchesLevels(filter: readonly string[], topic: string): boolean {
  // Topics of the server itself stay out of sight of a leading wildcard: [MQTT-4.7.2-1]
  if (topic.startsWith("$") && (filter[0]?.startsWith("+") === true || filter[0]?.startsWith("#") === true))
    return false;
  /** Where the next level begins; one past the end once none is left. */
  let start = 0;
  for (const level of filter) {
    if (level === "#") return true; // the parent level too: "a/#" takes in "a"
    if (start > topic.length) return false;
    const slash = topic.indexOf("/", start);
    const end = slash < 0 ? topic.length : slash;
    if (level !== "+" && (end - start !== level.length || !topic.startsWith(level, start))) return false;
    start = end + 1;
  }
  return start === topic.length + 1;
}

/** The topic filter of a shared subscription, or the filter itself: `$share/g/a/+` → `a/+`. */
export function withoutShare(filter: string): string {
  const shared = parseSharedFilter(filter);
  return typeof shared === "object" ? shared.filter : filter;
}

function commonProblem(text: string): string | undefined {
  if (text.length === 0) return "is empty";
  if (text.includes("\u0000")) return "holds the character U+0000";
  const bytes = Buffer.byteLength(text);
  return bytes > maxTopicBytes ? `is ${bytes} bytes long, more than ${maxTopicBytes}` : undefined;
}
