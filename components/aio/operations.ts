import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "../checks/rules.ts";
import type { DataflowArgs } from "../dataflow.ts";

/** Names of a dataflow's operations, for whoever reads AIO's resource; each of 1 to 64 characters. */
export interface OperationNamesArgs {
  /** Name of the source operation. */
  source?: string;
  /** Name of the transformation; only where `transformation`, `schemaRef` or `serializationFormat` makes one. */
  transformation?: string;
  /** Name of the destination operation. */
  destination?: string;
}

/** @see Azure REST API, DataflowOperation (2026-10-01), name */
const maxNameLength = 64;

/** Tells whether a dataflow has a transformation between its source and its destination. */
export function hasTransformation({ serializationFormat, schemaRef, transformation }: DataflowArgs): boolean {
  return serializationFormat !== undefined || schemaRef !== undefined || transformation !== undefined;
}

/** Refuses references and names of operations that Azure would refuse, or that name nothing. */
export function checkOperations(path: string, dataflow: DataflowArgs): Problem[] {
  const { operationNames = {} } = dataflow;
  const empty = (["assetRef", "sourceSchemaRef"] as const)
    .filter((field) => dataflow[field] === "")
    .map((field) => ({ path: `${path}.${field}`, problem: "is empty", remedy: "give a name, or remove it" }));
  const idle =
    operationNames.transformation !== undefined && !hasTransformation(dataflow)
      ? [
          {
            path: `${path}.operationNames.transformation`,
            problem: "is set, and the dataflow has no transformation",
            remedy: "remove it, or give transformation, schemaRef or serializationFormat",
          },
        ]
      : [];
  return byRule("aio-operations", [...empty, ...idle, ...checkNames(`${path}.operationNames`, operationNames)]);
}

function checkNames(path: string, names: OperationNamesArgs): Problem[] {
  return (["source", "transformation", "destination"] as const).flatMap((operation) => {
    const name = names[operation];
    if (name === undefined || (name.length >= 1 && name.length <= maxNameLength)) return [];
    const problem = `is ${name.length} characters long`;
    return [{ path: `${path}.${operation}`, problem, remedy: `give 1 to ${maxNameLength} characters` }];
  });
}

/** Finds what only a reader of AIO's resources would see: the relay forwards the same messages without it. */
export function findUnusedByRelay(
  path: string,
  { assetRef, sourceSchemaRef, operationNames }: DataflowArgs,
): Problem[] {
  const isGiven = {
    assetRef: assetRef !== undefined,
    sourceSchemaRef: sourceSchemaRef !== undefined,
    operationNames: Object.values(operationNames ?? {}).some((name) => name !== undefined),
  };
  const unused = Object.entries(isGiven).flatMap(([field, isSet]) => (isSet ? [field] : []));
  const problem = "is set, and the relay, which runs this dataflow, has no use for it: messages are forwarded the same";
  const remedy = "remove it, or leave it for when AIO's engine runs the dataflow";
  return byRule(
    "unused-by-relay",
    unused.map((field) => ({ path: `${path}.${field}`, problem, remedy })),
  );
}
