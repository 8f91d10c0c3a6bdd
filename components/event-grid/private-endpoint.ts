import * as network from "@pulumi/azure-native/network/index.js";
import * as pulumi from "@pulumi/pulumi";

import { PrivateEndpointService } from "../enumerations.ts";
import { withoutUndefined } from "../known.ts";
import { createLock } from "./locks.ts";
import { createRoleAssignments } from "./role-assignments.ts";
import type { PrivateDnsZoneArgs, PrivateEndpointArgs } from "./settings.ts";

/** A private endpoint that was created. */
export interface CreatedPrivateEndpoint {
  /** Its resource ID. */
  id: string;
  /** Its name. */
  name: string;
  /** What it leads to, `"topicspace"` or `"topic"`. */
  service: string;
  /** Names of the service with their addresses in the virtual network, as Azure tells them. */
  customDnsConfigs: CreatedPrivateEndpointDns[];
  /** Resource IDs of its network interfaces. */
  networkInterfaceIds: string[];
}

/** A name with its addresses in a virtual network. */
export interface CreatedPrivateEndpointDns {
  /** The name. */
  fqdn: string;
  /** Private addresses. */
  ipAddresses: string[];
}

/** The private endpoints of a namespace that were created, with all that is at them. */
export interface CreatedPrivateEndpoints {
  readonly outputs: { readonly [name: string]: pulumi.Output<CreatedPrivateEndpoint> };
  readonly resources: readonly pulumi.Resource[];
}

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
): CreatedPrivateEndpoints {
  const created = Object.entries(endpoints ?? {}).map(
    ([key, args]) => [key, createPrivateEndpoint(place, key, args)] as const,
  );
  return {
    outputs: Object.fromEntries(created.map(([key, { output }]) => [key, output])),
    resources: created.flatMap(([, { resources }]) => resources),
  };
}

function createPrivateEndpoint(
  { component, name, namespaceId, ...place }: PrivateEndpointPlace,
  key: string,
  args: PrivateEndpointArgs,
) {
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
  const lock = createLock(`${prefix}-lock`, endpoint.id, args.lock, { ...child, after: inside });
  return { output: outputOf(endpoint, args), resources: [...inside, ...lock] };
}

function outputOf(endpoint: network.PrivateEndpoint, { service }: PrivateEndpointArgs) {
  const { id, name } = endpoint;
  const told = { customDnsConfigs: endpoint.customDnsConfigs, networkInterfaces: endpoint.networkInterfaces };
  return pulumi.output({ id, name, ...told }).apply(({ customDnsConfigs, networkInterfaces, ...own }) => ({
    ...own,
    service: service ?? PrivateEndpointService.TopicSpace,
    customDnsConfigs: listOf(customDnsConfigs).map(({ fqdn = "", ipAddresses = [] }) => ({ fqdn, ipAddresses })),
    networkInterfaceIds: listOf(networkInterfaces).map((one) => one.id ?? ""),
  }));
}

/** What Azure has left out is none. */
function listOf<T>(values: readonly T[] | undefined): readonly T[] {
  return values ?? [];
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

function zonesOf({ privateDnsZoneId, privateDnsZones = [] }: PrivateEndpointArgs): PrivateDnsZoneArgs[] {
  return privateDnsZoneId === undefined ? privateDnsZones : [{ id: privateDnsZoneId }, ...privateDnsZones];
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
    privateDnsZoneConfigs: zonesOf(args).map(({ id: privateDnsZoneId, name }, index) => ({
      name: name ?? (index === 0 ? service : `${service}-${index + 1}`),
      privateDnsZoneId,
    })),
  };
}
