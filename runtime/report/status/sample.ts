import { isUtf8 } from "node:buffer";

import { PropertyId } from "../../contract/mqtt-properties.ts";
import type { MessageSample, SampledMessage } from "../../contract/status/schema.ts";
import type { EncodedPublish } from "../../mqtt/encoded-publish.ts";
import { forEachProperty, PublishView, readVariableInteger } from "../../mqtt/publish-view.ts";

/** Characters of properties, and bytes of a payload, that are shown at most. */
const maxShown = 4096;
/** A character of UTF-8 that is cut has so many bytes at most before the cut. */
const longestCut = 3;

/** A message as it came, and what is sent of it or why nothing is. */
export interface TappedMessage {
  readonly dataflow: string;
  readonly view: PublishView;
  readonly sent: EncodedPublish | { readonly undeliverable: string };
  readonly withPayload: boolean;
}

/** Describes a message for the live tap. Keeps nothing of its bytes. */
export function describeSample({ dataflow, view, sent, withPayload }: TappedMessage): MessageSample {
  const payload = view.bytes.subarray(view.propertiesEnd, view.end);
  return {
    time: new Date().toISOString(),
    dataflow,
    source: describeMessage(view, packetLength(view)),
    ...("undeliverable" in sent
      ? { destination: null, problem: sent.undeliverable }
      : { destination: describeMessage(new PublishView().readPacket(sent.packet), sent.length) }),
    payloadBytes: payload.length,
    ...(withPayload ? { payload: describePayload(payload) } : {}),
  };
}

/** Length of a packet from its topic on, and of the fixed header before that: 1 byte and the remaining length. */
function packetLength({ topicStart, end }: PublishView): number {
  const remaining = end - topicStart + 2;
  return remaining + (remaining < 128 ? 2 : remaining < 16_384 ? 3 : remaining < 2_097_152 ? 4 : 5);
}

function describeMessage(view: PublishView, bytes: number): SampledMessage {
  const { topic, qos, retain } = view;
  return { topic, qos, retain, bytes, properties: describeProperties(view) };
}

function describeProperties(view: PublishView): [string, string][] {
  const shown: [string, string][] = [];
  let left = maxShown;
  forEachProperty(view, (identifier, start, end) => {
    if (left <= 0) return;
    const property = describeProperty(view.bytes, identifier, start + 1, end);
    left -= property[0].length + property[1].length;
    shown.push(left < 0 ? [property[0], `${property[1].slice(0, Math.max(0, property[1].length + left))}…`] : property);
  });
  return shown;
}

function describeProperty(bytes: Buffer, identifier: number, at: number, end: number): [string, string] {
  switch (identifier) {
    case PropertyId.payloadFormatIndicator:
      return ["Payload Format Indicator", String(bytes[at])];
    case PropertyId.messageExpiryInterval:
      return ["Message Expiry Interval", `${bytes.readUInt32BE(at)} s`];
    case PropertyId.contentType:
      return ["Content Type", bytes.toString("utf8", at + 2, end)];
    case PropertyId.responseTopic:
      return ["Response Topic", bytes.toString("utf8", at + 2, end)];
    case PropertyId.correlationData:
      return ["Correlation Data", `${end - at - 2} bytes`];
    case PropertyId.userProperty: {
      const middle = at + 2 + bytes.readUInt16BE(at);
      return [bytes.toString("utf8", at + 2, middle), bytes.toString("utf8", middle + 2, end)];
    }
    case PropertyId.subscriptionIdentifier:
      return ["Subscription Identifier", String(readVariableInteger(bytes, at, end))];
    default:
      return [`Property 0x${identifier.toString(16)}`, `${end - at} bytes`];
  }
}

function describePayload(payload: Buffer): NonNullable<MessageSample["payload"]> {
  const isWhole = payload.length <= maxShown;
  const shown = payload.subarray(0, maxShown);
  for (let cut = 0; cut <= (isWhole ? 0 : longestCut); cut++) {
    const text = shown.subarray(0, shown.length - cut);
    if (isUtf8(text)) return { encoding: "utf8", content: text.toString("utf8"), isWhole };
  }
  return { encoding: "base64", content: shown.toString("base64"), isWhole };
}
