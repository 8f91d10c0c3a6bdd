import { dataflowParts, type Dataflow } from "../runtime/contract/config/dataflow.ts";
import { deepestLevel, parseTopicTemplate } from "../runtime/contract/topic/template.ts";
import { unsharedFilter } from "../runtime/contract/topic/overlap.ts";

/** A topic under a filter of a dataflow. */
export interface SampleTopic {
  /** As the configuration has it. */
  readonly filter: string;
  readonly topic: string;
  /** Whether nothing of it was made up: a machine may publish or read just this topic. */
  readonly isExact: boolean;
}

/**
 * Makes a topic for each filter of a dataflow, as deep as its destination topic asks: wildcards become a word that no machine
 * uses as a level. `plant/+/#` → `plant/mqtt-dataflow-test/mqtt-dataflow-test`
 *
 * @param word what stands for a wildcard, without a slash
 */
export function sampleTopics(dataflow: Dataflow, word: string): SampleTopic[] {
  const parts = dataflowParts(dataflow);
  if (parts === undefined) return [];
  const template = parseTopicTemplate(parts.destination.dataDestination);
  const depth = "problem" in template ? 0 : deepestLevel(template);
  return parts.source.dataSources.map((filter) => {
    const levels = unsharedFilter(filter).split("/");
    const isOpen = levels.at(-1) === "#";
    const made = levels.filter((level) => level !== "#").map((level) => (level === "+" ? word : level));
    // A leading slash makes a level that templates don't count.
    const wanted = isOpen ? Math.max(made.length + 1, depth + (made[0] === "" ? 1 : 0)) : made.length;
    while (made.length < wanted) made.push(word);
    return { filter, topic: made.join("/"), isExact: !isOpen && !levels.includes("+") };
  });
}
