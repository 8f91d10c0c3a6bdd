import { needsDisk, type Dataflow, type DataflowParts } from "../contract/config/dataflow.ts";
import { eventGridTopicProblem } from "../contract/config/event-grid-topic.ts";
import { HostType, type Endpoint } from "../contract/config/endpoint.ts";
import {
  encodePublish,
  wholeProperties,
  type EncodedPublish,
  type PropertiesView,
  type PublishParts,
  type PublishView,
} from "../mqtt/publish.ts";
import { Slab } from "../mqtt/slab.ts";
import { quote } from "../contract/errors.ts";
import { topicNameProblem } from "../contract/topic/filter.ts";
import { TopicMemory } from "../contract/topic/topic-memory.ts";
import { parseTopicTemplate, resolveTopicTemplate, type TopicTemplate } from "../contract/topic/template.ts";
import { copiesForDisk } from "../queue/queue-status.ts";
import { CloudEventMapper, type CloudEventsPlan } from "./cloud-events.ts";
import { readHops, writeHops } from "./hops.ts";
import { writeTraceContext, type TraceContext } from "./trace-context.ts";
import { decodeUtf8 } from "./utf8.ts";

/** What may change in the messages of a dataflow; decided once, when it starts. */
export interface PatchPlan {
  readonly template: TopicTemplate;
  readonly qos: 0 | 1;
  readonly retain: "Keep" | "Never";
  /** Whether the destination has Event Grid's limits on topics. */
  readonly isEventGrid: boolean;
  readonly cloudEvents?: CloudEventsPlan;
  /** Relays that a message may have passed; omitted: hops are neither counted nor looked at. */
  readonly maxHops?: number;
}

/** A message that can never be delivered, and why. */
export interface Undeliverable {
  readonly undeliverable: string;
}

/** A trace that is written into a message. */
export interface Carried {
  readonly context: TraceContext;
  /** Whether the message came without it. */
  readonly isNew: boolean;
}

/** Makes the PUBLISH that is forwarded from one that arrived; with a trace, where one is given. */
export type Patch = (view: PublishView, carried?: Carried) => EncodedPublish | Undeliverable;

/** Reads from the configuration what may change in a dataflow's messages. */
export function planPatch(
  { transformation, destination }: DataflowParts,
  endpoint: Endpoint,
  maxHops?: number,
): PatchPlan {
  const template = parseTopicTemplate(destination.dataDestination);
  if ("problem" in template)
    throw new TypeError(`the configuration was not checked: dataDestination ${template.problem}`);
  const { qos, retain, cloudEventAttributes: mode } = endpoint.mqttSettings;
  const isEventGrid = endpoint.hostType === HostType.EventGrid;
  const plan = { template, qos, retain, isEventGrid, ...(maxHops === undefined ? {} : { maxHops }) };
  if (mode === undefined) return plan;
  const { serializationFormat, schemaRef } = transformation ?? {};
  const output = {
    ...(serializationFormat === undefined ? {} : { contentType: "application/json" }),
    ...(schemaRef === undefined ? {} : { dataSchema: schemaRef }),
  };
  return { ...plan, cloudEvents: { mode, source: `aio://${destination.endpointRef}`, ...output } };
}

/**
 * How many times over a message may be in memory at one moment: it may be encoded anew, become a dead letter, and be written. What
 * is not needed any more counts too: within one turn of the event loop nothing of it is collected.
 * @param isTraced whether a trace may be written into it
 */
export function copiesInMemory(
  { template, qos, cloudEvents, maxHops }: PatchPlan,
  relay: Dataflow["relay"],
  isTraced: boolean,
): number {
  const { undeliverableMessages, deadLetter } = relay;
  const isKept = undeliverableMessages === "DeadLetter";
  // With QoS 0 there is no packet identifier, so that what came with one has another form.
  const isRewritten =
    !template.isIdentity || qos === 0 || cloudEvents !== undefined || maxHops !== undefined || isTraced || isKept;
  const isPublished = isKept && deadLetter?.endpointRef !== undefined;
  return 1 + (isRewritten ? 1 : 0) + (isPublished ? 1 : 0) + (needsDisk(relay) ? copiesForDisk - 1 : 0);
}

