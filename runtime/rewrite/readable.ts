import { EncodedPublish } from "../mqtt/encoded-publish.ts";
import { encodePublish, wholeProperties, type PublishView } from "../mqtt/publish.ts";
import { topicNameProblem } from "../contract/topic/filter.ts";
import { decodeUtf8, escapeBytes } from "./utf8.ts";

const nothing = wholeProperties(Buffer.alloc(0));

/**
 * Encodes a message that can't be forwarded, for a dead letter. Of a malformed one that is what can be read: its payload, its
 * topic with what is no text escaped (`line/\xff`), and its properties where all of them are well-formed.
 */
export function encodeReadable(view: PublishView, qos: 0 | 1): EncodedPublish {
  const inputTopic = readableTopic(view);
  const properties = hasReadableProperties(view) ? undefined : nothing;
  return encodePublish(view, { qos, retain: false, topic: Buffer.from(inputTopic), properties, inputTopic });
}

/** What is left of a message that can't be forwarded and is not kept: its topic. */
export function topicAlone(view: PublishView): EncodedPublish {
  return new EncodedPublish(nothing.bytes, 0, 0, 0, 0, readableTopic(view));
}

function readableTopic({ bytes, topicStart, topicEnd }: PublishView): string {
  const topic = decodeUtf8(bytes, topicStart, topicEnd);
  const isReadable = topic !== undefined && topicNameProblem(topic) === undefined;
  return isReadable ? topic : escapeBytes(bytes.subarray(topicStart, topicEnd));
}

function hasReadableProperties(view: PublishView): boolean {
  try {
    view.scanProperties();
    return true;
  } catch {
    return false;
  }
}
