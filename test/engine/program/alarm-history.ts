import type { DataflowArgs } from "../../../components/index.ts";

/** Dataflows that a change adds: alarms, kept by the historian too. */
export const addedDataflows: { [name: string]: DataflowArgs } = {
  "alarm-history": {
    source: "edge",
    dataSources: ["plant/+/alarms/+"],
    destination: "historian",
    dataDestination: "history/${inputTopic}",
  },
};