/** Chooses the steps that a dataflow's messages need. What no step names stays byte for byte. */
export function createPatch(plan: PatchPlan): Patch {
  const { template, qos, cloudEvents } = plan;
  const mapper = cloudEvents && new CloudEventMapper(cloudEvents);
  const remembered = new TopicMemory<OutputTopic | Undeliverable>(bytesOfOutput);
  const keepsRetain = plan.retain === "Keep";
  const keepsTopic = template.isIdentity;
  const slab = new Slab();
  const needsTopic = !keepsTopic || plan.isEventGrid || cloudEvents !== undefined;
  // One for all messages: what is encoded keeps nothing of it.
  const parts: { -readonly [Part in keyof PublishParts]: PublishParts[Part] } = { qos, retain: false };
  return (view, carried) => {
    view.scanProperties();
    const inputTopic = needsTopic ? decodeUtf8(view.bytes, view.topicStart, view.topicEnd) : undefined;
    if (needsTopic && inputTopic === undefined) return notText;
    const output = inputTopic === undefined ? undefined : outputTopic(plan, inputTopic, remembered);
    if (output !== undefined && "undeliverable" in output) return output;
    const properties = output && mapper?.map(view, output.encoded);
    const counted = plan.maxHops === undefined ? properties : countHop(view, properties, plan.maxHops);
    if (counted !== undefined && "undeliverable" in counted) return counted;
    parts.retain = keepsRetain && view.retain;
    parts.topic = output === undefined || keepsTopic ? undefined : output.encoded;
    parts.inputTopic = parts.topic === undefined ? undefined : output?.input;
    parts.properties = carried === undefined ? counted : writeTrace(view, counted, carried);
    return encodePublish(view, parts, slab);
  };
}

/** Decoded and encoded again it would be another topic. */
const notText: Undeliverable = {
  undeliverable: "its topic is not well-formed UTF-8, so that no topic can be made of it",
};

function writeTrace(
  view: PublishView,
  properties: PropertiesView | undefined,
  { context, isNew }: Carried,
): PropertiesView {
  return wholeProperties(writeTraceContext(properties ?? view, context, isNew));
}

/** Counts this relay among those that the message has passed, unless they are too many. */
function countHop(
  view: PublishView,
  properties: PropertiesView | undefined,
  maxHops: number,
): PropertiesView | Undeliverable {
  const encoded = properties ?? view;
  const hops = readHops(encoded);
  if (hops < maxHops) return wholeProperties(writeHops(encoded, hops + 1));
  return {
    undeliverable: `it has passed ${hops} relays, and ${maxHops} is the most: the dataflows go round in a loop`,
  };
}

/** Bytes that a remembered destination topic takes in memory at most: its encoding, or a reason. */
function bytesOfOutput(output: OutputTopic | Undeliverable): number {
  return "undeliverable" in output ? Buffer.byteLength(output.undeliverable) : output.encoded.length;
}

interface OutputTopic {
  /** The topic that it was made from: the text that is remembered, so that the one of each message is soon garbage. */
  readonly input: string;
  readonly encoded: Buffer;
}

function outputTopic(
  plan: PatchPlan,
  input: string,
  remembered: TopicMemory<OutputTopic | Undeliverable>,
): OutputTopic | Undeliverable {
  const known = remembered.get(input);
  if (known !== undefined) return known;
  const made = makeOutputTopic(plan, input);
  remembered.remember(input, made);
  return made;
}

function makeOutputTopic({ template, isEventGrid }: PatchPlan, input: string): OutputTopic | Undeliverable {
  const text = resolveTopicTemplate(template, input);
  if (text === undefined)
    return { undeliverable: `the topic ${quote(input)} lacks a level that ${quote(template.text)} asks for` };
  const problem = topicNameProblem(text) ?? (isEventGrid ? eventGridTopicProblem(text) : undefined);
  if (problem !== undefined) return { undeliverable: `the destination topic ${quote(text)} ${problem}` };
  // Memory of its own: a part of the pool would keep all of the pool for as long as it is remembered.
  const encoded = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  encoded.write(text);
  return { input, encoded };
}
