import type { BatchWriter } from "./batch-writer.ts";
import { encodePuback, pubackBytes } from "./publish.ts";
import { Slab } from "./slab.ts";

/** Bytes that the server has not read, from which on nothing more is read of it. */
const maxUnreadBytes = 262_144;

/** Writes the acknowledgements of one connection. A server that sends and reads none of them would have them gather here. */
export class Acknowledger {
  readonly #writer: BatchWriter;
  readonly #onUnreadChange: () => void;
  readonly #slab = new Slab();
  #isUnread = false;

  /** @param onUnreadChange called when {@link isUnread} has changed */
  constructor(writer: BatchWriter, onUnreadChange: () => void) {
    this.#writer = writer;
    this.#onUnreadChange = onUnreadChange;
  }

  /** Whether the server reads too little of what it is told. */
  get isUnread(): boolean {
    return this.#isUnread;
  }

  acknowledge(packetId: number): void {
    const bytes = encodePuback(packetId, this.#slab);
    this.#writer.writePart(bytes, this.#slab.start, this.#slab.start + pubackBytes);
    if (this.#isUnread || this.#writer.pendingBytes <= maxUnreadBytes) return;
    this.#isUnread = true;
    this.#onUnreadChange();
    this.#writer.onceSent(() => {
      this.#isUnread = false;
      this.#onUnreadChange();
    });
  }
}
