import type * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import type * as resources from "@pulumi/azure-native/resources/index.js";
import type * as inputs from "@pulumi/azure-native/types/input.js";
import * as pulumi from "@pulumi/pulumi";

import { namespaceOfTopic } from "../checks/namespace-routing.ts";
import { sessionLimitBounds } from "../checks/session-limit.ts";
import { PublicNetworkAccess } from "../enumerations.ts";
import { mapInput, withoutUndefined } from "../known.ts";
import type { CustomDomainArgs, EventGridBrokerArgs, NamespaceIdentityArgs, RoutingArgs } from "./settings.ts";
import { minimumTlsVersion } from "./tls.ts";

/** What Azure does to values once they are known: refuses sessions that dataflows can't live with. */
export type CheckSessions = (sessions: number) => number;

/**
 * Newest API version with alternative authentication name sources: the provider's own, 2025-02-15, has left them out.
 * @see Azure REST API, change log of Microsoft.EventGrid namespaces
 */
export const authenticationNameSourcesApiVersion = "2025-04-01-preview";

/** Throughput units of a namespace of which nothing is said. */
export const defaultCapacity = 1;

/** The namespace as the provider's own resource. */
export function buildNamespace(args: EventGridBrokerArgs, checkSessions: CheckSessions): eventgrid.NamespaceArgs {
  return {
    resourceGroupName: args.resourceGroupName,
    ...withoutUndefined({ namespaceName: args.namespaceName }),
    ...commonFields(args),
    ...(args.identity === undefined ? {} : { identity: buildIdentity(args.identity) }),
    ...networkFields(args),
    topicSpacesConfiguration: {
      state: "Enabled",
      ...sessionFields(args, checkSessions),
      ...(args.customDomains === undefined ? {} : { customDomains: args.customDomains.map(buildCustomDomain) }),
      ...(args.routing === undefined ? {} : buildRouting(args.routing, args.identity)),
    },
  };
}

/**
 * The namespace as a generic resource, for what only another version of Azure's API has; the same body, told by its
 * ARM names. Azure's answer is in `properties`.
 */
export function buildGenericNamespace(args: EventGridBrokerArgs, checkSessions: CheckSessions): resources.ResourceArgs {
  const { topicSpacesConfiguration } = buildNamespace(args, checkSessions);
  const clientAuthentication = { alternativeAuthenticationNameSources: args.authenticationNameSources ?? [] };
  return {
    apiVersion: authenticationNameSourcesApiVersion,
    resourceProviderNamespace: "Microsoft.EventGrid",
    parentResourcePath: "",
    resourceType: "namespaces",
    resourceGroupName: args.resourceGroupName,
    ...withoutUndefined({ resourceName: args.namespaceName }),
    ...commonFields(args),
    ...(args.identity === undefined ? {} : { identity: buildGenericIdentity(args.identity) }),
    properties: {
      ...networkFields(args),
      topicSpacesConfiguration: pulumi
        .output(topicSpacesConfiguration)
        .apply((configuration) => ({ ...configuration, clientAuthentication })),
    },
  };
}

function commonFields({ location, tags, capacity }: EventGridBrokerArgs) {
  return { ...withoutUndefined({ location, tags }), sku: { name: "Standard", capacity: capacity ?? defaultCapacity } };
}

function networkFields({ publicNetworkAccess, inboundIpRules, isZoneRedundant }: EventGridBrokerArgs) {
  return {
    ...withoutUndefined({ isZoneRedundant }),
    publicNetworkAccess: publicNetworkAccess ?? PublicNetworkAccess.Enabled,
    minimumTlsVersionAllowed: minimumTlsVersion,
    ...(inboundIpRules === undefined
      ? {}
      : { inboundIpRules: inboundIpRules.map((ipMask) => ({ ipMask, action: "Allow" })) }),
  };
}

function sessionFields(args: EventGridBrokerArgs, checkSessions: CheckSessions) {
  const sessions = args.maximumClientSessionsPerAuthenticationName ?? sessionLimitBounds.min;
  return {
    maximumClientSessionsPerAuthenticationName: mapInput(sessions, checkSessions),
    maximumSessionExpiryInHours: args.maximumSessionExpiryInHours ?? defaultSessionExpiryHours,
  };
}

/** @see Azure REST API, Namespaces (2025-02-15), TopicSpacesConfiguration */
export const defaultSessionExpiryHours = 1;

function buildIdentity(identity: NamespaceIdentityArgs): inputs.eventgrid.IdentityInfoArgs {
  const ids = identity.userAssignedIdentityIds ?? [];
  const type = identityType(identity);
  if (ids.length === 0) return { type };
  const asKeys = (known: string[]) => Object.fromEntries(known.map((id): [string, object] => [id, {}]));
  return { type, userAssignedIdentities: pulumi.all(ids).apply(asKeys) };
}

/** The generic resource takes a list, and makes Azure's object of it by itself. */
function buildGenericIdentity(identity: NamespaceIdentityArgs): inputs.resources.IdentityArgs {
  const ids = identity.userAssignedIdentityIds ?? [];
  const type = identityType(identity);
  return ids.length === 0 ? { type } : { type, userAssignedIdentities: ids };
}

/** Azure's own words for which identities there are. */
function identityType({ systemAssigned, userAssignedIdentityIds = [] }: NamespaceIdentityArgs) {
  if (userAssignedIdentityIds.length === 0) return systemAssigned === true ? "SystemAssigned" : "None";
  return systemAssigned === true ? "SystemAssigned, UserAssigned" : "UserAssigned";
}

function buildCustomDomain(domain: CustomDomainArgs): inputs.eventgrid.CustomDomainConfigurationArgs {
  const { fullyQualifiedDomainName, certificateUrl, userAssignedIdentityId } = domain;
  return { fullyQualifiedDomainName, certificateUrl, identity: buildUsedIdentity(userAssignedIdentityId) };
}

function buildRouting(routing: RoutingArgs, identity: NamespaceIdentityArgs | undefined) {
  const { topicResourceId, staticEnrichments, dynamicEnrichments } = routing;
  return {
    routeTopicResourceId: topicResourceId,
    routingIdentityInfo: buildRoutingIdentity(routing, identity),
    ...(staticEnrichments === undefined && dynamicEnrichments === undefined
      ? {}
      : {
          routingEnrichments: {
            static: Object.entries(staticEnrichments ?? {}).map(([key, value]) => ({
              key,
              value,
              valueType: "String" as const,
            })),
            dynamic: Object.entries(dynamicEnrichments ?? {}).map(([key, value]) => ({ key, value })),
          },
        }),
  };
}

/** A topic of the namespace itself is sent to without one. @see Event Grid, Route MQTT messages (2026-08-27), role assignment requirement */
function buildRoutingIdentity(
  { topicResourceId, userAssignedIdentityId }: RoutingArgs,
  identity: NamespaceIdentityArgs | undefined,
): pulumi.Input<inputs.eventgrid.RoutingIdentityInfoArgs> {
  if (userAssignedIdentityId !== undefined) return buildUsedIdentity(userAssignedIdentityId);
  if (identity?.systemAssigned !== true) return { type: "None" };
  return mapInput(topicResourceId, (id) =>
    namespaceOfTopic(id) === undefined ? buildUsedIdentity(undefined) : { type: "None" },
  );
}

/** One of the namespace's identities: the one of this ID, or without one its own. */
function buildUsedIdentity(userAssignedIdentity: pulumi.Input<string> | undefined) {
  return userAssignedIdentity === undefined
    ? { type: "SystemAssigned" }
    : { type: "UserAssigned", userAssignedIdentity };
}
