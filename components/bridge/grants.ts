import type * as pulumi from "@pulumi/pulumi";

import { lookUpExtensionIdentity } from "../aio/extension-identity.ts";
import { RoleScope } from "../enumerations.ts";
import type { EventGridAuthenticationMethod } from "../enumerations.ts";
import { eventGridEndpointFields } from "../event-grid-endpoint.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";
import { endpointsAtBroker } from "./endpoints.ts";
import { dataflowsByEngine } from "./engines.ts";
import { neededTopics } from "./topics.ts";

/** What one identity may do at the bridge's own namespace. */
export interface Grants {
  readonly noun: string;
  readonly principalId: pulumi.Input<string>;
  /** Whether the roles are for the whole namespace. */
  readonly isForNamespace: boolean;
  readonly topics: { readonly publishedTopics: string[]; readonly subscribedTopics: string[] };
}

/** The roles of the user-assigned identity and of AIO's own, each for what it authenticates; certificates get none. */
export function planGrants(bridge: pulumi.ComponentResource, name: string, args: MqttBridgeArgs): Grants[] {
  const { identity, instance, dataflows } = args;
  const shared = topicsOf(dataflows, endpointsWith(args, "UserAssignedManagedIdentity"));
  const isShared = identity?.principalId !== undefined && args.eventGrid !== undefined;
  const isForNamespace = identity?.roleScope === RoleScope.Namespace;
  const ownEndpoints = endpointsWith(args, "SystemAssignedManagedIdentity");
  const own = topicsOf(dataflowsByEngine(dataflows).aio, ownEndpoints);
  const isOwn = own.publishedTopics.length + own.subscribedTopics.length > 0;
  return [
    ...(isShared ? [{ noun: "access", principalId: identity.principalId ?? "", isForNamespace, topics: shared }] : []),
    ...(isOwn && instance !== undefined
      ? [
          {
            noun: "aio-access",
            isForNamespace: false,
            principalId:
              instance.extensionPrincipalId ?? lookUpExtensionIdentity(bridge, name, instance.customLocationId),
            topics: own,
          },
        ]
      : []),
  ];
}

function topicsOf(dataflows: MqttBridgeArgs["dataflows"], endpointNames: readonly string[]): Grants["topics"] {
  const { published, subscribed } = neededTopics(dataflows, endpointNames);
  return {
    publishedTopics: published.map(({ filter }) => filter),
    subscribedTopics: subscribed.map(({ filter }) => filter),
  };
}

/** The endpoints at the bridge's own namespace that authenticate with a method. */
function endpointsWith(args: MqttBridgeArgs, method: EventGridAuthenticationMethod): string[] {
  return endpointsAtBroker(args).filter((name) => {
    const fields = eventGridEndpointFields(args.eventGridEndpoints?.[name] ?? {});
    return fields.authenticationMethod === method;
  });
}
