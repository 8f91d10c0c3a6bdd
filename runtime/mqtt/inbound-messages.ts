import type { Room } from "../memory/lane.ts";
import type { PacketGate } from "./packet-reader.ts";
import { PublishView } from "./publish.ts";
import type { StreamReader } from "./stream-reader.ts";
import { protocolError, type ProtocolError } from "./wire/protocol-error.ts";
import { PacketType } from "./wire/server-packets.ts";

/** Who takes the messages of one connection. */
export interface MessageEvents {
  /** The view is used again for the next message, which is well-formed as this one is. */
  readonly onPublish: (view: PublishView) => void;
  /** Room for a message of so many bytes that has begun to arrive; `undefined` where there never is so much. */
  readonly roomFor: (bytes: number) => Room | undefined;
  /** Such a message has passed; the view has its topic, no properties and no payload. */
  readonly onPassedOver: (view: PublishView, bytes: number) => void;
  /**
   * A message has come that is malformed and can be acknowledged.
   * @returns whether it is taken all the same; `false`, as where this is omitted: it ends the connection
   */
  readonly onMalformed?: ((view: PublishView, problem: ProtocolError) => boolean) | undefined;
}

/** Reads the messages of one connection: checks each, and asks for room for those that are large. */
export class InboundMessages {
  readonly #events: MessageEvents;
  readonly #view = new PublishView();
  #reader: Pick<StreamReader, "takeRoom"> | undefined;
  /** Decides about large packets. Only a message may be one. */
  readonly gate: Omit<PacketGate, "onRoom">;

  constructor(events: MessageEvents, isOpen: () => boolean) {
    this.#events = events;
    this.gate = {
      roomFor: (first, length) => {
        const type = first >> 4;
        if (type !== PacketType.publish) throw protocolError(`a packet of type ${type} with ${length} bytes`);
        return isOpen() ? events.roomFor(length) : undefined;
      },
      onPassedOver: (head, end, headerLength, length) => {
        const view = this.#view.readHead(head, end, headerLength);
        this.#handOver(view, () => {
          events.onPassedOver(view, length);
        });
      },
    };
  }

  /** Says where the packets come from. Once, before the first. */
  read(reader: Pick<StreamReader, "takeRoom">): void {
    this.#reader = reader;
  }

  /** Takes one PUBLISH. @throws {ProtocolError} when it ends the connection */
  take(bytes: Buffer, start: number, end: number, headerLength: number, isOwn: boolean): void {
    const view = this.#view.read(bytes, start, end, headerLength, isOwn);
    if (isOwn) {
      view.room = this.#reader?.takeRoom();
      this.#handOver(view, this.#events.onPublish);
      return;
    }
    const problem = view.check();
    if (problem === undefined) this.#events.onPublish(view);
    else if (this.#events.onMalformed?.(view, problem) !== true) throw problem;
  }

  /** Hands over a message whose bytes are the view's own, and lets go of them. */
  #handOver(view: PublishView, onPublish: (view: PublishView) => void): void {
    try {
      const problem = view.check();
      if (problem === undefined) onPublish(view);
      else if (this.#events.onMalformed?.(view, problem) !== true) throw problem;
    } finally {
      view.leave();
    }
  }
}
