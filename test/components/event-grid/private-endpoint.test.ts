import { buildPrivateDnsZoneGroup, buildPrivateEndpoint } from "../../../components/event-grid/private-endpoint.ts";

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
  expect(buildPrivateDnsZoneGroup("rg", "endpoint", "zone-id")).toEqual({
    resourceGroupName: "rg",
    privateEndpointName: "endpoint",
    privateDnsZoneGroupName: "default",
    privateDnsZoneConfigs: [{ name: "topicspace", privateDnsZoneId: "zone-id" }],
  });
});
