import { resourceName, resourceNameRule } from "../../runtime/contract/config/field.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { checkHeaders } from "../aio/headers.ts";
import { checkOperations } from "../aio/operations.ts";
import { checkTransformation } from "../aio/transformation.ts";
import { givenDeliveryFields } from "../dataflow-delivery.ts";
import { isForAio } from "../dataflow.ts";
import type { DataflowArgs } from "../dataflow.ts";
import { DataflowEngine } from "../enumerations.ts";
import { byRule } from "./rules.ts";

/** Refuses settings that the dataflow's own engine does not have, and values that AIO's would refuse. */
export function checkEngineFields(path: string, dataflow: DataflowArgs): Problem[] {
  const { headers = [], transformation = {} } = dataflow;
  if (!isForAio(dataflow)) {
    const remedy = `remove it, or set engine to "${DataflowEngine.AzureIoTOperations}"`;
    const problem = "is set, and the relay, which runs this dataflow, does not have it";
    return byRule(
      "engine-fields",
      aioOnlyFields(dataflow).map((field) => ({ path: `${path}.${field}`, problem, remedy })),
    );
  }
  const own = givenDeliveryFields(dataflow).map((field) => ({
    path: `${path}.${field}`,
    problem: "is set, and AIO's engine, which runs this dataflow, does not have it",
    remedy: `remove it, or set engine to "${DataflowEngine.Relay}"`,
  }));
  return [
    ...byRule("engine-fields", own),
    ...checkHeaders(`${path}.headers`, headers),
    ...checkTransformation(`${path}.transformation`, transformation),
    ...checkOperations(path, dataflow),
  ];
}

/** The fields that ask for what only AIO's engine does; one that changes nothing asks for nothing. */
function aioOnlyFields({ headers = [], transformation }: DataflowArgs): string[] {
  const { datasets = [], filter = [], map = [] } = transformation ?? {};
  const asks = {
    headers: headers.length > 0,
    "transformation.datasets": datasets.length > 0,
    "transformation.filter": filter.length > 0,
    "transformation.map": map.length > 0,
  };
  return Object.entries(asks).flatMap(([field, isAsked]) => (isAsked ? [field] : []));
}

/** Leaves out what only AIO's engine has, so that the rest can be judged as a dataflow of any engine. */
export function withoutAioFields({
  assetRef,
  headers,
  transformation,
  requestDiskPersistence,
  engine,
  ...dataflow
}: DataflowArgs): DataflowArgs {
  return dataflow;
}

/** Refuses the name of a dataflow that Azure would refuse. @see Azure REST API, Dataflow (2026-10-01) */
export function checkDataflowName(path: string, name: string): Problem[] {
  if (resourceName.test(name)) return [];
  const problem = `is no name for a dataflow ("${name}")`;
  return byRule("aio-names", [{ path, problem, remedy: `name it with ${resourceNameRule}` }]);
}
