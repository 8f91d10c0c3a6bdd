import type { EncodedPublish } from "../mqtt/publish.ts";
import type { SourcePort } from "./ports.ts";

/** A message between its arrival and the destination's acknowledgement. */
export interface Entry {
  readonly publish: EncodedPublish;
  /** Packet identifier at the source; 0 with QoS 0. */
  readonly sourceId: number;
  /** The connection to acknowledge to; `undefined` once it ended, and with QoS 0. */
  source: SourcePort | undefined;
  /** Packet identifier at the destination; 0 as long as it has none. */
  destinationId: number;
  /** Whether the source's session may send it again; not with QoS 0, and not once that session is lost. */
  mayComeAgain: boolean;
  state: "waiting" | "sent" | "done";
  wasSent: boolean;
  /** Place in the order of arrival. */
  readonly order: number;
  readonly arrivedMs: number;
}

const nothing: EncodedPublish = { packet: Buffer.alloc(0), packetIdOffset: 0 };

/** The entry of a message that is done as it arrives: it only takes its turn in being acknowledged. */
export function doneEntry(sourceId: number, source: SourcePort | undefined): Entry {
  return {
    publish: nothing,
    sourceId,
    source,
    destinationId: 0,
    mayComeAgain: false,
    state: "done",
    wasSent: false,
    order: 0,
    arrivedMs: 0,
  };
}

/** Topic of an encoded PUBLISH, for messages. */
export function topicOfEntry({ publish: { packet } }: Entry): string {
  let lengthEnd = 1;
  while (((packet[lengthEnd] ?? 0) & 0x80) !== 0) lengthEnd++;
  const start = lengthEnd + 3;
  return packet.toString("utf8", start, start + packet.readUInt16BE(lengthEnd + 1));
}
