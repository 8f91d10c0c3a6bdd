import type * as network from "@pulumi/azure-native/network/index.js";
import type * as pulumi from "@pulumi/pulumi";

import { withoutUndefined } from "../known.ts";
import type { PrivateEndpointArgs } from "./settings.ts";

/** The part of a namespace that MQTT clients talk to. @see Azure Private Link, DNS zone values, Microsoft.EventGrid/namespaces */
const mqttGroupId = "topicspace";

export function buildPrivateEndpoint(
  resourceGroupName: pulumi.Input<string>,
  namespaceId: pulumi.Input<string>,
  { subnetId, location }: PrivateEndpointArgs,
): network.PrivateEndpointArgs {
  return {
    resourceGroupName,
    ...withoutUndefined({ location }),
    subnet: { id: subnetId },
    privateLinkServiceConnections: [{ name: mqttGroupId, privateLinkServiceId: namespaceId, groupIds: [mqttGroupId] }],
  };
}

/** The host name's address in the virtual network. */
export function buildPrivateDnsZoneGroup(
  resourceGroupName: pulumi.Input<string>,
  privateEndpointName: pulumi.Input<string>,
  privateDnsZoneId: pulumi.Input<string>,
): network.PrivateDnsZoneGroupArgs {
  return {
    resourceGroupName,
    privateEndpointName,
    privateDnsZoneGroupName: "default",
    privateDnsZoneConfigs: [{ name: mqttGroupId, privateDnsZoneId }],
  };
}
