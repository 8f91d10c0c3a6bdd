import type * as pulumi from "@pulumi/pulumi";

import { lookUpExtensionIdentity } from "../aio/extension-identity.ts";
import type { AssignedRole } from "../claims.ts";
import { RoleScope } from "../enumerations.ts";
import type { EventGridBroker } from "../event-grid-broker.ts";
import type { TopicSpaceRole } from "../event-grid/roles.ts";
import type { ExistingTopicSpaceArgs } from "../event-grid/settings.ts";
import { mapInput } from "../known.ts";
import { deriveGrants } from "../topic-space-access.ts";
import type { TopicSpaceAccessArgs } from "../topic-space-access.ts";
import { identityOf, listIdentities } from "./identities.ts";
import type { Plan, PlannedEndpoint } from "./plan.ts";
import type { PlannedEnd } from "./sessions.ts";
import type { MqttBridgeArgs } from "./settings.ts";
import { neededTopics } from "./topics.ts";

/** What one identity may do at one namespace: the arguments of a component. */
export interface Grant {
  readonly noun: string;
  readonly access: TopicSpaceAccessArgs;
}

/** A namespace where identities of the bridge get roles. */
export interface RolePlace {
  /** Empty at the bridge's own namespace, else `-at-` and the operator's name for it. */
  readonly suffix: string;
  /** Where the operator wrote it: `existingNamespaces.central`. */
  readonly path: string;
  readonly isThere: (endpoint: PlannedEndpoint) => boolean;
  readonly namespaceId: pulumi.Input<string>;
  readonly topicSpaces: TopicSpaceAccessArgs["topicSpaces"];
}

/** A grant before AIO's extension is looked up: without a principal it is that one's. */
interface PlannedGrant {
  readonly noun: string;
  readonly place: RolePlace;
  readonly principalId: pulumi.Input<string> | undefined;
  readonly access: Omit<TopicSpaceAccessArgs, "principalId">;
}

/** The roles of the user-assigned identities and of AIO's own, each for what it authenticates; certificates get none. */
export function planGrants(bridge: pulumi.ComponentResource, plan: Plan, broker: EventGridBroker | undefined): Grant[] {
  const grants = listGrants(plan, broker);
  const isLookedUp = grants.some(({ principalId }) => principalId === undefined);
  const found = isLookedUp
    ? lookUpExtensionIdentity(bridge, plan.name, plan.args.instance?.customLocationId ?? "")
    : "";
  return grants.map(({ noun, principalId, access }) => ({
    noun,
    access: { principalId: principalId ?? found, ...access },
  }));
}

/** The roles that are assigned at existing namespaces, where another bridge may assign them too. */
export function listRoles(plan: Plan): AssignedRole[] {
  if (plan.args.existingNamespaces === undefined) return [];
  const shared = listGrants(plan).filter(({ place }) => place.suffix !== "");
  return shared.flatMap(({ place: { path, namespaceId }, principalId, access }) =>
    deriveGrants(access).map(({ space, role }) => ({
      path: `${path}.id`,
      role,
      // The identity of an extension is one with its custom location.
      principalId: principalId ?? plan.args.instance?.customLocationId ?? "",
      place: access.namespaceId === undefined ? `topic space "${space}"` : "namespace",
      scope: access.namespaceId === undefined ? [namespaceId, "topicSpaces", space] : [namespaceId],
    })),
  );
}

/** A role that the bridge assigns at its own namespace. */
export interface OwnRole {
  readonly role: TopicSpaceRole;
  readonly principalId: pulumi.Input<string>;
  /** The topic space that it is assigned at; `undefined` for the namespace. */
  readonly space: string | undefined;
}

/** The roles that the bridge assigns at its own namespace to identities that the declaration names. */
export function listOwnRoles(plan: Plan): OwnRole[] {
  const own = listGrants(plan).filter(({ place }) => place.suffix === "");
  return own.flatMap(({ principalId, access }) =>
    principalId === undefined
      ? []
      : deriveGrants(access).map(({ space, role }) => ({
          role,
          principalId,
          space: access.namespaceId === undefined ? space : undefined,
        })),
  );
}

function listGrants(plan: Plan, broker?: EventGridBroker): PlannedGrant[] {
  const places = listPlaces(plan.args, broker);
  return [
    ...places.flatMap((place) => userGrants(plan, place)),
    ...places.flatMap((place) => extensionGrants(plan, place)),
  ];
}

