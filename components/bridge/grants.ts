import type * as pulumi from "@pulumi/pulumi";

import { lookUpExtensionIdentity } from "../aio/extension-identity.ts";
import { RoleScope } from "../enumerations.ts";
import type { EventGridAuthenticationMethod } from "../enumerations.ts";
import type { EventGridBroker } from "../event-grid-broker.ts";
import { eventGridEndpointFields } from "../event-grid-endpoint.ts";
import type { ExistingTopicSpaceArgs } from "../event-grid/settings.ts";
import { mapInput } from "../known.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";
import type { AssignedRole } from "../claims.ts";
import { deriveGrants } from "../topic-space-access.ts";
import type { TopicSpaceAccessArgs } from "../topic-space-access.ts";
import { endpointsAtBroker } from "./endpoints.ts";
import { dataflowsByEngine } from "./engines.ts";
import { identityOf, listIdentities } from "./identities.ts";
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
  readonly endpointNames: readonly string[];
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
export function planGrants(
  bridge: pulumi.ComponentResource,
  name: string,
  args: MqttBridgeArgs,
  broker: EventGridBroker | undefined,
): Grant[] {
  const grants = listGrants(args, broker);
  const isLookedUp = grants.some(({ principalId }) => principalId === undefined);
  const found = isLookedUp ? lookUpExtensionIdentity(bridge, name, args.instance?.customLocationId ?? "") : "";
  return grants.map(({ noun, principalId, access }) => ({
    noun,
    access: { principalId: principalId ?? found, ...access },
  }));
}

/** The roles that are assigned at existing namespaces, where another bridge may assign them too. */
export function listRoles(args: MqttBridgeArgs): AssignedRole[] {
  if (args.existingNamespaces === undefined) return [];
  const shared = listGrants(args).filter(({ place }) => place.suffix !== "");
  return shared.flatMap(({ place: { path, namespaceId }, principalId, access }) =>
    deriveGrants(access).map(({ space, role }) => ({
      path: `${path}.id`,
      role,
      // The identity of an extension is one with its custom location.
      principalId: principalId ?? args.instance?.customLocationId ?? "",
      place: access.namespaceId === undefined ? `topic space "${space}"` : "namespace",
      scope: access.namespaceId === undefined ? [namespaceId, "topicSpaces", space] : [namespaceId],
    })),
  );
}

function listGrants(args: MqttBridgeArgs, broker?: EventGridBroker): PlannedGrant[] {
  const places = listPlaces(args, broker);
  return [
    ...places.flatMap((place) => userGrants(args, place)),
    ...places.flatMap((place) => extensionGrants(args, place)),
  ];
}

/** The namespaces where roles are assigned: the bridge's own, and existing ones. */
export function listPlaces(args: MqttBridgeArgs, broker?: EventGridBroker): RolePlace[] {
  const existing = Object.entries(args.existingNamespaces ?? {}).map(([name, { id, endpoints, topicSpaces }]) => ({
    suffix: `-at-${name}`,
    path: `existingNamespaces.${name}`,
    endpointNames: endpoints,
    namespaceId: id,
    topicSpaces: existingTopicSpaces(id, topicSpaces ?? {}),
  }));
  if (args.eventGrid === undefined) return existing;
  const topicSpaces = Object.entries(args.eventGrid.topicSpaces).map(
    ([key, { topicTemplates }]) => [key, { id: broker?.topicSpaceIds[key] ?? "", topicTemplates }] as const,
  );
  const own = { suffix: "", path: "eventGrid", namespaceId: broker?.namespaceId ?? "" };
  const endpointNames = endpointsAtBroker(args);
  return [{ ...own, endpointNames, topicSpaces: Object.fromEntries(topicSpaces) }, ...existing];
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

function userGrants(args: MqttBridgeArgs, place: RolePlace): PlannedGrant[] {
  return listIdentities(args).flatMap(({ name, identity }) => {
    const { principalId, principalType, roleScope } = identity;
    if (principalId === undefined) return [];
    const endpointNames = endpointsOf(args, place, "UserAssignedManagedIdentity").filter(
      (endpoint) => identityOf(args, args.eventGridEndpoints?.[endpoint] ?? {})?.identity === identity,
    );
    const isOwnAtOwn = name === undefined && place.suffix === "";
    if (endpointNames.length === 0 && !isOwnAtOwn) return [];
    const type = principalType === undefined ? {} : { principalType };
    const access = { ...type, ...topicsOf(args.dataflows, endpointNames), ...scopeOf(place, roleScope) };
    const noun = name === undefined ? "access" : `access-of-${name}`;
    return [{ noun: `${noun}${place.suffix}`, place, principalId, access }];
  });
}

/** What AIO's extension may do at a namespace: what its dataflows need at endpoints with the system-assigned identity. */
function extensionGrants(args: MqttBridgeArgs, place: RolePlace): PlannedGrant[] {
  const { instance, dataflows } = args;
  const topics = topicsOf(dataflowsByEngine(dataflows).aio, endpointsOf(args, place, "SystemAssignedManagedIdentity"));
  const isNeeded = topics.publishedTopics.length + topics.subscribedTopics.length > 0;
  if (instance === undefined || !isNeeded) return [];
  const access = { ...topics, ...scopeOf(place, instance.extensionRoleScope) };
  return [{ noun: `aio-access${place.suffix}`, place, principalId: instance.extensionPrincipalId, access }];
}

function topicsOf(dataflows: MqttBridgeArgs["dataflows"], endpointNames: readonly string[]) {
  const { published, subscribed } = neededTopics(dataflows, endpointNames);
  return {
    publishedTopics: published.map(({ filter }) => filter),
    subscribedTopics: subscribed.map(({ filter }) => filter),
  };
}

/** The endpoints at a namespace that authenticate with a method. */
function endpointsOf(args: MqttBridgeArgs, place: RolePlace, method: EventGridAuthenticationMethod): string[] {
  return place.endpointNames.filter((name) => {
    const fields = eventGridEndpointFields(args.eventGridEndpoints?.[name] ?? {});
    return fields.authenticationMethod === method;
  });
}
