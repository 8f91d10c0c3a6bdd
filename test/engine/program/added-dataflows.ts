import type { DataflowArgs } from "../../../components/index.ts";

/** Dataflows that a change adds: none. */
export const addedDataflows: { [name: string]: DataflowArgs } = {};
