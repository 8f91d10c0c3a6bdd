import type { Dataflow as DataflowConfig, DataflowParts } from "../contract/config/dataflow.ts";
import { decodeControlPacket } from "../mqtt/control-packets.ts";
import {
  encodePublish,
  encodeUserProperty,
  forEachProperty,
  isHopProperty,
  PublishProperty,
  PublishView,
  type EncodedPublish,
} from "../mqtt/publish.ts";
import type { DeadLetter } from "../disk/spool.ts";
import type { DeadLetterPlan } from "../queue/ports.ts";

/** Why a message could not be delivered, and what it was. */
export interface DeadLetterNotes {
  readonly dataflow: string;
  readonly reason: string;
  /** The topic that it came with. */
  readonly topic: string;
  /** Wall time, ISO 8601. */
  readonly time: string;
}

/** User properties that a published dead letter has beside the message's own. */
export const deadLetterProperties = {
  reason: "deadLetterReason",
  topic: "deadLetterTopic",
  dataflow: "deadLetterDataflow",
  time: "deadLetterTime",
} as const;

/** Longest reason in a property, in characters. */
const maxReasonLength = 1000;

/** Where the dead letters of a dataflow go. */
export function planDeadLetters(
  dataflow: string,
  { source }: DataflowParts,
  { deadLetter: { endpointRef, topic } = {}, spool: { maxBytes } }: DataflowConfig["relay"],
): DeadLetterPlan {
  if (endpointRef === undefined || topic === undefined) return { dataflow, maxBytes };
  const side = endpointRef === source.endpointRef ? "source" : "destination";
  return { dataflow, maxBytes, publish: { side, topic } };
}

/**
 * Makes the PUBLISH of a dead letter: the message with its properties and payload, under another topic, with what happened
 * to it in user properties. It neither expires nor is retained.
 */
export function encodeDeadLetter(
  { packet }: EncodedPublish,
  notes: DeadLetterNotes,
  to: { readonly topic: string; readonly qos: 0 | 1 },
): EncodedPublish {
  const view = new PublishView().readPacket(packet).scanProperties();
  const properties: Buffer[] = [];
  forEachProperty(view, (identifier, start, end) => {
    const isDropped = isHopProperty(identifier) || identifier === PublishProperty.messageExpiryInterval;
    if (!isDropped) properties.push(packet.subarray(start, end));
  });
  for (const [note, name] of Object.entries(deadLetterProperties)) {
    properties.push(
      encodeUserProperty(name, notes[note as keyof typeof deadLetterProperties].slice(0, maxReasonLength)),
    );
  }
  const replaced = { topic: Buffer.from(to.topic), properties: Buffer.concat(properties) };
  return encodePublish(view, { qos: to.qos, retain: false, inputTopic: notes.topic, ...replaced });
}

/** Takes a message apart, so that someone who looks at the disk can read it. */
export function describeDeadLetter({ packet }: EncodedPublish, notes: DeadLetterNotes, hasTopic: boolean): DeadLetter {
  const decoded = decodeControlPacket(packet);
  if (decoded.cmd !== "publish") throw new TypeError("a dead letter is a PUBLISH");
  return {
    time: notes.time,
    reason: notes.reason,
    topic: notes.topic,
    destinationTopic: hasTopic ? decoded.topic : "",
    properties: JSON.stringify(decoded.properties ?? {}, (_key, value: unknown) =>
      isBytes(value) ? toBase64(value) : value,
    ),
    payload: Buffer.from(decoded.payload),
  };
}

interface BytesAsJson {
  readonly type: "Buffer";
  readonly data: readonly number[];
}

/** What `Buffer.toJSON` makes, which is what a replacer gets to see. */
function isBytes(value: unknown): value is BytesAsJson {
  return typeof value === "object" && value !== null && "type" in value && value.type === "Buffer";
}

function toBase64({ data }: BytesAsJson): string {
  return Buffer.from(data).toString("base64");
}
