import * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "../checks/rules.ts";
import { warnOnce } from "../given-warnings.ts";
import { mapInput } from "../known.ts";
import { refusal } from "../refuse.ts";
import type { RoutingArgs } from "./settings.ts";

/** Routing with a topic that has been looked for. */
export interface LateRouting extends Omit<RoutingArgs, "topic"> {
  /** Whether the topic is there; omitted where it has to be. */
  readonly isThere?: pulumi.Output<boolean>;
}

/** A component with a namespace, and where that is. */
interface RoutedNamespace {
  readonly component: pulumi.ComponentResource;
  readonly name: string;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly namespaceName: pulumi.Input<string> | undefined;
}

/**
 * Looks for the topic that messages are routed to where it is one of the namespace itself: such a topic is created after the
 * namespace, and Event Grid drops what it would route to a topic that is not there. Asks Azure nothing about custom topics.
 * @see Event Grid, Route MQTT messages (2026-08-27), Configure routing and TopicNotFoundError
 */
export function withExistingTopic(namespace: RoutedNamespace, { topic, ...routing }: RoutingArgs): LateRouting {
  if (topic !== undefined) return { ...routing, ...findOwnTopic(namespace, topic) };
  const { component, name } = namespace;
  const topicResourceId = mapInput(routing.topicResourceId ?? "", (id) => {
    const found = parseNamespaceTopic(id);
    if (found === undefined) return id;
    return pulumi.output(exists(component, found)).apply((isThere) => {
      if (!isThere) throw missingTopic(component, name, id);
      return id;
    });
  });
  return { ...routing, topicResourceId };
}

/**
 * The topic that the component itself creates: there from its second deployment on. Its ID is Azure's, which needs no subscription to be
 * known.
 */
function findOwnTopic({ component, name, resourceGroupName, namespaceName }: RoutedNamespace, topic: string) {
  const place = { resourceGroupName, namespaceName: namespaceName ?? "" };
  const id = pulumi.output(place).apply(async (known) => {
    const found = await ownTopicId(component, name, { ...known, topicName: topic });
    if (found === undefined) warnOnce(component, byRule("namespace-routing", [lateRouting(topic)]));
    return found;
  });
  return { topicResourceId: id.apply((found) => found ?? ""), isThere: id.apply((found) => found !== undefined) };
}

async function ownTopicId(
  component: pulumi.ComponentResource,
  name: string,
  topic: eventgrid.GetNamespaceTopicArgs,
): Promise<string | undefined> {
  try {
    return (await eventgrid.getNamespaceTopic(topic, { parent: component })).id;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    // Without its ID nothing can be routed, and to go on would end routing that there is.
    throw refusal(component, name, byRule("namespace-routing", [unreadableTopic(topic.topicName, error)]));
  }
}

function unreadableTopic(topic: string, error: unknown): Problem {
  const problem = `is "${topic}", and Azure does not tell whether it is there: ${oneLine(error)}`;
  return { path: "routing.topic", problem, remedy: "deploy as somebody who may read it, such as with the role Reader" };
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}

function lateRouting(topic: string): Problem {
  const problem = `is "${topic}", which this deployment creates, so that nothing is routed yet`;
  return { path: "routing.topic", problem, remedy: "deploy once more: the next deployment routes to it" };
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
  const remedy =
    "deploy without routing, create the topic, then add routing; or declare it in topics and name it in routing.topic";
  return refusal(component, name, byRule("namespace-routing", [{ path: "routing.topicResourceId", problem, remedy }]));
}
