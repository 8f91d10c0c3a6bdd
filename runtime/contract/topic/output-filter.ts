import { maxTopicBytes } from "./filter.ts";
import { topicLevels, type TopicTemplate } from "./template.ts";

/**
 * A filter that takes in every topic which a template makes of topics under `filter`, not shared; `undefined` when they
 * would all be longer than a topic may be. `sites/oslo/${inputTopic}` and `plant/+/telemetry/#` →
 * `sites/oslo/plant/+/telemetry/#`
 */
export function outputFilter({ pieces }: TopicTemplate, filter: string): string | undefined {
  let levels: string[] | undefined;
  let made = "";
  for (const piece of pieces) {
    if (piece.kind === "text") made += piece.text;
    else if (piece.kind === "topic") made += filter;
    else made += knownLevel((levels ??= topicLevels(filter))[piece.number - 1]);
    if (made.length > maxTopicBytes) return undefined;
  }
  return widened(made);
}

function knownLevel(level: string | undefined): string {
  return level === undefined || level === "#" ? "+" : level;
}

/** Widens what stands beside a wildcard: a level in which one is becomes `+`, and nothing follows `#`. */
function widened(text: string): string {
  const levels: string[] = [];
  for (const level of text.split("/")) {
    if (level.includes("#")) return [...levels, "#"].join("/");
    levels.push(level.includes("+") ? "+" : level);
  }
  return levels.join("/");
}
