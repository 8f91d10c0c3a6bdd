import { eventGridLimits } from "../../runtime/contract/config/endpoint-rules.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { topicSpaceTemplateProblem } from "../../runtime/contract/topic/topic-space-template.ts";
import { byRule } from "../checks/rules.ts";
import { findTwins } from "../checks/twin-names.ts";
import { eventGridName, eventGridNameRule, namespaceQuotas } from "./quotas.ts";
import type { RoleAssignmentArgs } from "./role-assignments.ts";

export { templateFilter } from "../../runtime/contract/topic/topic-space-template.ts";

/** A topic space: the topics that a group of clients shares. */
export interface TopicSpaceArgs {
  /**
   * Topic templates, 1 to 10: MQTT topic filters in which `${client.authenticationName}` and
   * `${client.attributes.<key>}` may stand for a level or a part of one, such as `"sites/oslo/telemetry/#"`. A text behind `|`
   * follows the value: `"machines/${client.authenticationName|.oslo}/temp"`. None begins with `$`: Event Grid reserves those
   * topics.
   */
  topicTemplates: string[];
  /** What the topic space is for. */
  description?: string;
  /** Roles at the topic space, by name, beside those that dataflows need. The names are plain, since they decide what exists. */
  roleAssignments?: { [name: string]: RoleAssignmentArgs };
}

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
  return byRule("topic-space", [...problems, ...findTwins("topicSpaces", names)]);
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
      const remedy = template.includes("${") ? variableRemedy : "correct the topic template";
      problems.push({ path: at, problem: `"${template}" ${problem}`, remedy });
    }
  }
  return problems;
}

const variableRemedy =
  'correct the topic template: keys of attributes have letters, digits and "_", and a text may follow behind "|", as in ${client.authenticationName|.oslo}';

function topicTemplateProblem(template: string): string | undefined {
  const problem = topicSpaceTemplateProblem(template);
  if (problem !== undefined) return problem;
  const segments = template.split("/").length;
  return segments > eventGridLimits.maxTopicSegments
    ? `has ${segments} segments, more than Event Grid's ${eventGridLimits.maxTopicSegments}`
    : undefined;
}
