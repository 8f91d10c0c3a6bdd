import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "../checks/rules.ts";
import type { MappingType } from "../enumerations.ts";

/** Data that messages are enriched with. @see Azure IoT Operations, Enrich data by using data flows */
export interface DatasetArgs {
  /** Name of the dataset, which `$context(<key>)` refers to; up to 64 characters. */
  key: string;
  /** Fields that stand in the expression as `$1`, `$2` and so on, such as `"$source.machine"`. */
  inputs: string[];
  /** Condition that picks a record, such as `"$1 == $2"`. */
  expression?: string;
  /** Schema of the records, `aio-sr://<namespace>/<schema>:<version>`. */
  schemaRef?: string;
  /** What it is for; up to 256 characters. */
  description?: string;
}

/** A condition that messages have to meet; all others are acknowledged and go nowhere. */
export interface FilterArgs {
  /** Fields that stand in the expression as `$1`, `$2` and so on, such as `"temperature"`. */
  inputs: string[];
  /** Condition, such as `"$1 > 20"`. */
  expression: string;
  /** What it is for; up to 256 characters. */
  description?: string;
}

/** A field of the output and what it is made of. */
export interface MappingArgs {
  /** Fields that stand in the expression as `$1`, `$2` and so on; `["*"]` is all of them. */
  inputs: string[];
  /** Field of the output; `"*"` keeps the names. */
  output: string;
  /** Formula, such as `"cToF($1)"`. Omitted: the input as it is. */
  expression?: string;
  /** What kind of mapping it is. Omitted: AIO tells it from the rest. */
  type?: MappingType;
  /** What it is for; up to 256 characters. */
  description?: string;
}

/** What AIO's engine does to the content of messages: enrich, then filter, then map, whatever the order here. */
export interface TransformationArgs {
  /** Data to enrich messages with; one at most. */
  datasets?: DatasetArgs[];
  /** Conditions that a message has to meet, all of them. */
  filter?: FilterArgs[];
  /** Fields of the output. Omitted: all fields as they are. */
  map?: MappingArgs[];
}

/** @see Azure REST API, Dataflow (2026-10-01) */
const maxDatasets = 1;
const maxKeyLength = 64;
const maxDescriptionLength = 256;

/** Refuses a transformation that Azure would refuse. */
export function checkTransformation(path: string, { datasets = [], filter = [], map = [] }: TransformationArgs) {
  const tooMany = { problem: `lists ${datasets.length} datasets`, remedy: `give ${maxDatasets} at most` };
  return byRule("aio-transformation", [
    ...(datasets.length > maxDatasets ? [{ path: `${path}.datasets`, ...tooMany }] : []),
    ...datasets.flatMap((dataset, index) => [
      ...checkLength(`${path}.datasets[${index}].key`, dataset.key, maxKeyLength),
      ...checkStage(`${path}.datasets[${index}]`, dataset),
    ]),
    ...filter.flatMap((stage, index) => checkStage(`${path}.filter[${index}]`, stage)),
    ...map.flatMap((stage, index) => checkStage(`${path}.map[${index}]`, stage)),
  ]);
}

function checkStage(path: string, { inputs, description = "-" }: Pick<DatasetArgs, "inputs" | "description">) {
  const noInputs = { path: `${path}.inputs`, problem: "lists no fields", remedy: "name one at least" };
  return [
    ...(inputs.length === 0 ? [noInputs] : []),
    ...checkLength(`${path}.description`, description, maxDescriptionLength),
  ];
}

function checkLength(path: string, text: string, max: number): Problem[] {
  if (text.length >= 1 && text.length <= max) return [];
  return [{ path, problem: `is ${text.length} characters long`, remedy: `give 1 to ${max} characters` }];
}
