import type { DataflowInput } from "../runtime/config/dataflow.ts";
import type { DataflowMode, UndeliverableMessages } from "./enumerations.ts";

/**
 * One source to one destination.
 * Plain values, because endpoints and topics decide which role assignments exist.
 */
export interface DataflowArgs {
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
   * Whether the dataflow runs.
   * @default "Enabled"
   */
  mode?: DataflowMode;
  /** Format of the messages, `"Json"`: sets the Content Type of CloudEvents to `application/json`. */
  serializationFormat?: string;
  /** Schema of the messages, which becomes the CloudEvents attribute `dataschema`. */
  schemaRef?: string;
  /**
   * What happens to a message that can never be delivered.
   * @default "Stop"
   */
  undeliverableMessages?: UndeliverableMessages;
  /** Messages a second that are expected at most. Given, a preview compares them with what Event Grid takes and delivers. */
  expectedMessagesPerSecond?: number;
  /** Payload of such a message in bytes, on average; used with `expectedMessagesPerSecond`. */
  expectedMessageBytes?: number;
}

/** Writes a dataflow as AIO's operations. */
export function buildDataflow(dataflow: DataflowArgs): DataflowInput {
  const { source, dataSources, destination, dataDestination, mode, undeliverableMessages } = dataflow;
  return {
    mode,
    operations: [
      { operationType: "Source", sourceSettings: { endpointRef: source, dataSources } },
      ...buildTransformation(dataflow),
      { operationType: "Destination", destinationSettings: { endpointRef: destination, dataDestination } },
    ],
    relay: { undeliverableMessages },
  };
}

function buildTransformation({ serializationFormat, schemaRef }: DataflowArgs): DataflowInput["operations"] {
  if (serializationFormat === undefined && schemaRef === undefined) return [];
  // Whatever the text is: the configuration's own check knows which formats there are.
  const format = serializationFormat as "Json" | undefined;
  const builtInTransformationSettings = { serializationFormat: format, schemaRef };
  return [{ operationType: "BuiltInTransformation", builtInTransformationSettings }];
}

/** Tells whether a dataflow is to run. */
export function isEnabled({ mode }: DataflowArgs): boolean {
  return mode !== "Disabled";
}
