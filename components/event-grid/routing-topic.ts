import * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import * as pulumi from "@pulumi/pulumi";

import { byRule } from "../checks/rules.ts";
import { mapInput } from "../known.ts";
import { refusal } from "../refuse.ts";
import type { RoutingArgs } from "./settings.ts";

/**
 * Looks for the topic that messages are routed to where it is one of the namespace itself: such a topic is created after the
 * namespace, and Event Grid drops what it would route to a topic that is not there. Asks Azure nothing about custom topics.
 * @see Event Grid, Route MQTT messages (2026-08-27), Configure routing and TopicNotFoundError
 */
export function withExistingTopic(
  component: pulumi.ComponentResource,
  name: string,
  routing: RoutingArgs,
): RoutingArgs {
  const topicResourceId = mapInput(routing.topicResourceId, (id) => {
    const topic = parseNamespaceTopic(id);
    if (topic === undefined) return id;
    return pulumi.output(exists(component, topic)).apply((isThere) => {
      if (!isThere) throw missingTopic(component, name, id);
      return id;
    });
  });
  return { ...routing, topicResourceId };
}

/** Whoever may not read a topic may still route to it: what Azure then makes of it is Azure's to say. */
async function exists(component: pulumi.ComponentResource, topic: eventgrid.GetNamespaceTopicArgs): Promise<boolean> {
  try {
    await eventgrid.getNamespaceTopic(topic, { parent: component });
    return true;
  } catch (error) {
    return !isNotFound(error);
  }
}

/** How a topic of a namespace is asked for; `undefined` for a custom topic. */
function parseNamespaceTopic(id: string): eventgrid.GetNamespaceTopicArgs | undefined {
  const form = /\/resourceGroups\/([^/]+)\/providers\/Microsoft\.EventGrid\/namespaces\/([^/]+)\/topics\/([^/]+)$/i;
  const [, resourceGroupName, namespaceName, topicName] = form.exec(id) ?? [];
  if (resourceGroupName === undefined || namespaceName === undefined || topicName === undefined) return undefined;
  return { resourceGroupName, namespaceName, topicName };
}

/** As the provider tells of Azure's answer. */
function isNotFound(error: unknown): boolean {
  return /\b(Status(Code)?=404|(Parent)?ResourceNotFound|ResourceGroupNotFound)\b/.test(String(error));
}

function missingTopic(component: pulumi.ComponentResource, name: string, id: string): Error {
  const problem = `is "${id}", which does not exist, and a topic of the namespace itself is created after the namespace`;
  const remedy = "deploy without routing, create the topic, then add routing";
  return refusal(component, name, byRule("namespace-routing", [{ path: "routing.topicResourceId", problem, remedy }]));
}
