import { unsharedFilter } from "../../runtime/contract/topic/overlap.ts";
import type { NeededTopic } from "../checks/topic-coverage.ts";
import { isEnabled } from "../dataflow.ts";
import type { DataflowArgs } from "../dataflow.ts";
import { destinationFilter } from "../topic-sets.ts";

/** The topics that dataflows need at some endpoints, by what they do there. */
export interface NeededTopics {
  readonly published: readonly NeededTopic[];
  readonly subscribed: readonly NeededTopic[];
}

/** Gathers the topics that enabled dataflows publish and subscribe to at the endpoints of these names. */
export function neededTopics(
  dataflows: { readonly [name: string]: DataflowArgs },
  endpointNames: readonly string[],
): NeededTopics {
  const enabled = Object.entries(dataflows).filter(([, dataflow]) => isEnabled(dataflow));
  return {
    published: [
      ...enabled
        .filter(([, { destination }]) => endpointNames.includes(destination))
        .flatMap(([name, { dataDestination, dataSources }]) =>
          dataSources.map((source) => ({
            path: `dataflows.${name}.dataDestination`,
            filter: destinationFilter(dataDestination, source),
          })),
        ),
      ...enabled.flatMap(([name, { deadLetter: { endpoint, topic } = {} }]) =>
        endpoint === undefined || topic === undefined || !endpointNames.includes(endpoint)
          ? []
          : [{ path: `dataflows.${name}.deadLetter.topic`, filter: topic }],
      ),
    ],
    subscribed: enabled
      .filter(([, { source }]) => endpointNames.includes(source))
      .flatMap(([name, { dataSources }]) =>
        dataSources.map((filter, index) => ({
          path: `dataflows.${name}.dataSources[${index}]`,
          filter: unsharedFilter(filter),
        })),
      ),
  };
}

/** How many sessions enabled dataflows hold at each of these endpoints: one for each end there and each instance. */
export function sessionsByEndpoint(
  dataflows: { readonly [name: string]: DataflowArgs },
  endpointNames: readonly string[],
  instanceCount: number,
): ReadonlyMap<string, number> {
  const ends = Object.values(dataflows)
    .filter(isEnabled)
    .flatMap(({ source, destination }) => [source, destination]);
  return new Map(
    endpointNames.map((name) => [name, ends.filter((end) => end === name).length * instanceCount] as const),
  );
}
