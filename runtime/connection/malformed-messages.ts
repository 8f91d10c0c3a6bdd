import { createHash } from "node:crypto";

import type { ConnectionError } from "../contract/errors.ts";
import type { ProtocolError } from "../mqtt/wire/protocol-error.ts";
import type { PublishView } from "../mqtt/publish.ts";
import type { SourceSide } from "../queue/source/source-side.ts";

/** Connections that end at one malformed message before it is taken as undeliverable. */
const endsBeforeTaken = 2;
/** Messages that are remembered, at about 200 bytes each; more than a broker has in flight, as a rule. */
const maxRemembered = 1000;

/**
 * Remembers the malformed messages of one session over its connections.
 *
 * The first two times that one comes it ends the connection, as MQTT asks. A session that holds it sends it again on each
 * connection, and nothing behind it would ever arrive. From the third time on it is undeliverable instead. Two messages are the
 * same here if their topic, their QoS and what is wrong with them are.
 *
 * All are remembered, and not the last one alone: with several of them in the session each connection ends at another one, before
 * those that were taken can be acknowledged.
 */
export class MalformedMessages {
  readonly #ends = new Map<string, number>();
  #hasEnded = false;

  /** A connection is open. */
  onOpened(): void {
    this.#hasEnded = false;
  }

  /** Takes a malformed message that has come; tells whether it did. Where not, the connection has to end. */
  take(view: PublishView, problem: ProtocolError, source: Pick<SourceSide, "onPublish">): boolean {
    const key = keyOf(view, problem);
    const ends = this.#ends.get(key) ?? 0;
    if (ends >= endsBeforeTaken) {
      source.onPublish(view, `it came malformed each time: ${problem.message}`);
      return true;
    }
    this.#hasEnded = true;
    this.#ends.set(key, ends + 1);
    const [oldest] = this.#ends.keys();
    if (this.#ends.size > maxRemembered && oldest !== undefined) this.#ends.delete(oldest);
    return false;
  }

  /** Whether the last connection ended at one, so that the next one may come soon: there is no use in waiting. */
  survives({ end }: ConnectionError): boolean {
    return this.#hasEnded && end === "protocol-error";
  }
}

/** Of a fixed size, however long the topic is. */
function keyOf({ bytes, topicStart, topicEnd, qos }: PublishView, { message }: ProtocolError): string {
  const topic = bytes.subarray(topicStart, topicEnd);
  return createHash("sha256").update(topic).update(`\0${qos} ${message}`).digest("base64");
}
