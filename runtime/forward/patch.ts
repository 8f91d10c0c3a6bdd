import type { DataflowParts } from "../config/dataflow.ts";
import { eventGridTopicProblem } from "../config/dataflow-rules.ts";
import { HostType, type Endpoint } from "../config/endpoint.ts";
import {
  encodePublish,
  forEachProperty,
  hopProperties,
  type EncodedPublish,
  type PublishView,
} from "../mqtt/publish.ts";
import { topicNameProblem } from "../topic/filter.ts";
import { parseTopicTemplate, resolveTopicTemplate, type TopicTemplate } from "../topic/template.ts";
import { mapCloudEvent, type CloudEventsPlan } from "./cloud-events.ts";

/** What may change in the messages of a dataflow; decided once, when it starts. */
export interface PatchPlan {
  readonly template: TopicTemplate;
  readonly qos: 0 | 1;
  readonly retain: "Keep" | "Never";
  /** Whether the destination has Event Grid's limits on topics. */
  readonly isEventGrid: boolean;
  readonly cloudEvents?: CloudEventsPlan;
}

/** A message that can never be delivered, and why. */
export interface Undeliverable {
  readonly undeliverable: string;
}

/** Makes the PUBLISH that is forwarded from one that arrived. */
export type Patch = (view: PublishView) => EncodedPublish | Undeliverable;

/** Destination topics are remembered by input topic: a plant has far fewer topics than messages. */
const maxRemembered = 4096;

/** Reads from the configuration what may change in a dataflow's messages. */
export function planPatch({ transformation, destination }: DataflowParts, endpoint: Endpoint): PatchPlan {
  const template = parseTopicTemplate(destination.dataDestination);
  if ("problem" in template)
    throw new TypeError(`the configuration was not checked: dataDestination ${template.problem}`);
  const { qos, retain, cloudEventAttributes: mode } = endpoint.mqttSettings;
  const isEventGrid = endpoint.hostType === HostType.EventGrid;
  const plan = { template, qos, retain, isEventGrid };
  if (mode === undefined) return plan;
  const { serializationFormat, schemaRef } = transformation ?? {};
  const output = {
    ...(serializationFormat === undefined ? {} : { contentType: "application/json" }),
    ...(schemaRef === undefined ? {} : { dataSchema: schemaRef }),
  };
  return { ...plan, cloudEvents: { mode, source: `aio://${destination.endpointRef}`, ...output } };
}

/** Chooses the steps that a dataflow's messages need. What no step names stays byte for byte. */
export function createPatch(plan: PatchPlan): Patch {
  const { template, qos, cloudEvents } = plan;
  const topicOf = rememberTopics((input) => outputTopic(plan, input));
  const keepsRetain = plan.retain === "Keep";
  return (view) => {
    const output =
      template.isIdentity && !plan.isEventGrid && cloudEvents === undefined ? undefined : topicOf(view.topic);
    if (output !== undefined && "undeliverable" in output) return output;
    const properties =
      (cloudEvents && mapCloudEvent(view, cloudEvents, output?.text ?? view.topic)) ?? withoutHopProperties(view);
    return encodePublish(view, {
      qos,
      retain: keepsRetain && view.retain,
      ...(output === undefined || template.isIdentity ? {} : { topic: output.encoded }),
      ...(properties === undefined ? {} : { properties }),
    });
  };
}

interface OutputTopic {
  readonly text: string;
  readonly encoded: Buffer;
}

function outputTopic({ template, isEventGrid }: PatchPlan, input: string): OutputTopic | Undeliverable {
  const text = resolveTopicTemplate(template, input);
  if (text === undefined)
    return { undeliverable: `the topic "${input}" lacks a level that "${template.text}" asks for` };
  const problem = topicNameProblem(text) ?? (isEventGrid ? eventGridTopicProblem(text) : undefined);
  if (problem !== undefined) return { undeliverable: `the destination topic "${text}" ${problem}` };
  return { text, encoded: Buffer.from(text) };
}

function rememberTopics<T>(make: (input: string) => T): (input: string) => T {
  const remembered = new Map<string, T>();
  return (input) => {
    const known = remembered.get(input);
    if (known !== undefined) return known;
    if (remembered.size >= maxRemembered) remembered.clear();
    const made = make(input);
    remembered.set(input, made);
    return made;
  };
}

/** The properties without those of the connection itself; `undefined` when there is none of these, nearly always. */
function withoutHopProperties(view: PublishView): Buffer | undefined {
  let dropped = 0;
  const kept: Buffer[] = [];
  forEachProperty(view, (identifier, start, end) => {
    if (hopProperties.has(identifier)) dropped++;
    else kept.push(view.bytes.subarray(start, end));
  });
  return dropped === 0 ? undefined : Buffer.concat(kept);
}
