import { isHiddenFrom } from "../runtime/contract/topic/levels.ts";
import { unsharedFilter } from "../runtime/contract/topic/overlap.ts";

/** Tells whether every topic under `inner` falls under `outer` too. */
export function filterCovers(outer: string, inner: string): boolean {
  const [wide, narrow] = [outer.split("/"), inner.split("/")];
  if (isHiddenFrom(wide, narrow)) return false;
  // Every topic has a first level, so "+/#" is no less than "#".
  if (inner === "#" && outer === "+/#") return true;
  for (const [index, level] of wide.entries()) {
    if (level === "#") return true;
    const other = narrow[index];
    if (other === undefined || other === "#" || (level !== "+" && level !== other)) return false;
  }
  return wide.length === narrow.length;
}

/**
 * The topics that a dataflow publishes to, as a topic filter that takes them all in.
 * `sites/oslo/${inputTopic}` and `plant/+/telemetry/#` → `sites/oslo/plant/+/telemetry/#`
 */
export function destinationFilter(dataDestination: string, dataSource: string): string {
  const source = unsharedFilter(dataSource);
  const levels = source.replace(/^\/+|\/+$/g, "").split("/");
  const levelAt = (number: number) => {
    const level = levels[number - 1];
    return level === undefined || level === "#" ? "+" : level;
  };
  const filled = dataDestination
    .replace(/\$\{inputTopic\.(\d+)\}/g, (_, number: string) => levelAt(Number(number)))
    .replaceAll("${inputTopic}", () => source);
  return asFilter(filled);
}

/** Widens what stands beside a wildcard: a level in which one is becomes `+`, and nothing follows `#`. */
function asFilter(text: string): string {
  const levels: string[] = [];
  for (const level of text.split("/")) {
    if (level.includes("#")) return [...levels, "#"].join("/");
    levels.push(level.includes("+") ? "+" : level);
  }
  return levels.join("/");
}
