import type * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import type * as resources from "@pulumi/azure-native/resources/index.js";
import type * as inputs from "@pulumi/azure-native/types/input.js";
import * as pulumi from "@pulumi/pulumi";

import { namespaceOfTopic } from "../checks/namespace-routing.ts";
import { sessionLimitBounds } from "../checks/session-limit.ts";
import { PublicNetworkAccess } from "../enumerations.ts";
import { mapInput, mapValues, withoutUndefined } from "../known.ts";
import { buildClientAuthentication } from "./client-authentication.ts";
import { buildUsedIdentity } from "./namespace-identity.ts";
import { defaultCapacity } from "./quotas.ts";
import type { LateRouting } from "./routing-topic.ts";
import type { CustomDomainArgs, EventGridBrokerArgs, NamespaceIdentityArgs } from "./settings.ts";
import { minimumTlsVersion } from "./tls.ts";

/** What Azure does to values once they are known: refuses sessions that dataflows can't live with. */
export type CheckSessions = (sessions: number) => number;

/** The arguments of a namespace whose topic has been looked for. */
export type NamespaceArgs = Omit<EventGridBrokerArgs, "routing"> & { readonly routing?: LateRouting };

/**
 * Oldest API version with all of client authentication: alternative authentication name sources, custom JWT and webhooks. The
 * provider's own, 2025-02-15, has left them out.
 * @see Azure REST API, change log of Microsoft.EventGrid namespaces
 */
export const clientAuthenticationApiVersion = "2025-04-01-preview";

/** The namespace as the provider's own resource. */
export function buildNamespace(args: NamespaceArgs, checkSessions: CheckSessions): eventgrid.NamespaceArgs {
  return {
    resourceGroupName: args.resourceGroupName,
    ...withoutUndefined({ namespaceName: args.namespaceName }),
    ...commonFields(args),
    ...(args.identity === undefined ? {} : { identity: buildIdentity(args.identity) }),
    ...networkFields(args),
    topicSpacesConfiguration: buildTopicSpacesConfiguration(args, checkSessions),
  };
}

function buildTopicSpacesConfiguration(args: NamespaceArgs, checkSessions: CheckSessions) {
  return {
    state: "Enabled",
    ...sessionFields(args, checkSessions),
    ...(args.customDomains === undefined ? {} : { customDomains: args.customDomains.map(buildCustomDomain) }),
    ...(args.routing === undefined ? {} : buildRouting(args.routing, args.identity)),
  };
}

/**
 * The namespace as a generic resource, for what only another version of Azure's API has; the same body, told by its
 * ARM names. Azure's answer is in `properties`.
 */
export function buildGenericNamespace(args: NamespaceArgs, checkSessions: CheckSessions): resources.ResourceArgs {
  return {
    apiVersion: clientAuthenticationApiVersion,
    resourceProviderNamespace: "Microsoft.EventGrid",
    parentResourcePath: "",
    resourceType: "namespaces",
    resourceGroupName: args.resourceGroupName,
    ...withoutUndefined({ resourceName: args.namespaceName }),
    ...commonFields(args),
    ...(args.identity === undefined ? {} : { identity: buildGenericIdentity(args.identity) }),
    properties: {
      ...networkFields(args),
      topicSpacesConfiguration: {
        ...buildTopicSpacesConfiguration(args, checkSessions),
        clientAuthentication: buildClientAuthentication(args),
      },
    },
  };
}

function commonFields({ location, tags, capacity }: NamespaceArgs) {
  return { ...withoutUndefined({ location, tags }), sku: { name: "Standard", capacity: capacity ?? defaultCapacity } };
}

function networkFields({ publicNetworkAccess, inboundIpRules, isZoneRedundant, topicCustomDomains }: NamespaceArgs) {
  return {
    ...withoutUndefined({ isZoneRedundant }),
    publicNetworkAccess: publicNetworkAccess ?? PublicNetworkAccess.Enabled,
    minimumTlsVersionAllowed: minimumTlsVersion,
    ...(inboundIpRules === undefined
      ? {}
      : { inboundIpRules: inboundIpRules.map((ipMask) => ({ ipMask, action: "Allow" })) }),
    ...(topicCustomDomains === undefined
      ? {}
      : { topicsConfiguration: { customDomains: topicCustomDomains.map(buildCustomDomain) } }),
  };
}

function sessionFields(args: NamespaceArgs, checkSessions: CheckSessions) {
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

function buildRouting(routing: LateRouting, identity: NamespaceIdentityArgs | undefined) {
  const fields = buildKnownRouting(routing, identity);
  if (routing.isThere === undefined) return fields;
  // A topic that is not there yet: nothing of routing is sent.
  return mapValues(fields, (value) =>
    pulumi.all([value, routing.isThere]).apply(([known, isThere]) => (isThere ? known : undefined)),
  ) as unknown as typeof fields;
}

function buildKnownRouting(routing: LateRouting, identity: NamespaceIdentityArgs | undefined) {
  const { topicResourceId = "", staticEnrichments, dynamicEnrichments } = routing;
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
  { topicResourceId = "", userAssignedIdentityId }: LateRouting,
  identity: NamespaceIdentityArgs | undefined,
): pulumi.Input<inputs.eventgrid.RoutingIdentityInfoArgs> {
  if (userAssignedIdentityId !== undefined) return buildUsedIdentity(userAssignedIdentityId);
  if (identity?.systemAssigned !== true) return { type: "None" };
  return mapInput(topicResourceId, (id) =>
    namespaceOfTopic(id) === undefined ? buildUsedIdentity(undefined) : { type: "None" },
  );
}
