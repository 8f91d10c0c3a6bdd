import { readEndpoint, readOperations } from "./declared-dataflows.ts";
import type { DeclaredEndpoint } from "./declared-dataflows.ts";
import type { Preview, Step } from "./preview.ts";
import type { Dataflow } from "./review.ts";
import { fieldsAt, hasUnknown, textAt } from "./values.ts";
import type { Fields } from "./values.ts";

/** A dataflow of AIO's own engine before and after. */
export interface AioDataflowChange {
  /** Name of the AIO instance. */
  readonly owner: string;
  readonly name: string;
  readonly before?: Dataflow;
  readonly after?: Dataflow;
}

/** The dataflows of AIO's own engine that change. */
export function findAioDataflows({ steps }: Preview): AioDataflowChange[] {
  const endpoints = { before: endpointsOf(steps, "before"), after: endpointsOf(steps, "after") };
  return steps
    .filter((step) => isAzureType(step, "iotoperations:Dataflow") && step.operation !== "same")
    .map((step) => {
      const { before, after, name } = step;
      const inputs = after ?? before ?? {};
      return {
        owner: textAt(inputs, "instanceName") ?? step.parent,
        name: textAt(inputs, "dataflowName") ?? name,
        ...(before === undefined ? {} : { before: read(before, endpoints.before) }),
        ...(after === undefined || hasUnknown(after["properties"]) ? {} : { after: read(after, endpoints.after) }),
      };
    });
}

function read(inputs: Fields, endpoints: ReadonlyMap<string, DeclaredEndpoint>): Dataflow {
  return readOperations(fieldsAt(inputs, "properties"), endpoints, "AzureIoTOperations");
}

/** The endpoints that AIO has, by their name there. */
function endpointsOf(steps: readonly Step[], side: "before" | "after"): ReadonlyMap<string, DeclaredEndpoint> {
  const endpoints = steps.filter((step) => isAzureType(step, "iotoperations:DataflowEndpoint"));
  return new Map(
    endpoints.map((step) => {
      const name = textAt(step[side], "dataflowEndpointName") ?? step.name;
      return [name, readEndpoint(name, fieldsAt(step[side], "properties"))];
    }),
  );
}

/** Tells whether a resource is of one of azure-native's types, in whichever API version: `eventgrid:Namespace`. */
export function isAzureType({ type }: Pick<Step, "type">, wanted: string): boolean {
  const [module, name] = wanted.split(":");
  return new RegExp(`^azure-native(_\\w+)?:${module}(/v\\w+)?:${name}$`).test(type);
}
