import { unsharedFilter } from "../../runtime/contract/topic/overlap.ts";
import type { NeededTopic } from "../checks/topic-coverage.ts";
import { destinationFilter } from "../topic-sets.ts";
import { listEnds } from "./sessions.ts";
import type { PlannedEnd } from "./sessions.ts";
import { enabledDataflows } from "./plan.ts";
import type { Plan, PlannedDataflow } from "./plan.ts";

/** The topics that dataflows need at some endpoints, by what they do there. */
export interface NeededTopics {
  readonly published: readonly NeededTopic[];
  readonly subscribed: readonly NeededTopic[];
}

/** Gathers the topics that enabled dataflows publish and subscribe to, at those of their ends that `isMeant` picks. */
export function neededTopics(plan: Plan, isMeant: (end: PlannedEnd) => boolean): NeededTopics {
  const ends = listEnds(plan).filter(isMeant);
  const at = (side: PlannedEnd["side"]) => ends.filter((end) => end.side === side).map(({ dataflow }) => dataflow);
  const withDeadLetters = enabledDataflows(plan).filter(
    (dataflow) =>
      dataflow.deadLetter !== undefined && isMeant({ side: "destination", dataflow, endpoint: dataflow.deadLetter }),
  );
  return {
    published: [...at("destination").flatMap(publishedBy), ...withDeadLetters.flatMap(deadLettersOf)],
    subscribed: at("source").flatMap(subscribedBy),
  };
}

function publishedBy({ path, args: { dataDestination, dataSources } }: PlannedDataflow): NeededTopic[] {
  return dataSources.map((source) => ({
    path: `${path}.dataDestination`,
    filter: destinationFilter(dataDestination, source),
  }));
}

function deadLettersOf({ path, args: { deadLetter } }: PlannedDataflow): NeededTopic[] {
  return deadLetter?.topic === undefined ? [] : [{ path: `${path}.deadLetter.topic`, filter: deadLetter.topic }];
}

function subscribedBy({ path, args: { dataSources } }: PlannedDataflow): NeededTopic[] {
  return dataSources.map((filter, index) => ({
    path: `${path}.dataSources[${index}]`,
    filter: unsharedFilter(filter),
  }));
}
