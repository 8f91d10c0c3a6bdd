import type { RelayConfig } from "../../runtime/contract/config.ts";
import { dataflowParts } from "../../runtime/contract/config/dataflow.ts";
import { HostType } from "../../runtime/contract/config/endpoint.ts";
import { parseSharedFilter } from "../../runtime/contract/topic/filter.ts";
import { parseTopicTemplate, resolveTopicTemplate } from "../../runtime/contract/topic/template.ts";

/** One simulated machine. */
export const machines = ["press-1", "press-2", "robot-1", "oven-1", "conveyor-1"] as const;

/** What a machine measures, the last level of its topics. */
const measures = ["temperature", "vibration", "power"] as const;

/** A topic that messages are published to, and the one that they are expected at. */
export interface Crossing {
  readonly machine: string;
  readonly from: string;
  readonly to: string;
}

/** Which way a dataflow goes. */
export type Direction = "to the cloud" | "to the edge";

/** A dataflow as the demo sees it. */
export interface Route {
  readonly dataflow: string;
  readonly direction: Direction;
  readonly crossings: readonly Crossing[];
}

/**
 * Reads from a configuration what to publish: for each topic filter some topics under it, a `+` or `#` filled with a
 * machine and what it measures. Dataflows that are disabled, or that no such topic crosses, are left out.
 */
export function planRoutes({ dataflows, endpoints }: RelayConfig): Route[] {
  return Object.entries(dataflows).flatMap(([dataflow, config]): Route[] => {
    const parts = dataflowParts(config);
    if (parts === undefined || config.mode === "Disabled") return [];
    const { source, destination } = parts;
    const template = parseTopicTemplate(destination.dataDestination);
    if ("problem" in template) return [];
    const isFromCloud = endpoints[source.endpointRef]?.hostType === HostType.EventGrid;
    const crossings = source.dataSources.flatMap((filter) =>
      machines.flatMap((machine) =>
        topicsUnder(filter, machine, isFromCloud ? "setpoint" : "overheat").flatMap((from) => {
          const to = resolveTopicTemplate(template, from);
          return to === undefined ? [] : [{ machine, from, to }];
        }),
      ),
    );
    if (crossings.length === 0) return [];
    return [{ dataflow, direction: isFromCloud ? "to the edge" : "to the cloud", crossings }];
  });
}

/** `plant/+/telemetry/#` and `press-1` → `plant/press-1/telemetry/temperature`, … */
function topicsUnder(dataSource: string, machine: string, signal: string): string[] {
  const shared = parseSharedFilter(dataSource);
  const levels = (typeof shared === "object" ? shared.filter : dataSource).split("/");
  const firstWildcard = levels.findIndex((level) => level === "+" || level === "#");
  const tails = levels.at(-1) === "#" ? measures : [""];
  return tails.map((tail) =>
    levels
      .map((level, index) => {
        if (level === "#") return index === firstWildcard ? `${machine}/${tail}` : tail;
        if (level === "+") return index === firstWildcard ? machine : signal;
        return level;
      })
      .join("/"),
  );
}
