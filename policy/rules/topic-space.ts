import { templateFilter } from "../../components/event-grid/topic-spaces.ts";
import { isAzureType, textsAt } from "../inputs.ts";
import { isProduction, productionSchema } from "../production.ts";
import type { Rule } from "../rule.ts";

export const topicSpaceWildcard: Rule = {
  name: "topic-space-wildcard",
  description: "Topic spaces in production name the topics that they share.",
  source: "Specification, Create a topic space: the wildcard # is for getting started and testing",
  enforcementLevel: "mandatory",
  severity: "high",
  configSchema: productionSchema,
  check: (resource, config) => {
    if (!isAzureType(resource.type, "eventgrid:TopicSpace") || !isProduction(resource, config)) return [];
    return textsAt(resource.props, "topicTemplates").flatMap((template, index) => {
      if (!takesEverything(template)) return [];
      const problem = `is "${template}", so whoever has a role here reaches every topic of the namespace`;
      const remedy = 'begin it with a level that names the topics, such as "sites/oslo/#"';
      return [{ path: `topicTemplates[${index}]`, problem, remedy }];
    });
  },
};

/** Tells whether a template has nothing but wildcards and ends in `#`; one of single levels takes topics of one length. */
function takesEverything(template: string): boolean {
  // A level that stands for something of the client is no wildcard to that client.
  if (template.includes("${client.")) return false;
  const levels = templateFilter(template).split("/");
  return levels.at(-1) === "#" && levels.every((level) => level === "+" || level === "#");
}
