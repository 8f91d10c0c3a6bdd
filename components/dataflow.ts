import type { DataflowInput } from "../runtime/contract/config/dataflow.ts";
import type { HeaderArgs } from "./aio/headers.ts";
import { hasTransformation } from "./aio/operations.ts";
import type { OperationNamesArgs } from "./aio/operations.ts";
import type { TransformationArgs } from "./aio/transformation.ts";
import { buildDelivery } from "./dataflow-delivery.ts";
import type { DeliveryArgs } from "./dataflow-delivery.ts";
import { DataflowEngine } from "./enumerations.ts";
import type { DataflowMode, DiskPersistence } from "./enumerations.ts";

/**
 * One source to one destination.
 * Plain values, because endpoints and topics decide which role assignments exist.
 */
export interface DataflowArgs extends DeliveryArgs {
  /** Name of the endpoint that messages come from. */
  source: string;
  /** Topic filters to subscribe to at the source, such as `"plant/+/telemetry/#"`. */
  dataSources: string[];
  /** Name of the endpoint that messages go to. */
  destination: string;
  /**
   * Topic to publish to at the destination. `${inputTopic}` stands for the topic that the message came with,
   * `${inputTopic.2}` for its second level: `"sites/oslo/${inputTopic}"`. Use plain quotes.
   */
  dataDestination: string;
  /**
   * Who runs it. A change moves it, and what waits in the sessions of the engine that it leaves is not delivered.
   * @default "Relay"
   */
  engine?: DataflowEngine;
  /**
   * Whether the dataflow runs.
   * @default "Enabled"
   */
  mode?: DataflowMode;
  /**
   * Format of the messages, `"Json"`: sets the Content Type of CloudEvents to `application/json`. Omitted, it is `"Json"` where
   * `schemaRef` or `transformation` is given, and no Content Type is set where neither is; with both engines.
   */
  serializationFormat?: string;
  /** Schema of the messages, which becomes the CloudEvents attribute `dataschema`. */
  schemaRef?: string;
  /**
   * Name of the asset in Azure Device Registry that the messages come from, whose schema AIO then knows; `dataSources` says which
   * messages those are all the same. The relay has no use for it, and a preview says so.
   */
  assetRef?: string;
  /**
   * Schema of the messages as they come from the source, such as `"aio-sr://<namespace>/<schema>:<version>"`: AIO's engine drops what
   * does not match it. The relay forwards messages whatever they hold, and a preview warns that it has no use for it.
   */
  sourceSchemaRef?: string;
  /** Names of the operations in AIO's `Dataflow`, for its readers. The relay has no use for them, and a preview says so. */
  operationNames?: OperationNamesArgs;
  /** AIO's engine only: enriching, filtering and mapping of messages. */
  transformation?: TransformationArgs;
  /** AIO's engine only: headers to add to or remove from messages at the destination. */
  headers?: HeaderArgs[];
  /**
   * Whether what waits for the dataflow is kept on disk: with AIO's engine by AIO's own broker, which has to be the source;
   * with the relay by its disk queue, as `spool.mode` does.
   * @default "Disabled"
   */
  requestDiskPersistence?: DiskPersistence;
  /** Messages a second that are expected at most. Given, a preview compares them with what Event Grid takes and delivers. */
  expectedMessagesPerSecond?: number;
  /** Payload of such a message in bytes, on average; used with `expectedMessagesPerSecond`. */
  expectedMessageBytes?: number;
}

/** Writes a dataflow for the relay. What only AIO's engine can do is written too: the relay's own check refuses it. */
export function buildDataflow(dataflow: DataflowArgs): DataflowInput {
  const { mode } = dataflow;
  const operations = buildBareOperations(dataflow) as DataflowInput["operations"];
  const own = { mode, operations, relay: buildDelivery(dataflow) };
  const { requestDiskPersistence } = dataflow;
  return requestDiskPersistence === undefined ? own : { ...own, requestDiskPersistence };
}

/** What the transformation of a dataflow is made of. */
type DataflowFields = Pick<DataflowArgs, "serializationFormat" | "schemaRef"> & TransformationArgs;

/** One of AIO's operations, with the settings that go with its type. */
export interface Operation {
  readonly operationType: "Source" | "BuiltInTransformation" | "Destination";
  readonly name?: string;
  readonly sourceSettings?: {
    readonly endpointRef: string;
    readonly dataSources: string[];
    readonly assetRef?: string;
    readonly schemaRef?: string;
  };
  readonly builtInTransformationSettings?: {
    readonly [K in keyof DataflowFields]: DataflowFields[K] | undefined;
  };
  readonly destinationSettings?: {
    readonly endpointRef: string;
    readonly dataDestination: string;
    readonly headers?: HeaderArgs[];
  };
}

/** Writes a dataflow as AIO's operations, with their names, and asset and schema of the source. */
export function buildOperations(dataflow: DataflowArgs): Operation[] {
  const { assetRef, sourceSchemaRef: schemaRef, operationNames = {} } = dataflow;
  const seen = { ...(assetRef === undefined ? {} : { assetRef }), ...(schemaRef === undefined ? {} : { schemaRef }) };
  const names = { Source: "source", BuiltInTransformation: "transformation", Destination: "destination" } as const;
  return buildBareOperations(dataflow).map((bare) => {
    const { sourceSettings } = bare;
    const name = operationNames[names[bare.operationType]];
    const operation = name === undefined ? bare : { ...bare, name };
    return sourceSettings === undefined ? operation : { ...operation, sourceSettings: { ...sourceSettings, ...seen } };
  });
}

/** The same without what changes nothing for messages: in the relay's configuration it would restart pods. */
function buildBareOperations(dataflow: DataflowArgs): Operation[] {
  const { source, dataSources, destination, dataDestination, headers } = dataflow;
  const target = { endpointRef: destination, dataDestination };
  return [
    { operationType: "Source", sourceSettings: { endpointRef: source, dataSources } },
    ...buildTransformation(dataflow),
    {
      operationType: "Destination",
      // A field that is there and empty would still need the API version that has it.
      destinationSettings: headers === undefined || headers.length === 0 ? target : { ...target, headers },
    },
  ];
}

function buildTransformation(dataflow: DataflowArgs): Operation[] {
  if (!hasTransformation(dataflow)) return [];
  const { serializationFormat, schemaRef, transformation } = dataflow;
  const { datasets, filter, map } = transformation ?? {};
  const builtInTransformationSettings = { serializationFormat, schemaRef, datasets, filter, map };
  return [{ operationType: "BuiltInTransformation", builtInTransformationSettings }];
}

/** Tells whether a dataflow is to run. */
export function isEnabled({ mode }: DataflowArgs): boolean {
  return mode !== "Disabled";
}

/** Tells whether AIO's engine runs a dataflow, rather than the relay. */
export function isForAio({ engine }: DataflowArgs): boolean {
  return engine === DataflowEngine.AzureIoTOperations;
}
