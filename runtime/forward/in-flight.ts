import Denque from "denque";

import { firstControlPacketId } from "../mqtt/control-packets.ts";
import { stampPublish } from "../mqtt/publish.ts";
import type { Entry } from "./entry.ts";
import { PacketIds } from "./packet-ids.ts";

/** The messages that were sent to a destination and are not acknowledged, in the order of sending. */
export class InFlight {
  /** Settled ones leave when they reach the front. */
  readonly #entries = new Denque<Entry>();
  readonly #byId: (Entry | undefined)[] = [];
  readonly #ids = new PacketIds(firstControlPacketId - 1);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /**
   * Adds a message and writes its packet identifier into it; the one that it has, when it went out under it before.
   *
   * @param isResumed whether the destination knows the identifiers of the connection before
   */
  add(entry: Entry, isResumed: boolean): void {
    const isAgain = isResumed && entry.destinationId !== 0;
    if (entry.destinationId === 0) entry.destinationId = this.#ids.take();
    stampPublish(entry.publish, entry.destinationId, isAgain);
    entry.state = "sent";
    this.#byId[entry.destinationId] = entry;
    this.#entries.push(entry);
    this.#length++;
  }

  /** Takes out the message that an acknowledgement belongs to; `undefined` when there is none. */
  settle(packetId: number): Entry | undefined {
    const entry = this.#byId[packetId];
    if (entry === undefined) return undefined;
    this.#byId[packetId] = undefined;
    this.#ids.release(packetId);
    entry.destinationId = 0;
    entry.state = "done";
    this.#length--;
    if (this.#entries.peekFront() === entry) this.#entries.shift();
    // Out of turn: removed at once, for it may be sent again and must not stand here twice.
    else this.#entries.removeOne(this.#entries.toArray().indexOf(entry));
    return entry;
  }

  /** Takes out everything, in the order of sending; each message keeps its packet identifier. */
  takeAll(): Entry[] {
    const entries = this.#entries.toArray();
    for (const entry of entries) this.#byId[entry.destinationId] = undefined;
    this.#entries.clear();
    this.#length = 0;
    return entries;
  }

  /** Makes all packet identifiers free: the destination knows none of them any more. */
  forgetIds(): void {
    this.#ids.reset();
  }
}
