import { buildPrivateDnsZoneGroup, buildPrivateEndpoint } from "../../../components/event-grid/private-endpoint.ts";
import type { PrivateEndpointArgs } from "../../../components/index.ts";

test("an endpoint leads to the MQTT broker of the namespace, not to its topics", () => {
  expect(buildPrivateEndpoint("rg", "namespace-id", { subnetId: "subnet-id", location: "norwayeast" })).toEqual({
    resourceGroupName: "rg",
    location: "norwayeast",
    subnet: { id: "subnet-id" },
    privateLinkServiceConnections: [
      { name: "topicspace", privateLinkServiceId: "namespace-id", groupIds: ["topicspace"] },
    ],
  });
});

test("without a region it is where its resource group is", () => {
  expect(buildPrivateEndpoint("rg", "namespace-id", { subnetId: "subnet-id" })).not.toHaveProperty("location");
});

test("the DNS zone learns the address of the endpoint", () => {
  expect(buildPrivateDnsZoneGroup("rg", "endpoint", { subnetId: "subnet-id", privateDnsZoneId: "zone-id" })).toEqual({
    resourceGroupName: "rg",
    privateEndpointName: "endpoint",
    privateDnsZoneGroupName: "default",
    privateDnsZoneConfigs: [{ name: "topicspace", privateDnsZoneId: "zone-id" }],
  });
});

test("everything that Azure Verified Modules can say of an endpoint is said by its ARM name", () => {
  const endpoint: PrivateEndpointArgs = {
    subnetId: "subnet-id",
    name: "pe-oslo",
    service: "topic",
    connectionName: "to-topics",
    isManualConnection: true,
    manualConnectionRequestMessage: "for the historian",
    ipConfigurations: [{ name: "first", privateIPAddress: "10.0.0.7", memberName: "topic" }],
    customDnsConfigs: [{ fqdn: "topics.contoso.com", ipAddresses: ["10.0.0.7"] }],
    applicationSecurityGroupIds: ["group-id"],
    customNetworkInterfaceName: "nic-oslo",
    tags: { site: "oslo" },
    privateDnsZones: [{ id: "zone-1" }, { id: "zone-2" }, { id: "zone-3", name: "own" }],
    privateDnsZoneGroupName: "names",
  };

  expect(buildPrivateEndpoint("rg", "namespace-id", endpoint)).toEqual({
    resourceGroupName: "rg",
    privateEndpointName: "pe-oslo",
    subnet: { id: "subnet-id" },
    manualPrivateLinkServiceConnections: [
      {
        name: "to-topics",
        privateLinkServiceId: "namespace-id",
        groupIds: ["topic"],
        requestMessage: "for the historian",
      },
    ],
    ipConfigurations: [{ groupId: "topic", name: "first", privateIPAddress: "10.0.0.7", memberName: "topic" }],
    customDnsConfigs: [{ fqdn: "topics.contoso.com", ipAddresses: ["10.0.0.7"] }],
    applicationSecurityGroups: [{ id: "group-id" }],
    customNetworkInterfaceName: "nic-oslo",
    tags: { site: "oslo" },
  });
  expect(buildPrivateDnsZoneGroup("rg", "pe-oslo", endpoint)).toMatchObject({
    privateDnsZoneGroupName: "names",
    privateDnsZoneConfigs: [
      { name: "topic", privateDnsZoneId: "zone-1" },
      { name: "topic-2", privateDnsZoneId: "zone-2" },
      { name: "own", privateDnsZoneId: "zone-3" },
    ],
  });
});
