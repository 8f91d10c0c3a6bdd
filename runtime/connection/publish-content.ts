import type { PublishView } from "../mqtt/publish.ts";

/** First size of the memory that a message is copied to, and the largest that is kept for the next one. */
const firstBytes = 4096;
const largestKept = 65_536;

/** What makes two PUBLISHes the same message: all but packet identifier, DUP and what belongs to the connection. */
export class PublishContent {
  /** Topic and properties, and the payload behind them where that was copied. */
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #payload: Buffer = this.#bytes;
  #payloadStart = 0;
  #payloadBytes = -1;
  #topicBytes = 0;
  #flags = 0;
  /** Properties before and behind the hop properties; the latter lie at the end of the head. */
  #before = 0;
  #after = 0;
  #beforeStart = 0;
  #afterStart = 0;

  /** Forgets the message: nothing equals it. */
  clear(): void {
    this.#payloadBytes = -1;
    this.#payload = this.#bytes;
  }

  /** Takes the content of a message whose properties are scanned. A payload of its own memory is not copied. */
  remember(view: PublishView): void {
    const { bytes, topicStart, topicEnd, propertiesStart, propertiesEnd, end, isOwn } = view;
    const headBytes = propertiesEnd - topicStart;
    const copied = isOwn ? headBytes : end - topicStart;
    if (copied > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(copied);
    else if (this.#bytes.length > largestKept) this.#bytes = Buffer.allocUnsafeSlow(Math.max(firstBytes, copied));
    bytes.copy(this.#bytes, 0, topicStart, topicStart + copied);
    this.#payload = isOwn ? bytes : this.#bytes;
    if (isOwn) view.isKept = true;
    this.#payloadStart = isOwn ? propertiesEnd : headBytes;
    this.#payloadBytes = end - propertiesEnd;
    this.#topicBytes = topicEnd - topicStart;
    this.#flags = flagsOf(view);
    this.#before = bytesBefore(view);
    this.#after = bytesBehind(view);
    this.#beforeStart = propertiesStart - topicStart;
    this.#afterStart = headBytes - this.#after;
  }

  /** Tells whether a message, whose properties are scanned, has the content that was remembered last. */
  equals(view: PublishView): boolean {
    const { bytes, topicStart, topicEnd, propertiesStart, propertiesEnd, end } = view;
    if (end - propertiesEnd !== this.#payloadBytes || topicEnd - topicStart !== this.#topicBytes) return false;
    if (flagsOf(view) !== this.#flags || bytesBefore(view) !== this.#before || bytesBehind(view) !== this.#after)
      return false;
    return (
      isSame(bytes, propertiesEnd, this.#payload, this.#payloadStart, this.#payloadBytes) &&
      isSame(bytes, topicStart, this.#bytes, 0, this.#topicBytes) &&
      isSame(bytes, propertiesStart, this.#bytes, this.#beforeStart, this.#before) &&
      isSame(bytes, propertiesEnd - this.#after, this.#bytes, this.#afterStart, this.#after)
    );
  }
}

/** QoS and retain: a copy with another QoS promises something else. */
function flagsOf({ qos, retain }: PublishView): number {
  return qos * 2 + (retain ? 1 : 0);
}

function bytesBefore({ hopBytes, hopStart, propertiesStart, propertiesEnd }: PublishView): number {
  return (hopBytes > 0 ? hopStart : propertiesEnd) - propertiesStart;
}

function bytesBehind({ hopBytes, hopEnd, propertiesEnd }: PublishView): number {
  return hopBytes > 0 ? propertiesEnd - hopEnd : 0;
}

/** Bytes at the end that are compared one by one: most messages differ there, and a call to native code costs more. */
const comparedHere = 16;

function isSame(a: Buffer, aStart: number, b: Buffer, bStart: number, length: number): boolean {
  for (let index = length - 1; index >= 0 && index >= length - comparedHere; index--) {
    if (a[aStart + index] !== b[bStart + index]) return false;
  }
  if (length <= comparedHere) return true;
  return a.compare(b, bStart, bStart + length, aStart, aStart + length) === 0;
}
