import * as network from "@pulumi/azure-native/network/index.js";
import type * as pulumi from "@pulumi/pulumi";

import { PrivateEndpointService } from "../enumerations.ts";
import { withoutUndefined } from "../known.ts";
import { createLock } from "./locks.ts";
import { createRoleAssignments } from "./role-assignments.ts";
import type { PrivateEndpointArgs } from "./settings.ts";

/** What private endpoints are made of. */
interface PrivateEndpointPlace {
  readonly component: pulumi.ComponentResource;
  readonly name: string;
  readonly resourceGroupName: pulumi.Input<string>;
  readonly namespaceId: pulumi.Input<string>;
}

/** Creates private endpoints with their DNS zone groups, roles and locks. */
export function createPrivateEndpoints(
  place: PrivateEndpointPlace,
  endpoints: { readonly [name: string]: PrivateEndpointArgs } | undefined,
): pulumi.Resource[] {
  return Object.entries(endpoints ?? {}).flatMap(([key, args]) => createPrivateEndpoint(place, key, args));
}

function createPrivateEndpoint(
  { component, name, namespaceId, ...place }: PrivateEndpointPlace,
  key: string,
  args: PrivateEndpointArgs,
): pulumi.Resource[] {
  const child = { parent: component };
  const prefix = `${name}-${key}-pe`;
  const resourceGroupName = args.resourceGroupName ?? place.resourceGroupName;
  const endpoint = new network.PrivateEndpoint(
    prefix,
    buildPrivateEndpoint(resourceGroupName, namespaceId, args),
    child,
  );
  const zoneIds = zonesOf(args);
  const zones = buildPrivateDnsZoneGroup(resourceGroupName, endpoint.name, args);
  const group = zoneIds.length === 0 ? [] : [new network.PrivateDnsZoneGroup(`${name}-${key}-dns`, zones, child)];
  const at = { component, name, path: `privateEndpoints.${key}.roleAssignments`, prefix, scope: endpoint.id };
  const inside = [endpoint, ...group, ...createRoleAssignments(at, args.roleAssignments)];
  return [...inside, ...createLock(`${prefix}-lock`, endpoint.id, args.lock, { ...child, after: inside })];
}

export function buildPrivateEndpoint(
  resourceGroupName: pulumi.Input<string>,
  namespaceId: pulumi.Input<string>,
  args: PrivateEndpointArgs,
): network.PrivateEndpointArgs {
  const { subnetId, location, tags, customNetworkInterfaceName, customDnsConfigs, ipConfigurations } = args;
  const service = args.service ?? PrivateEndpointService.TopicSpace;
  const connection = {
    name: args.connectionName ?? service,
    privateLinkServiceId: namespaceId,
    groupIds: [service],
    ...withoutUndefined({ requestMessage: args.manualConnectionRequestMessage }),
  };
  return {
    resourceGroupName,
    ...withoutUndefined({ privateEndpointName: args.name, location, tags, customNetworkInterfaceName }),
    ...withoutUndefined({ customDnsConfigs }),
    subnet: { id: subnetId },
    ...(args.isManualConnection === true
      ? { manualPrivateLinkServiceConnections: [connection] }
      : { privateLinkServiceConnections: [connection] }),
    ...(ipConfigurations === undefined
      ? {}
      : { ipConfigurations: ipConfigurations.map((ip) => ({ groupId: service, ...withoutUndefined(ip) })) }),
    ...(args.applicationSecurityGroupIds === undefined
      ? {}
      : { applicationSecurityGroups: args.applicationSecurityGroupIds.map((id) => ({ id })) }),
  };
}

function zonesOf({ privateDnsZoneId, privateDnsZoneIds = [] }: PrivateEndpointArgs): pulumi.Input<string>[] {
  return privateDnsZoneId === undefined ? privateDnsZoneIds : [privateDnsZoneId, ...privateDnsZoneIds];
}

/** The host name's address in the virtual network. */
export function buildPrivateDnsZoneGroup(
  resourceGroupName: pulumi.Input<string>,
  privateEndpointName: pulumi.Input<string>,
  args: PrivateEndpointArgs,
): network.PrivateDnsZoneGroupArgs {
  const service = args.service ?? PrivateEndpointService.TopicSpace;
  return {
    resourceGroupName,
    privateEndpointName,
    privateDnsZoneGroupName: args.privateDnsZoneGroupName ?? "default",
    privateDnsZoneConfigs: zonesOf(args).map((privateDnsZoneId, index) => ({
      name: index === 0 ? service : `${service}-${index + 1}`,
      privateDnsZoneId,
    })),
  };
}
