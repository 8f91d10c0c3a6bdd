import { PropertyId } from "../contract/mqtt-properties.ts";
import type { Dataflow as DataflowConfig, DataflowParts } from "../contract/config/dataflow.ts";
import { decodeControlPacket } from "../mqtt/control-packets.ts";
import {
  encodePublish,
  wholeProperties,
  encodeUserProperty,
  forEachProperty,
  isHopProperty,
  PublishView,
  type EncodedPublish,
} from "../mqtt/publish.ts";
import { maxTopicBytes } from "../contract/topic/filter.ts";
import { encodeHops, isHopCount, readHops } from "./hops.ts";
import { showUtf8, withoutControls } from "./utf8.ts";
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

/** Longest note in a property but for the topic, in characters. */
const maxNoteLength = 1000;

/**
 * Times that a message may become a dead letter: each counts as a hop. Dead letters that come back through other systems
 * would go round for ever.
 */
const maxRounds = 8;

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
 * to it in user properties. It neither expires nor is retained. The notes of one that is a dead letter already are replaced,
 * but for the topic, which stays the one that it came with first: it is as long after any number of rounds.
 */
export function encodeDeadLetter(
  { packet }: EncodedPublish,
  notes: DeadLetterNotes,
  to: { readonly topic: string; readonly qos: 0 | 1 },
): EncodedPublish {
  const view = new PublishView().readPacket(packet).scanProperties();
  const kept: Buffer[] = [];
  let firstTopic: Buffer | undefined;
  forEachProperty(view, (identifier, start, end) => {
    const property = packet.subarray(start, end);
    const note = identifier === PropertyId.userProperty ? noteOf(packet, start) : undefined;
    if (note === "topic") firstTopic ??= property;
    const isDropped =
      note !== undefined ||
      isHopProperty(identifier) ||
      isHopCount(packet, identifier, start) ||
      identifier === PropertyId.messageExpiryInterval;
    if (!isDropped) kept.push(property);
  });
  // What came before it became a dead letter is counted no more: a dataflow that carries dead letters may count hops too.
  const rounds = firstTopic === undefined ? 1 : readHops(view) + 1;
  const properties = Buffer.concat([...kept, ...encodeNotes(notes, firstTopic), encodeHops(rounds)]);
  const replaced = { topic: Buffer.from(to.topic), properties: wholeProperties(properties) };
  return encodePublish(view, { qos: to.qos, retain: false, inputTopic: notes.topic, ...replaced });
}

/** Tells whether a message has become a dead letter so often that it must not be published as one again. */
export function hasGoneRound({ packet }: EncodedPublish): boolean {
  const view = new PublishView().readPacket(packet).scanProperties();
  const notes = new Set<Note | undefined>();
  forEachProperty(view, (identifier, start) => {
    if (identifier === PropertyId.userProperty) notes.add(noteOf(packet, start));
  });
  return notes.has("topic") && readHops(view) >= maxRounds;
}

type Note = keyof typeof deadLetterProperties;

const noteNames = (Object.keys(deadLetterProperties) as Note[]).map((note) => ({
  note,
  name: Buffer.from(deadLetterProperties[note]),
}));

/** Which note the user property that begins at `start` is; `undefined` when it is none. */
function noteOf(packet: Buffer, start: number): Note | undefined {
  const length = packet.readUInt16BE(start + 1);
  const name = packet.subarray(start + 3, start + 3 + length);
  return noteNames.find((one) => one.name.equals(name))?.note;
}

function encodeNotes(notes: DeadLetterNotes, firstTopic: Buffer | undefined): Buffer[] {
  return noteNames.map(({ note }) => {
    if (note === "topic" && firstTopic !== undefined) return firstTopic;
    const text = withoutControls(notes[note]);
    return encodeUserProperty(
      deadLetterProperties[note],
      shortened(text, note === "topic" ? maxTopicBytes : maxNoteLength),
    );
  });
}

/** A text cut off between characters; each of its first `most` UTF-16 units is 3 bytes in UTF-8 at most. */
function shortened(text: string, most: number): string {
  let end = Math.min(text.length, most);
  while (Buffer.byteLength(text.slice(0, end)) > maxTopicBytes) end = Math.floor(end / 2);
  const cut = text.slice(0, end);
  return cut.isWellFormed() ? cut : cut.slice(0, -1).toWellFormed();
}

/** Takes a message apart, so that someone who looks at the disk can read it. */
export function describeDeadLetter({ packet }: EncodedPublish, notes: DeadLetterNotes, hasTopic: boolean): DeadLetter {
  const { topicStart, topicEnd, propertiesEnd } = new PublishView().readPacket(packet);
  const decoded = decodeControlPacket(packet);
  if (decoded.cmd !== "publish") throw new TypeError("a dead letter is a PUBLISH");
  return {
    time: notes.time,
    reason: notes.reason,
    topic: notes.topic,
    destinationTopic: hasTopic ? showUtf8(packet, topicStart, topicEnd) : "",
    properties: JSON.stringify(decoded.properties ?? {}, (_key, value: unknown) =>
      isBytes(value) ? toBase64(value) : value,
    ),
    payload: new Uint8Array(packet.subarray(propertiesEnd)),
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
