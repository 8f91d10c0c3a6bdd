import { buildDiagnosticSetting } from "../../../components/event-grid/diagnostics.ts";

test("all logs and metrics of a namespace go to the workspace, into tables of the service's own", () => {
  expect(buildDiagnosticSetting("namespace-id", "workspace-id")).toEqual({
    resourceUri: "namespace-id",
    workspaceId: "workspace-id",
    logAnalyticsDestinationType: "Dedicated",
    logs: [{ categoryGroup: "allLogs", enabled: true }],
    metrics: [{ category: "AllMetrics", enabled: true }],
  });
});
