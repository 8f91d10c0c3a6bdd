import { buildDiagnosticSetting } from "../../../components/event-grid/diagnostics.ts";

test("all logs and metrics of a namespace go to the workspace, into tables of the service's own", () => {
  expect(buildDiagnosticSetting("namespace-id", { workspaceId: "workspace-id" })).toEqual({
    resourceUri: "namespace-id",
    workspaceId: "workspace-id",
    logAnalyticsDestinationType: "Dedicated",
    logs: [{ categoryGroup: "allLogs", enabled: true }],
    metrics: [{ category: "AllMetrics", enabled: true }],
  });
});

test("a storage account, an event hub and a partner get what is selected, and no table", () => {
  expect(
    buildDiagnosticSetting("namespace-id", {
      name: "archive",
      storageAccountId: "storage-id",
      eventHubAuthorizationRuleId: "rule-id",
      eventHubName: "logs",
      marketplacePartnerId: "partner-id",
      logCategoriesAndGroups: [{ category: "FailedMqttConnections" }, { category: "PublishFailures", enabled: false }],
      metricCategories: [],
    }),
  ).toEqual({
    resourceUri: "namespace-id",
    name: "archive",
    storageAccountId: "storage-id",
    eventHubAuthorizationRuleId: "rule-id",
    eventHubName: "logs",
    marketplacePartnerId: "partner-id",
    logs: [
      { category: "FailedMqttConnections", enabled: true },
      { category: "PublishFailures", enabled: false },
    ],
    metrics: [],
  });
});
