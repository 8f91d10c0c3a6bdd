import type { Problem } from "../../runtime/contract/errors.ts";
import { isReservedTopic } from "../../runtime/contract/topic/topic-space-template.ts";
import { filtersOverlap } from "../../runtime/contract/topic/overlap.ts";
import { templateFilter } from "../event-grid/topic-spaces.ts";
import type { TopicSpaceArgs } from "../event-grid/topic-spaces.ts";
import { filterCovers } from "../topic-sets.ts";
import { byRule } from "./rules.ts";

/** A topic filter that clients need, and the field of the declaration that asks for it. */
export interface NeededTopic {
  readonly path: string;
  readonly filter: string;
}

/** What a namespace's topic spaces make of the topics that dataflows need. */
export interface TopicCoverage {
  /** Topics that Event Grid would refuse, every one of them. */
  readonly problems: Problem[];
  /** Topics of which Event Grid would refuse some. */
  readonly warnings: Problem[];
}

/**
 * Compares the topics that dataflows need with the topic templates: what is in no topic space is refused by Event Grid.
 * @param path where the operator wrote the topic spaces
 */
export function checkTopicCoverage(
  needed: readonly NeededTopic[],
  topicSpaces: { readonly [name: string]: TopicSpaceArgs },
  path = "eventGrid.topicSpaces",
): TopicCoverage {
  const templates = Object.values(topicSpaces).flatMap(({ topicTemplates }) => topicTemplates.map(templateFilter));
  // Topics that Event Grid reserves can be in no topic space: the configuration's own rules refuse them, with what to do.
  const possible = needed.filter(({ filter }) => !isReservedTopic(filter));
  const uncovered = possible.filter(({ filter }) => !templates.some((template) => filterCovers(template, filter)));
  const isOutside = ({ filter }: NeededTopic) => !templates.some((template) => filtersOverlap(template, filter));
  return {
    problems: byRule(
      "topic-coverage",
      uncovered.filter(isOutside).map((topic) => describe(topic, path, "no topic space has")),
    ),
    warnings: byRule(
      "topic-coverage",
      uncovered
        .filter((topic) => !isOutside(topic))
        .map((topic) => describe(topic, path, "topic spaces have only in part, so that Event Grid refuses the rest")),
    ),
  };
}

function describe({ path, filter }: NeededTopic, topicSpaces: string, finding: string): Problem {
  const remedy = `add "${filter}", or a topic template that takes it in, to ${topicSpaces}`;
  return { path, problem: `needs the topics "${filter}", which ${finding}`, remedy };
}
