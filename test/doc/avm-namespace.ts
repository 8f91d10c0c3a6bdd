/**
 * Parameters and outputs of Azure Verified Modules, `avm/res/event-grid/namespace` 0.7.2 (read 2026-11-27), with those of the modules for its
 * topics and event subscriptions. What is a list of plain objects there, of which this package has the same, is named once.
 */
const list = `
name location tags enableTelemetry isZoneRedundant publicNetworkAccess inboundIpRules topicSpacesState
alternativeAuthenticationNameSources maximumSessionExpiryInHours maximumClientSessionsPerAuthenticationName routeTopicResourceId
routingEnrichments routingIdentityInfo caCertificates clients clientGroups permissionBindings
managedIdentities: systemAssigned userAssignedResourceIds
lock: kind name
diagnosticSettings: name logCategoriesAndGroups metricCategories logAnalyticsDestinationType workspaceResourceId
diagnosticSettings: storageAccountResourceId eventHubAuthorizationRuleResourceId eventHubName marketplacePartnerResourceId
roleAssignments: name roleDefinitionIdOrName principalId principalType description condition conditionVersion
roleAssignments: delegatedManagedIdentityResourceId
privateEndpoints: name location privateLinkServiceConnectionName service subnetResourceId isManualConnection
privateEndpoints: manualConnectionRequestMessage customDnsConfigs ipConfigurations applicationSecurityGroupResourceIds
privateEndpoints: customNetworkInterfaceName lock roleAssignments tags enableTelemetry resourceGroupName
privateEndpoints.privateDnsZoneGroup: name privateDnsZoneGroupConfigs
topics: name eventRetentionInDays inputSchema publisherType roleAssignments lock
topics.eventSubscriptions: name deliveryConfiguration eventDeliverySchema filtersConfiguration roleAssignments
topicSpaces: name topicTemplates description roleAssignments
`;

/** Parameters, as paths: `lock.kind`. */
export const avmParameters: readonly string[] = list
  .trim()
  .split("\n")
  .flatMap((line) => {
    const [, prefix, names = line] = /^([\w.]+): (.*)$/.exec(line) ?? [];
    return names.split(" ").map((name) => (prefix === undefined ? name : `${prefix}.${name}`));
  });

/** Outputs. */
export const avmOutputs: readonly string[] = [
  "resourceId",
  "name",
  "location",
  "resourceGroupName",
  "systemAssignedMIPrincipalId",
  "topicResourceIds",
  "privateEndpoints",
];
