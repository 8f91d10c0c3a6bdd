import type { Problem } from "../../runtime/contract/errors.ts";
import type { EventGridBrokerArgs } from "../event-grid/settings.ts";
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
export function checkRouting({ routing, namespaceName, publicNetworkAccess }: EventGridBrokerArgs): Problem[] {
  if (routing === undefined) return [];
  const problems: Problem[] = [];
  const id = routing.topicResourceId;
  const other = isKnown(id) ? namespaceOfTopic(id) : undefined;
  if (other !== undefined && namespaceName !== undefined && isKnown(namespaceName)) {
    // Azure ignores case in names.
    if (other.toLowerCase() !== namespaceName.toLowerCase()) {
      const problem = `is a topic of the namespace "${other}", and this one is "${namespaceName}"`;
      const remedy = "give a topic of the same namespace, or a custom topic of its region";
      problems.push({ path: "routing.topicResourceId", problem, remedy });
    }
  }
  if (publicNetworkAccess === "Disabled") {
    const problem = "is set, and Event Grid routes nothing while publicNetworkAccess is Disabled";
    const remedy = "remove it and let a client subscribe instead, or enable publicNetworkAccess";
    problems.push({ path: "routing", problem, remedy });
  }
  return byRule("namespace-routing", problems);
}