/** The namespaces where roles are assigned: the bridge's own, and existing ones. */
function listPlaces(args: MqttBridgeArgs, broker?: EventGridBroker): RolePlace[] {
  const existing = Object.entries(args.existingNamespaces ?? {}).map(([name, { id, endpoints, topicSpaces }]) => ({
    suffix: `-at-${name}`,
    path: `existingNamespaces.${name}`,
    isThere: ({ name: endpoint, hostType }: PlannedEndpoint) =>
      hostType === "EventGrid" && endpoints.includes(endpoint),
    namespaceId: id,
    topicSpaces: existingTopicSpaces(id, topicSpaces ?? {}),
  }));
  if (args.eventGrid === undefined) return existing;
  const topicSpaces = Object.entries(args.eventGrid.topicSpaces).map(
    ([key, { topicTemplates }]) => [key, { id: broker?.topicSpaceIds[key] ?? "", topicTemplates }] as const,
  );
  const own = { suffix: "", path: "eventGrid", namespaceId: broker?.namespaceId ?? "" };
  const isThere = ({ isAtOwnNamespace }: PlannedEndpoint) => isAtOwnNamespace;
  return [{ ...own, isThere, topicSpaces: Object.fromEntries(topicSpaces) }, ...existing];
}

function existingTopicSpaces(
  namespaceId: pulumi.Input<string>,
  topicSpaces: { readonly [name: string]: ExistingTopicSpaceArgs },
): TopicSpaceAccessArgs["topicSpaces"] {
  return Object.fromEntries(
    Object.entries(topicSpaces).map(([name, { topicTemplates }]) => {
      const id = mapInput(namespaceId, (known) => `${known}/topicSpaces/${name}`);
      return [name, topicTemplates === undefined ? { id } : { id, topicTemplates }];
    }),
  );
}

function scopeOf({ topicSpaces, namespaceId }: RolePlace, roleScope: RoleScope | undefined) {
  return roleScope === RoleScope.Namespace ? { topicSpaces, namespaceId } : { topicSpaces };
}

function userGrants(plan: Plan, place: RolePlace): PlannedGrant[] {
  return listIdentities(plan.args).flatMap(({ name, identity }) => {
    const { principalId, principalType, roleScope } = identity;
    if (principalId === undefined) return [];
    const isUser = ({ fields, own }: PlannedEndpoint) =>
      fields.authenticationMethod === "UserAssignedManagedIdentity" &&
      identityOf(plan.args, own)?.identity === identity;
    const isUsed = plan.endpoints.some((endpoint) => place.isThere(endpoint) && isUser(endpoint));
    const isOwnAtOwn = name === undefined && place.suffix === "";
    if (!isUsed && !isOwnAtOwn) return [];
    const type = principalType === undefined ? {} : { principalType };
    const topics = topicsOf(plan, ({ endpoint }) => place.isThere(endpoint) && isUser(endpoint));
    const access = { ...type, ...topics, ...scopeOf(place, roleScope) };
    const noun = name === undefined ? "access" : `access-of-${name}`;
    return [{ noun: `${noun}${place.suffix}`, place, principalId, access }];
  });
}

/** What AIO's extension may do at a namespace: what its dataflows need at endpoints with the system-assigned identity. */
function extensionGrants(plan: Plan, place: RolePlace): PlannedGrant[] {
  const { instance } = plan.args;
  const topics = topicsOf(
    plan,
    ({ endpoint, dataflow }) =>
      dataflow.isForAio &&
      place.isThere(endpoint) &&
      endpoint.fields.authenticationMethod === "SystemAssignedManagedIdentity",
  );
  const isNeeded = topics.publishedTopics.length + topics.subscribedTopics.length > 0;
  if (instance === undefined || !isNeeded) return [];
  const access = { ...topics, ...scopeOf(place, instance.extensionRoleScope) };
  return [{ noun: `aio-access${place.suffix}`, place, principalId: instance.extensionPrincipalId, access }];
}

function topicsOf(plan: Plan, isMeant: (end: PlannedEnd) => boolean) {
  const { published, subscribed } = neededTopics(plan, isMeant);
  return {
    publishedTopics: published.map(({ filter }) => filter),
    subscribedTopics: subscribed.map(({ filter }) => filter),
  };
}
