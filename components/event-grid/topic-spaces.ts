import { eventGridLimits } from "../../runtime/contract/config/endpoint-rules.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { topicFilterProblem } from "../../runtime/contract/topic/filter.ts";
import { byRule } from "../checks/rules.ts";
import { eventGridName, eventGridNameRule, namespaceQuotas } from "./quotas.ts";

/** A topic space: the topics that a group of clients shares. */
export interface TopicSpaceArgs {
  /**
   * Topic templates, 1 to 10: MQTT topic filters in which `${client.authenticationName}` and
   * `${client.attributes.<key>}` may stand for a level, such as `"sites/oslo/telemetry/#"`.
   */
  topicTemplates: string[];
  /** What the topic space is for. */
  description?: string;
}

/** A level of a topic template that stands for something of the client. */
const clientVariable = /\$\{client\.[A-Za-z0-9_.]+\}/g;

/** Lists what Event Grid would refuse too, but only minutes into the deployment. */
export function checkTopicSpaces(spaces: { readonly [name: string]: TopicSpaceArgs }): Problem[] {
  const names = Object.keys(spaces);
  const problems = Object.entries(spaces).flatMap(([name, space]) =>
    checkTopicSpace(`topicSpaces.${name}`, name, space),
  );
  if (names.length > namespaceQuotas.topicSpaces) {
    const problem = `lists ${names.length}, more than the ${namespaceQuotas.topicSpaces} of a namespace`;
    const remedy = "put several topic templates into one topic space";
    problems.push({ path: "topicSpaces", problem, remedy });
  }
  return byRule("topic-space", problems);
}

function checkTopicSpace(path: string, name: string, { topicTemplates }: TopicSpaceArgs): Problem[] {
  const problems: Problem[] = [];
  if (!eventGridName.test(name)) {
    const problem = `is no name for a topic space ("${name}")`;
    problems.push({ path, problem, remedy: `name it with ${eventGridNameRule}` });
  }
  const count = topicTemplates.length;
  if (count === 0 || count > namespaceQuotas.topicTemplates) {
    const problem = count === 0 ? "lists no topic templates" : `lists ${count} topic templates`;
    problems.push({ path: `${path}.topicTemplates`, problem, remedy: `give 1 to ${namespaceQuotas.topicTemplates}` });
  }
  for (const [index, template] of topicTemplates.entries()) {
    const problem = topicTemplateProblem(template);
    if (problem !== undefined) {
      const at = `${path}.topicTemplates[${index}]`;
      problems.push({ path: at, problem: `"${template}" ${problem}`, remedy: "correct the topic template" });
    }
  }
  return problems;
}

function topicTemplateProblem(template: string): string | undefined {
  const filter = templateFilter(template);
  if (filter.includes("${")) return "has a variable other than ${client.authenticationName} and ${client.attributes.…}";
  if (filter.startsWith("$share/")) return "is a shared subscription, which no topic template can be";
  const segments = filter.split("/").length;
  if (segments > eventGridLimits.maxTopicSegments) {
    return `has ${segments} segments, more than Event Grid's ${eventGridLimits.maxTopicSegments}`;
  }
  return topicFilterProblem(filter);
}

/** The topics of a template as a topic filter: a variable may stand for any one level. */
export function templateFilter(template: string): string {
  return template
    .split("/")
    .map((level) => (level.search(clientVariable) < 0 ? level : level.replaceAll(clientVariable, "+")))
    .map((level) => (level.includes("+") ? "+" : level))
    .join("/");
}
