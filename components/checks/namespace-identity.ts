import type * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";
import type { EventGridBrokerArgs, NamespaceIdentityArgs, RoutingArgs } from "../event-grid/settings.ts";
import { deliveryModeOf, sendsWithIdentity } from "../event-grid/topics.ts";
import type { EventSubscriptionArgs } from "../event-grid/topics.ts";
import { isKnown } from "../known.ts";
import { namespaceOfTopic } from "./namespace-routing.ts";
import { byRule } from "./rules.ts";

/** What uses an identity of the namespace, by where the operator wrote it. */
interface IdentityUser {
  readonly path: string;
  readonly userAssignedIdentityId?: pulumi.Input<string>;
}

/**
 * Refuses what uses an identity that the namespace does not have: routing sends with one, webhooks are asked with one, certificates in
 * Key Vault are read with one, and events and dead letters are sent with one.
 */
export function checkUsedIdentities(args: EventGridBrokerArgs): Problem[] {
  const { identity, routing, customDomains, topicCustomDomains, webhookAuthentication: webhook } = args;
  const { issuerCertificates } = args.customJwtAuthentication ?? {};
  const users = [
    ...(routing === undefined || needsNoIdentity(routing) ? [] : [{ path: "routing", ...routing }]),
    ...listed("customDomains", customDomains),
    ...listed("topicCustomDomains", topicCustomDomains),
    ...listed("customJwtAuthentication.issuerCertificates", issuerCertificates),
    ...(webhook === undefined ? [] : [{ path: "webhookAuthentication", ...webhook }]),
    ...listDeliveries(args),
  ];
  const problems = users.flatMap(({ path, userAssignedIdentityId: used }) => checkUsedIdentity(path, used, identity));
  return byRule("namespace-identity", problems);
}

function listed(field: string, entries: readonly Omit<IdentityUser, "path">[] = []): IdentityUser[] {
  return entries.map((entry, index) => ({ path: `${field}[${index}]`, ...entry }));
}

/** A topic of the namespace itself is not sent to with an identity. */
function needsNoIdentity({ topic, topicResourceId: id, userAssignedIdentityId }: RoutingArgs): boolean {
  if (userAssignedIdentityId !== undefined) return false;
  return topic !== undefined || id === undefined || !isKnown(id) || namespaceOfTopic(id) !== undefined;
}

function listDeliveries({ topics = {} }: EventGridBrokerArgs): IdentityUser[] {
  return Object.entries(topics).flatMap(([topic, { eventSubscriptions }]) =>
    Object.entries(eventSubscriptions ?? {}).flatMap(([name, subscription]) =>
      listOfSubscription(`topics.${topic}.eventSubscriptions.${name}`, subscription),
    ),
  );
}

function listOfSubscription(path: string, subscription: EventSubscriptionArgs): IdentityUser[] {
  const { queue, push } = subscription;
  const isPush = deliveryModeOf(subscription) === "Push";
  const deadLetter = isPush ? push?.deadLetter : queue?.deadLetter;
  const at = `${path}.${isPush ? "push" : "queue"}`;
  return [
    ...(isPush && push !== undefined && sendsWithIdentity(push) ? [{ ...push, path: at }] : []),
    ...(deadLetter === undefined ? [] : [{ ...deadLetter, path: `${at}.deadLetter` }]),
  ];
}

function checkUsedIdentity(
  path: string,
  used: pulumi.Input<string> | undefined,
  identity: NamespaceIdentityArgs | undefined,
): Problem[] {
  if (used === undefined) {
    if (identity?.systemAssigned === true) return [];
    const problem = "is set, and the namespace has no identity to use for it";
    return [
      { path, problem, remedy: "set systemAssigned of the namespace's identity, or name a userAssignedIdentityId" },
    ];
  }
  const ids = identity?.userAssignedIdentityIds ?? [];
  if (!isKnown(used) || !ids.every(isKnown) || ids.includes(used)) return [];
  const problem = `is "${used}", which is none of the namespace's identities`;
  const remedy = "add it to userAssignedIdentityIds of the namespace's identity";
  return [{ path: `${path}.userAssignedIdentityId`, problem, remedy }];
}
