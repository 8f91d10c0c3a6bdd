import * as monitor from "@pulumi/azure-native/monitor/index.js";
import type * as pulumi from "@pulumi/pulumi";

import type { LogAnalyticsDestinationType } from "../enumerations.ts";
import { withoutUndefined } from "../known.ts";

/** Logs of a namespace, either of one category or of a group. */
export interface LogCategoryArgs {
  /** Category, such as `"FailedMqttConnections"`. */
  category?: string;
  /** Group of categories, `"allLogs"` or `"audit"`. */
  categoryGroup?: string;
  /**
   * Whether they are sent.
   * @default true
   */
  enabled?: pulumi.Input<boolean>;
}

/** Metrics of a namespace. */
export interface MetricCategoryArgs {
  /** Category; `"AllMetrics"` is all that Event Grid has. */
  category: string;
  /**
   * Whether they are sent.
   * @default true
   */
  enabled?: pulumi.Input<boolean>;
}

/** Where logs and metrics of the namespace go: at least one destination, and at most one of each kind. */
export interface DiagnosticSettingArgs {
  /**
   * Name of the setting. A change replaces it.
   * @default made from the component's name
   */
  name?: pulumi.Input<string>;
  /** Resource ID of a Log Analytics workspace. */
  workspaceId?: pulumi.Input<string>;
  /**
   * Tables in the workspace.
   * @default "Dedicated"
   */
  logAnalyticsDestinationType?: LogAnalyticsDestinationType;
  /** Resource ID of a storage account, in the namespace's region. */
  storageAccountId?: pulumi.Input<string>;
  /**
   * Resource ID of a rule of an Event Hubs namespace with the rights Manage, Send and Listen:
   * `/subscriptions/…/namespaces/<name>/authorizationRules/<name>`. The namespace is in the same region.
   */
  eventHubAuthorizationRuleId?: pulumi.Input<string>;
  /**
   * Event hub in that namespace.
   * @default Azure's: one for each category
   */
  eventHubName?: pulumi.Input<string>;
  /** Resource ID of a partner's resource from Azure Marketplace. */
  marketplacePartnerId?: pulumi.Input<string>;
  /**
   * Logs to send; an empty list sends none. Categories and groups don't go together.
   * @default [{ categoryGroup: "allLogs" }]
   */
  logCategoriesAndGroups?: LogCategoryArgs[];
  /**
   * Metrics to send; an empty list sends none.
   * @default [{ category: "AllMetrics" }]
   */
  metricCategories?: MetricCategoryArgs[];
}

/**
 * All logs and metrics of a namespace: failed connections, publishes and subscriptions among them. Whole groups, so that a category that Azure adds is there without a change.
 * @see Azure Monitor, supported logs of Microsoft.EventGrid/namespaces
 */
export const defaultLogs: readonly LogCategoryArgs[] = [{ categoryGroup: "allLogs" }];
const defaultMetrics: readonly MetricCategoryArgs[] = [{ category: "AllMetrics" }];

/** Creates the diagnostic settings of a namespace; `logAnalyticsWorkspaceId` stands for one of its own. */
export function createDiagnosticSettings(
  name: string,
  resourceUri: pulumi.Input<string>,
  args: {
    readonly logAnalyticsWorkspaceId?: pulumi.Input<string>;
    readonly diagnosticSettings?: { readonly [name: string]: DiagnosticSettingArgs };
  },
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { logAnalyticsWorkspaceId: workspaceId, diagnosticSettings } = args;
  const settings = Object.entries(diagnosticSettings ?? {}).map(([key, one]) => [`${name}-diag-${key}`, one] as const);
  const all = workspaceId === undefined ? settings : [[`${name}-diag`, { workspaceId }] as const, ...settings];
  return all.map(([own, setting]) => {
    return new monitor.DiagnosticSetting(own, buildDiagnosticSetting(resourceUri, setting), options);
  });
}

export function buildDiagnosticSetting(
  resourceUri: pulumi.Input<string>,
  setting: DiagnosticSettingArgs,
): monitor.DiagnosticSettingArgs {
  const { logCategoriesAndGroups, metricCategories, logAnalyticsDestinationType, ...destinations } = setting;
  const { name, workspaceId, storageAccountId, eventHubAuthorizationRuleId, eventHubName, marketplacePartnerId } =
    destinations;
  return {
    resourceUri,
    ...withoutUndefined({ name, workspaceId, storageAccountId }),
    ...withoutUndefined({ eventHubAuthorizationRuleId, eventHubName, marketplacePartnerId }),
    // Tables of the service's own instead of one for all of Azure.
    ...(workspaceId === undefined ? {} : { logAnalyticsDestinationType: logAnalyticsDestinationType ?? "Dedicated" }),
    logs: (logCategoriesAndGroups ?? defaultLogs).map(({ enabled, ...logs }) => ({
      ...withoutUndefined(logs),
      enabled: enabled ?? true,
    })),
    metrics: (metricCategories ?? defaultMetrics).map(({ category, enabled }) => ({
      category,
      enabled: enabled ?? true,
    })),
  };
}
