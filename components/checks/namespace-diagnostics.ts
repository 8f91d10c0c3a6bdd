import type * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";
import { defaultLogs } from "../event-grid/diagnostics.ts";
import type { DiagnosticSettingArgs } from "../event-grid/diagnostics.ts";
import type { EventGridBrokerArgs } from "../event-grid/settings.ts";
import { isKnown } from "../known.ts";
import { byRule } from "./rules.ts";

/** Diagnostic settings of one resource. @see Azure Monitor, Diagnostic settings */
const mostSettings = 5;

const destinations = [
  "workspaceId",
  "storageAccountId",
  "eventHubAuthorizationRuleId",
  "marketplacePartnerId",
] as const;

/** Lists diagnostic settings that Azure Monitor refuses. */
export function checkDiagnosticSettings(args: EventGridBrokerArgs): Problem[] {
  const settings = Object.entries(args.diagnosticSettings ?? {}).map(
    ([name, setting]) => [`diagnosticSettings.${name}`, setting] as const,
  );
  const { logAnalyticsWorkspaceId: workspaceId } = args;
  const all = [
    ...(workspaceId === undefined ? [] : [["logAnalyticsWorkspaceId", { workspaceId }] as const]),
    ...settings,
  ];
  const problems = [...settings.flatMap(([path, setting]) => checkSetting(path, setting)), ...findSecond(all)];
  if (all.length > mostSettings) {
    const own = workspaceId === undefined ? "" : " with logAnalyticsWorkspaceId";
    const problem = `lists ${all.length}${own}, more than the ${mostSettings} of a resource`;
    problems.push({ path: "diagnosticSettings", problem, remedy: "name several destinations in one setting" });
  }
  return byRule("namespace-diagnostics", problems);
}

function checkSetting(path: string, setting: DiagnosticSettingArgs): Problem[] {
  const { logCategoriesAndGroups: logs, metricCategories: metrics, logAnalyticsDestinationType } = setting;
  const problems: Problem[] = [];
  const refuse = (field: string, problem: string, remedy: string) =>
    problems.push({ path: `${path}${field}`, problem, remedy });
  if (destinations.every((field) => setting[field] === undefined)) {
    refuse("", "names no destination", `set one of ${destinations.join(", ")}`);
  }
  if (setting.eventHubName !== undefined && setting.eventHubAuthorizationRuleId === undefined) {
    refuse(".eventHubName", "is set, and no Event Hubs namespace", "add eventHubAuthorizationRuleId");
  }
  const rule = setting.eventHubAuthorizationRuleId;
  if (
    rule !== undefined &&
    isKnown(rule) &&
    !/\/Microsoft\.EventHub\/namespaces\/[^/]+\/authorizationRules\/[^/]+$/i.test(rule)
  ) {
    const remedy =
      "give that of a rule of the Event Hubs namespace: /subscriptions/…/namespaces/<name>/authorizationRules/<name>";
    refuse(".eventHubAuthorizationRuleId", `is "${rule}", which is no rule of an Event Hubs namespace`, remedy);
  }
  if (logAnalyticsDestinationType !== undefined && setting.workspaceId === undefined) {
    refuse(".logAnalyticsDestinationType", "is set, and no workspace", "add workspaceId, or remove it");
  }
  if (logs?.length === 0 && metrics?.length === 0) {
    const remedy = "remove the setting, or leave out logCategoriesAndGroups or metricCategories";
    refuse("", "sends neither logs nor metrics", remedy);
  }
  for (const [index, { category, categoryGroup }] of (logs ?? []).entries()) {
    if ((category === undefined) !== (categoryGroup === undefined)) continue;
    const problem = category === undefined ? "names no category" : "names a category and a group";
    refuse(`.logCategoriesAndGroups[${index}]`, problem, "set either category or categoryGroup");
  }
  // @see Azure Monitor, Diagnostic settings, category groups
  if (logs?.some(({ category }) => category !== undefined) && logs.some((one) => one.categoryGroup !== undefined)) {
    refuse(".logCategoriesAndGroups", "mixes categories with groups", "list either categories or groups");
  }
  return problems;
}

/** Azure Monitor sends a category from one resource to one destination once. */
function findSecond(settings: readonly (readonly [string, DiagnosticSettingArgs])[]): Problem[] {
  const seen = new Map<string, string>();
  return settings.flatMap(([path, setting]) =>
    destinations.flatMap((field) => {
      const id = keyOf(setting, field);
      const sent = (setting.logCategoriesAndGroups ?? defaultLogs).map(
        (one) => one.categoryGroup ?? one.category ?? "",
      );
      if (id === undefined) return [];
      const first = sent
        .map((category) => seen.get(`${id} ${category}`.toLowerCase()))
        .find((one) => one !== undefined);
      for (const category of sent) seen.set(`${id} ${category}`.toLowerCase(), path);
      if (first === undefined) return [];
      const problem = `is the destination of the same logs in ${first} already, which Azure Monitor refuses`;
      return [{ path: `${path}.${field}`, problem, remedy: "remove it from one of them" }];
    }),
  );
}

function keyOf(setting: DiagnosticSettingArgs, field: (typeof destinations)[number]): string | undefined {
  const id: pulumi.Input<string> | undefined = setting[field];
  if (id === undefined || !isKnown(id)) return undefined;
  if (field !== "eventHubAuthorizationRuleId") return id;
  const { eventHubName = "" } = setting;
  return isKnown(eventHubName) ? `${id} ${eventHubName}` : undefined;
}
