import Denque from "denque";

import type { Entry } from "./entry.ts";

/** The messages that wait to be sent, in the order of their arrival. */
export class WaitingQueue {
  readonly #entries = new Denque<Entry>();
  #bytes = 0;
  #qos0 = 0;
  #lastOrder = 0;

  get length(): number {
    return this.#entries.length;
  }

  /** Bytes of memory that all take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How many came with QoS 0: nothing but a bound on their number holds those back. */
  get qos0(): number {
    return this.#qos0;
  }

  peek(): Entry | undefined {
    return this.#entries.peekFront();
  }

  /** The message that is sent last. */
  peekBack(): Entry | undefined {
    return this.#entries.peekBack();
  }

  /** Gives a message its place behind all that were given one before. */
  takeOrder(entry: Entry): void {
    entry.order = ++this.#lastOrder;
  }

  push(entry: Entry): void {
    this.takeOrder(entry);
    this.#add(entry);
  }

  #add(entry: Entry): void {
    this.#entries.push(entry);
    this.#count(entry, 1);
  }

  shift(): Entry | undefined {
    const entry = this.#entries.shift();
    if (entry !== undefined) this.#count(entry, -1);
    return entry;
  }

  /** Puts a message that was sent back to its place. */
  putBack(entry: Entry): void {
    let index = 0;
    while ((this.#entries.peekAt(index)?.order ?? Infinity) < entry.order) index++;
    this.#entries.splice(index, 0, entry);
    this.#count(entry, 1);
  }

  /** Takes out just what `isTaken` says, and returns it in its order. */
  extract(isTaken: (entry: Entry) => boolean): Entry[] {
    const [taken, kept]: [Entry[], Entry[]] = [[], []];
    for (const entry of this.#entries.toArray()) (isTaken(entry) ? taken : kept).push(entry);
    if (taken.length === 0) return taken;
    this.#entries.clear();
    this.#bytes = this.#qos0 = 0;
    for (const entry of kept) this.#add(entry);
    return taken;
  }

  /** Takes out everything, in its order. */
  takeAll(): Entry[] {
    return this.extract(() => true);
  }

  toArray(): Entry[] {
    return this.#entries.toArray();
  }

  /** Calls back for each message, in order. */
  forEach(visit: (entry: Entry) => void): void {
    for (const entry of this.#entries.toArray()) visit(entry);
  }

  #count(entry: Entry, change: 1 | -1): void {
    this.#bytes += change * entry.memoryBytes;
    if (entry.sourceId === 0) this.#qos0 += change;
  }
}
