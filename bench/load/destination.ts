import type { PublishView } from "../../runtime/mqtt/publish.ts";
import { Arrivals } from "./arrivals.ts";
import { readNumbers } from "./message.ts";

const pubackType = 0x40;

/** Where the messages of a bridge or a broker go, and are counted. It can be away, and come back. */
export interface Destination {
  readonly count: ArrivalCount;
  /** Is there for messages. */
  open(): Promise<void>;
  /** Is away. */
  close(): void;
}

/** Counts the messages of one load, and when the first and the last of them came. */
export class ArrivalCount {
  arrivals = new Arrivals(0);
  /** By `performance.now()`; 0 before the first message. */
  firstMs = 0;
  lastMs = 0;
  #load = 0;

  /** Counts this load from now on. */
  expect(load: number, count: number): void {
    this.#load = load;
    this.arrivals = new Arrivals(count);
    this.firstMs = 0;
  }

  note(view: PublishView): void {
    const numbers = readNumbers(view);
    if (numbers?.load !== this.#load) return;
    this.lastMs = performance.now();
    this.firstMs ||= this.lastMs;
    this.arrivals.add(numbers.message);
  }
}

export function encodePuback(packetId: number): Buffer {
  return Buffer.of(pubackType, 2, packetId >> 8, packetId & 0xff);
}
