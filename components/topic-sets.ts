import { isHiddenFrom } from "../runtime/contract/topic/levels.ts";
import { outputFilter } from "../runtime/contract/topic/output-filter.ts";
import { unsharedFilter } from "../runtime/contract/topic/overlap.ts";
import { parseTopicTemplate } from "../runtime/contract/topic/template.ts";

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
 * What is no template, or makes topics that are too long, is taken as it stands: another rule is about that.
 */
export function destinationFilter(dataDestination: string, dataSource: string): string {
  const template = parseTopicTemplate(dataDestination);
  return ("problem" in template ? undefined : outputFilter(template, unsharedFilter(dataSource))) ?? dataDestination;
}
