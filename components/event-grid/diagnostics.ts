import type * as monitor from "@pulumi/azure-native/monitor/index.js";
import type * as pulumi from "@pulumi/pulumi";

/**
 * Sends all logs and metrics of a namespace to a workspace: failed connections, publishes and subscriptions among them.
 * Whole groups, so that a category that Azure adds is there without a change.
 * @see Azure Monitor, supported logs of Microsoft.EventGrid/namespaces
 */
export function buildDiagnosticSetting(
  resourceUri: pulumi.Input<string>,
  workspaceId: pulumi.Input<string>,
): monitor.DiagnosticSettingArgs {
  return {
    resourceUri,
    workspaceId,
    // Tables of the service's own instead of one for all of Azure.
    logAnalyticsDestinationType: "Dedicated",
    logs: [{ categoryGroup: "allLogs", enabled: true }],
    metrics: [{ category: "AllMetrics", enabled: true }],
  };
}
