import { buildOperations } from "../dataflow.ts";
import type { DataflowArgs, Operation } from "../dataflow.ts";
import { DataflowMode, DiskPersistence } from "../enumerations.ts";

/** `properties` of a `Dataflow` in Azure, and but for its profile the `spec` of the custom resource. */
export interface DataflowProperties {
  readonly mode: string;
  readonly requestDiskPersistence?: string;
  readonly operations: Operation[];
}

/** Writes a dataflow as AIO's `Dataflow` has it, with the API's defaults explicit. */
export function buildDataflowProperties(dataflow: DataflowArgs): DataflowProperties {
  const { mode, requestDiskPersistence } = dataflow;
  return {
    mode: mode ?? DataflowMode.Enabled,
    // Disabled is the API's default, and the typed resource does not have the field.
    ...(requestDiskPersistence === DiskPersistence.Enabled ? { requestDiskPersistence } : {}),
    operations: buildOperations(dataflow).map(withDefaults),
  };
}

/** The provider's SDK fills these in for the typed resource only; written out, all forms of a dataflow are the same. */
function withDefaults({ sourceSettings, builtInTransformationSettings: stage, ...operation }: Operation): Operation {
  const format = { serializationFormat: "Json" };
  if (sourceSettings !== undefined) return { ...operation, sourceSettings: { ...sourceSettings, ...format } };
  if (stage === undefined) return operation;
  const { serializationFormat = format.serializationFormat, schemaRef, datasets, filter, map } = stage;
  const builtInTransformationSettings = {
    serializationFormat,
    ...(schemaRef === undefined ? {} : { schemaRef }),
    ...(datasets === undefined ? {} : { datasets }),
    ...(filter === undefined ? {} : { filter: filter.map((rule) => ({ type: "Filter", ...rule })) }),
    ...(map === undefined ? {} : { map }),
  };
  return { ...operation, builtInTransformationSettings };
}

/** Tells whether a dataflow has a field that API version 2024-11-01 lacks. @see Azure REST API, Dataflow */
export function needsLaterApi({ requestDiskPersistence, headers }: DataflowArgs): boolean {
  return requestDiskPersistence === DiskPersistence.Enabled || (headers ?? []).length > 0;
}
