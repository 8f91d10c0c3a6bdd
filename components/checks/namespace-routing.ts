import type { Problem } from "../../runtime/contract/errors.ts";
import type { EventGridBrokerArgs, RoutingArgs } from "../event-grid/settings.ts";
import { isKnown } from "../known.ts";
import { byRule } from "./rules.ts";

/** Resource ID of a topic that is in a namespace, rather than a custom topic. */
export function namespaceOfTopic(topicResourceId: string): string | undefined {
  return /\/namespaces\/([^/]+)\/topics\//i.exec(topicResourceId)?.[1];
}

/**
 * Refuses routing that Event Grid would not do: to a topic of another namespace, or from a namespace that is closed to public
 * networks.
 * @see Event Grid, Route MQTT messages (2026-08-27)
 */
export function checkRouting(args: EventGridBrokerArgs): Problem[] {
  const { routing, publicNetworkAccess } = args;
  if (routing === undefined) return [];
  const problems = [
    ...checkOneTopic(routing),
    ...checkOwnTopic(routing, args),
    ...checkTopicId(routing, args),
    ...checkSender(routing),
  ];
  if (publicNetworkAccess === "Disabled") {
    const problem = "is set, and Event Grid routes nothing while publicNetworkAccess is Disabled";
    const remedy = "remove it and let a client subscribe instead, or enable publicNetworkAccess";
    problems.push({ path: "routing", problem, remedy });
  }
  return byRule("namespace-routing", problems);
}

function checkOneTopic({ topic, topicResourceId }: RoutingArgs): Problem[] {
  if ((topic === undefined) !== (topicResourceId === undefined)) return [];
  const problem = topic === undefined ? "names no topic" : "names a topic twice";
  const remedy = "set topic to the name of one of topics, or topicResourceId to the ID of any other, not both";
  return [{ path: "routing", problem, remedy }];
}

function checkOwnTopic({ topic }: RoutingArgs, { topics, namespaceName }: EventGridBrokerArgs): Problem[] {
  if (topic === undefined) return [];
  const problems: Problem[] = [];
  if (topics?.[topic] === undefined) {
    const names = Object.keys(topics ?? {}).map((name) => `"${name}"`);
    const remedy = names.length === 0 ? "add it to topics" : `use one of ${names.join(", ")}, or add it to topics`;
    problems.push({ path: "routing.topic", problem: `is "${topic}", which is none of topics`, remedy });
  }
  if (namespaceName === undefined) {
    const problem = `is missing, and without it nobody can see whether the topic "${topic}" is there before the namespace`;
    problems.push({ path: "namespaceName", problem, remedy: "name the namespace, or remove routing" });
  }
  return problems;
}

function checkTopicId({ topicResourceId: id }: RoutingArgs, { namespaceName }: EventGridBrokerArgs): Problem[] {
  const other = id !== undefined && isKnown(id) ? namespaceOfTopic(id) : undefined;
  if (other === undefined || namespaceName === undefined || !isKnown(namespaceName)) return [];
  // Azure ignores case in names.
  if (other.toLowerCase() === namespaceName.toLowerCase()) return [];
  const problem = `is a topic of the namespace "${other}", and this one is "${namespaceName}"`;
  const remedy = "give a topic of the same namespace, or a custom topic of its region";
  return [{ path: "routing.topicResourceId", problem, remedy }];
}

function checkSender({ principalId, userAssignedIdentityId, topicResourceId: id }: RoutingArgs): Problem[] {
  if (principalId === undefined) return [];
  const path = "routing.principalId";
  if (id === undefined || (isKnown(id) && namespaceOfTopic(id) !== undefined)) {
    const problem = "is set, and a topic of the namespace itself is sent to without an identity";
    return [{ path, problem, remedy: "remove it" }];
  }
  if (userAssignedIdentityId !== undefined) return [];
  const problem =
    "is set without routing.userAssignedIdentityId, and a system-assigned identity is not there before routing is";
  const remedy = "name the user-assigned identity in routing.userAssignedIdentityId, or remove principalId";
  return [{ path, problem, remedy }];
}
