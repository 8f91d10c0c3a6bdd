import { setImmediate as turn } from "node:timers/promises";

import { Lane, type Room } from "../../../runtime/memory/lane.ts";
import { numbers } from "../../support/random-numbers.ts";
import { begin, open, type Arrival } from "./tight-bench.ts";

const histories = 1000;
const messages = 25;

/** Payloads around what fits into a portion, into the share with its copies, and into the lane alone. */
const sizes = [
  [10, 100, 600],
  [10, 1300, 2000],
  [10, 600, 1300, 2600, 4000],
  [4000, 600, 100],
  [3400, 4000, 5],
] as const;

/** One dataflow with little memory, to which things happen in any order. */
class History {
  readonly #random: () => number;
  readonly #lane: Lane;
  readonly #bench: ReturnType<typeof open>["bench"];
  readonly #disk: ReturnType<typeof open>["disk"];
  readonly #payloads: readonly number[];
  /** Messages in the order in which they were sent first. */
  readonly order: number[] = [];
  #next = 1;
  #arrival: Arrival | undefined;
  #isThere = true;
  #looked = 0;
  #acknowledged = 0;
  #others: Room | undefined;

  constructor(seed: number) {
    this.#random = numbers(seed);
    this.#lane = new Lane(this.#pick([20_000, 40_000]));
    const { bench, disk } = open({ lane: this.#lane, spoolBytes: this.#pick([1_000_000, 30_000, 15_000]) });
    [this.#bench, this.#disk, this.#payloads] = [bench, disk, this.#pick(sizes)];
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)] as T;
  }

  #send(): void {
    if (this.#next > messages || this.#bench.source.isPaused || this.#arrival?.hasArrived === false) return;
    this.#arrival = begin(this.#bench, this.#next++, this.#pick(this.#payloads));
  }

  #look(): void {
    for (const { topic } of this.#bench.destination.written.slice(this.#looked)) {
      const number = Number(topic.slice(2));
      if (!this.order.includes(number)) this.order.push(number);
    }
    this.#looked = this.#bench.destination.written.length;
  }

  #acknowledge(): void {
    const packet = this.#isThere ? this.#bench.destination.written[this.#acknowledged] : undefined;
    if (packet === undefined) return;
    this.#acknowledged++;
    this.#bench.destinationSide.onPuback(packet.messageId ?? 0, 0);
  }

  #setThere(isThere: boolean): void {
    if (isThere === this.#isThere) return;
    this.#look();
    this.#isThere = isThere;
    if (!isThere) {
      this.#bench.destinationSide.close();
      return;
    }
    this.#looked = this.#acknowledged = 0;
    this.#bench.reopenDestination();
  }

  /** The source is connected to anew where that was asked for, and sends again what was not acknowledged. */
  #reconnect(): void {
    if (this.#bench.redeliveries.splice(0).length === 0) return;
    this.#arrival?.end();
    this.#arrival = undefined;
    const { acknowledged } = this.#bench.reconnectSource(true);
    this.#next = Math.max(0, ...acknowledged) + 1;
    this.#bench.source.acknowledged.push(...acknowledged);
  }

  #pass(milliseconds: number): void {
    this.#bench.nowMs += milliseconds;
    jest.advanceTimersByTime(milliseconds);
    this.#bench.forwarder.tick();
  }

  async disturb(): Promise<void> {
    const event = this.#random();
    if (event < 0.3) this.#send();
    else if (event < 0.55) this.#disk.work();
    else if (event < 0.75) this.#acknowledge();
    else if (event < 0.83) this.#pass(300);
    else if (event < 0.85) this.#pass(11_000);
    else if (event < 0.9) await turn();
    else if (event < 0.94) this.#setThere(!this.#isThere);
    else if (event < 0.96) this.#others ??= this.#lane.ask(this.#lane.bytes - 1000);
    else if (event < 0.98) this.#giveBack();
    else this.#reconnect();
  }

  #giveBack(): void {
    this.#others?.release();
    this.#others = undefined;
  }

  /** Nothing is disturbed any more: all has to come. */
  async finish(): Promise<void> {
    this.#setThere(true);
    this.#giveBack();
    for (let round = 0; round < 400 && !this.isOver; round++) {
      this.#reconnect();
      this.#send();
      while (this.#disk.work());
      await turn();
      this.#pass(200);
      while (this.#acknowledged < this.#bench.destination.written.length) this.#acknowledge();
    }
    this.#look();
  }

  get isOver(): boolean {
    return this.#next > messages && this.#arrival?.hasArrived !== false && this.left === 0;
  }

  /** Bytes and rows that something still keeps. */
  get left(): number {
    return this.#bench.forwarder.status.heldBytes + this.#lane.usedBytes + this.#disk.rows.size;
  }

  /** For whoever looks at a fault. */
  get state() {
    return { next: this.#next, hasArrived: this.#arrival?.hasArrived, isPaused: this.#bench.source.isPaused };
  }

  get lost(): number {
    return Object.values(this.#bench.counters.lost).reduce((sum, count) => sum + count, 0);
  }
}

test(`with little memory everything comes, in order, and nothing stays behind: ${histories} random histories`, async () => {
  jest.useFakeTimers({ doNotFake: ["setImmediate"] });
  const faults: unknown[] = [];
  for (let seed = 1; seed <= histories; seed++) {
    const history = new History(seed * 7919);
    for (let step = 0; step < 200; step++) await history.disturb();
    await history.finish();
    const { order, left, lost } = history;
    const isInOrder = order.every((number, index) => index === 0 || number > (order[index - 1] ?? 0));
    if (order.length < messages || !isInOrder || left > 0 || lost > 0)
      faults.push({ seed, sent: order.length, isInOrder, left, lost, state: history.state });
  }
  jest.useRealTimers();

  expect(faults).toEqual([]);
});
