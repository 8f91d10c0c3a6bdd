import fc from "fast-check";
import type { IPublishPacket } from "mqtt-packet";

import { unboundedShare } from "../../../runtime/memory/budget.ts";
import { Counters } from "../../../runtime/report/counters.ts";
import { Tap } from "../../../runtime/report/tap.ts";
import type { DestinationSide } from "../../../runtime/queue/destination/destination-side.ts";
import { Forwarder } from "../../../runtime/queue/forwarder.ts";
import type { SourceSide } from "../../../runtime/queue/source/source-side.ts";
import { createPatch } from "../../../runtime/rewrite/patch.ts";
import type { DestinationPort, SourcePort } from "../../../runtime/queue/ports.ts";
import { Spooler } from "../../../runtime/disk/spooler.ts";
import { decode } from "../mqtt/scripted-broker.ts";
import { FakeDisk } from "./fake-disk.ts";
import { FakeDestination, FakeSource, limits, plan, sourceLimits, viewOfPublish } from "./fakes.ts";

/** A message of the model: it is told apart by its number, which is its payload. */
interface Message {
  readonly number: number;
  readonly qos: 0 | 1;
  readonly topic: string;
}

/** Ends with the number, and with that of no other message. */
function payloadOf(number: number): string {
  return `#${number}`;
}

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/**
 * The broker that messages come from. Its session keeps what was not acknowledged, sends it again when the client comes
 * back, and takes the lowest packet identifier that is free, so that a late acknowledgement would meet another message.
 */
class SourceModel {
  readonly #relay: () => Forwarder;
  /** Messages of QoS 1 that wait in the session; those with an identifier have been sent and not acknowledged. */
  session: { readonly message: Message; id: number; isSentHere: boolean; isTaken: boolean }[] = [];
  isConnected = false;
  isAcceptedByDestination: (message: Message) => boolean = () => false;
  /** Whether the relay drains: it accepts nothing, and QoS 0 is kept by nobody. */
  isStopping: () => boolean = () => false;
  readonly handedOver: Message[] = [];
  /** Gone with a session before the relay had them: nobody can deliver these. */
  readonly lostHere = new Set<number>();

  constructor(relay: () => Forwarder) {
    this.#relay = relay;
  }

  publish(message: Message): void {
    if (message.qos === 1) this.session.push({ message, id: 0, isSentHere: false, isTaken: false });
    else if (this.isConnected) this.#handOver(message, 0, false);
    else this.lostHere.add(message.number);
  }

  /** Sends what is next: what the session sends again comes first, in its order. */
  deliver(receiveMaximum: number): boolean {
    const next = this.session.find(({ isSentHere }) => !isSentHere);
    const outstanding = this.session.filter(({ isSentHere }) => isSentHere).length;
    if (!this.isConnected || next === undefined || outstanding >= receiveMaximum) return false;
    const isAgain = next.id !== 0;
    if (!isAgain) next.id = this.#lowestFreeId();
    next.isSentHere = true;
    // Else it stays with this session, for the next connection or the next process.
    next.isTaken = !this.isHeld && !this.isStopping();
    this.#handOver(next.message, next.id, isAgain);
    return true;
  }

  connect(isKept: boolean): void {
    if (this.isConnected) return;
    if (!isKept) {
      for (const { message, isTaken } of this.session) if (!isTaken) this.lostHere.add(message.number);
      this.session = [];
    }
    // The relay forgets what comes again, as far as it has not sent it.
    for (const entry of this.session) entry.isSentHere = entry.isTaken = false;
    this.isConnected = true;
    this.isHeld = false;
    let isMine = true;
    const port: SourcePort = {
      acknowledge: (id) => {
        check(isMine, "a message was acknowledged on a connection that it did not come on");
        this.#acknowledged(id);
      },
      setPaused: () => undefined,
      askForRoomAgain: () => undefined,
      writePublish: () => undefined,
      confirm: async () => Promise.resolve(true),
      traffic: new FakeSource().traffic,
    };
    this.#end = () => (isMine = false);
    this.#side = this.#relay().source.open(port, sourceLimits(isKept));
  }

  /** The connection ends, or the process behind it is killed. */
  disconnect(): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    this.#end();
    this.#side?.close();
  }

  #side: SourceSide | undefined;

  /** The relay is about to replace this connection: what comes from here on is its successor's. */
  hold(): void {
    this.isHeld = true;
    this.#side?.hold();
  }

  isHeld = false;

  /** Messages that were sent on this connection and not acknowledged. */
  get outstanding(): number {
    return this.session.filter(({ isSentHere }) => isSentHere).length;
  }

  #end: () => void = () => undefined;

  #acknowledged(id: number): void {
    const oldest = this.session.findIndex(({ isSentHere }) => isSentHere);
    const entry = this.session[oldest];
    check(entry !== undefined, `identifier ${id} was acknowledged, and nothing is in flight`);
    check(entry.id === id, `identifier ${id} was acknowledged before ${entry.id}, which had come before`);
    check(this.isAcceptedByDestination(entry.message), `message ${entry.message.number} was acknowledged undelivered`);
    this.session.splice(oldest, 1);
  }

  #handOver(message: Message, messageId: number, dup: boolean): void {
    if (message.qos === 0 && this.isStopping()) this.lostHere.add(message.number);
    this.handedOver.push(message);
    const { number, qos, topic } = message;
    this.#side?.onPublish(viewOfPublish({ messageId, qos, topic, dup, payload: payloadOf(number) }));
  }

  #lowestFreeId(): number {
    const taken = new Set(this.session.map(({ id }) => id));
    let id = 1;
    while (taken.has(id)) id++;
    return id;
  }
}

/** The broker that messages go to. It keeps the identifiers of a session, and checks what every packet says. */
class DestinationModel {
  readonly #relay: () => Forwarder;
  readonly #maxInflight: number;
  /** PUBLISHes of the connection of today that were not answered, in their order. */
  #unanswered: { readonly id: number; readonly number: number }[] = [];
  /** What the session has not answered, also on earlier connections: message by identifier. */
  readonly #known = new Map<number, number>();
  /** What a kept session was left with, in the order in which it has to come again. */
  #expectedAgain: number[] = [];
  #receiveMaximum = 0;
  isConnected = false;
  /** Numbers of messages that were acknowledged with a success, or given up for good. */
  readonly settled = new Set<number>();
  readonly delivered = new Set<number>();
  readonly #firstWritten: Record<0 | 1, number> = { 0: 0, 1: 0 };
  readonly #written = new Set<number>();
  /** Messages that were refused for now at least once. */
  readonly #refused = new Set<number>();
  readonly qosOf: (number: number) => 0 | 1;

  constructor(relay: () => Forwarder, maxInflight: number, qosOf: (number: number) => 0 | 1) {
    this.#relay = relay;
    this.#maxInflight = maxInflight;
    this.qosOf = qosOf;
  }

  connect(isKept: boolean, receiveMaximum: number): void {
    if (this.isConnected) return;
    if (!isKept) {
      this.#known.clear();
      this.#expectedAgain = [];
    }
    this.#receiveMaximum = receiveMaximum;
    this.isConnected = true;
    this.#isHeld = false;
    let isMine = true;
    const port: DestinationPort = {
      writePublish: ({ packet }) => {
        check(isMine, "a packet was written to a connection that had ended");
        this.#onPublish(decode(packet)[0] as IPublishPacket);
      },
      pendingBytes: 0,
      onceDrained: () => undefined,
      confirm: async () => isMine,
      traffic: new FakeDestination().traffic,
    };
    this.#end = () => (isMine = false);
    this.#side = this.#relay().openDestination(port, { ...limits, sessionPresent: isKept, receiveMaximum });
  }

  /** The connection ends, or the process behind it is killed. */
  disconnect(): void {
    if (!this.isConnected) return;
    this.isConnected = false;
    // A resumed session has to be told again first of what it did not answer; what had not come again yet is still due.
    this.#expectedAgain = [...this.#unanswered.map(({ id }) => id), ...this.#expectedAgain];
    this.#unanswered = [];
    this.#end();
    this.#side?.close();
  }

  #side: DestinationSide | undefined;

  /** The relay is about to replace this connection: it sends nothing more here. */
  hold(): void {
    this.#isHeld = true;
    this.#side?.hold();
  }

  #isHeld = false;

  #end: () => void = () => undefined;

  /** Answers any one of the messages in flight. */
  answer(position: number, reasonCode: number): boolean {
    const [answered] = this.#unanswered.splice(position % Math.max(1, this.#unanswered.length), 1);
    if (answered === undefined) return false;
    this.#known.delete(answered.id);
    if (refusalsForNow.includes(reasonCode)) this.#refused.add(answered.number);
    if (reasonCode < 0x80) this.delivered.add(answered.number);
    if (reasonCode < 0x80 || reasonCode === 0x90 || reasonCode === 0x99) this.settled.add(answered.number);
    this.#side?.onPuback(answered.id, reasonCode);
    return true;
  }

  #onPublish({ messageId: id = 0, dup, payload }: IPublishPacket): void {
    const number = Number(payload.toString().slice(1));
    check(!this.#isHeld, `message ${number} was sent on a connection that is about to be replaced`);
    check(id > 0 && id < 65_000, `the packet identifier is ${id}`);
    check(!this.#unanswered.some((other) => other.id === id), `identifier ${id} is in flight twice`);
    check(!this.#known.has(id) || this.#known.get(id) === number, `the session knows another message under ${id}`);
    check(dup === this.#known.has(id), `message ${number} came with DUP ${String(dup)}`);
    if (dup) this.#checkTurn(id, number);
    this.#unanswered.push({ id, number });
    this.#known.set(id, number);
    const window = Math.min(this.#maxInflight, this.#receiveMaximum);
    check(this.#unanswered.length <= window, `${this.#unanswered.length} messages are in flight, more than ${window}`);
    this.#checkOrder(number);
  }

  /** What comes again comes in its order; a message that had been refused may go back to its place before others. */
  #checkTurn(id: number, number: number): void {
    const position = this.#expectedAgain.indexOf(id);
    check(position >= 0, `message ${number} came again though it had been answered`);
    const before = this.#expectedAgain.slice(0, position).map((other) => this.#known.get(other) ?? 0);
    const isInTurn = this.#refused.has(number) || before.every((other) => this.#refused.has(other));
    check(isInTurn, `message ${number} did not come again in its turn, before ${before.join(", ")}`);
    this.#expectedAgain.splice(position, 1);
  }

  /** Whatever is sent for the first time comes after everything that was. */
  #checkOrder(number: number): void {
    if (this.#written.has(number)) return;
    this.#written.add(number);
    const qos = this.qosOf(number);
    check(number > this.#firstWritten[qos], `message ${number} came after message ${this.#firstWritten[qos]}`);
    this.#firstWritten[qos] = number;
  }
}

type Event =
  | { readonly kind: "publish"; readonly qos: 0 | 1; readonly topic: string }
  | { readonly kind: "deliver" }
  | { readonly kind: "puback"; readonly position: number; readonly reasonCode: number }
  | { readonly kind: "endPause" }
  | { readonly kind: "disconnectSource" }
  | { readonly kind: "connectSource"; readonly isKept: boolean }
  | { readonly kind: "disconnectDestination" }
  | { readonly kind: "connectDestination"; readonly isKept: boolean; readonly receiveMaximum: number }
  | { readonly kind: "hold"; readonly side: "source" | "destination" }
  | { readonly kind: "replace"; readonly side: "source" | "destination" }
  | { readonly kind: "tick" }
  | { readonly kind: "drain" }
  | { readonly kind: "disk" }
  | { readonly kind: "kill" };

const successes = [0x00, 0x10];
const refusalsForNow = [0x80, 0x83, 0x87, 0x97];
const refusalsForGood = [0x90, 0x99];

/** Random events. Messages and acknowledgements are the most frequent, as they are in life. */
function arbitraryEvents(isSourceKept: fc.Arbitrary<boolean>, hasDisk: boolean): fc.Arbitrary<Event[]> {
  const event = fc.oneof<fc.WeightedArbitrary<Event>[]>(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("publish" as const),
        qos: fc.constantFrom(0 as const, 1 as const, 1 as const, 1 as const),
        topic: fc.constantFrom("a", "b/c"),
      }),
    },
    { weight: 8, arbitrary: fc.constant({ kind: "deliver" }) },
    {
      weight: 8,
      arbitrary: fc.record({
        kind: fc.constant("puback" as const),
        position: fc.nat(20),
        reasonCode: fc.oneof(
          { weight: 12, arbitrary: fc.constantFrom(...successes) },
          { weight: 4, arbitrary: fc.constantFrom(...refusalsForNow) },
          { weight: 1, arbitrary: fc.constantFrom(...refusalsForGood) },
        ),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: "endPause" }) },
    { weight: 1, arbitrary: fc.constant({ kind: "disconnectSource" }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("connectSource" as const), isKept: isSourceKept }) },
    { weight: 1, arbitrary: fc.constant({ kind: "disconnectDestination" }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("connectDestination" as const),
        isKept: fc.boolean(),
        receiveMaximum: fc.integer({ min: 1, max: 5 }),
      }),
    },
    ...(["hold", "replace"] as const).map((kind) => ({
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant(kind),
        side: fc.constantFrom("source" as const, "destination" as const),
      }),
    })),
    { weight: 2, arbitrary: fc.constant({ kind: "tick" }) },
    { weight: 1, arbitrary: fc.constant({ kind: "drain" }) },
    { weight: hasDisk ? 8 : 0, arbitrary: fc.constant({ kind: "disk" }) },
    { weight: hasDisk ? 1 : 0, arbitrary: fc.constant({ kind: "kill" }) },
  );
  return fc.array(event, { maxLength: 120, size: "max" });
}

/** The forwarder between the two models. */
class World {
  readonly counters = new Counters();
  readonly messages: Message[] = [];
  readonly source: SourceModel;
  readonly destination: DestinationModel;
  #forwarder: Forwarder;
  #pauses: (() => void)[] = [];
  readonly #maxInflightMessages: number;
  readonly #sourceWindow: number;
  readonly #disk: FakeDisk | undefined;
  /** Bytes that the disk takes. */
  readonly #diskBytes: number;
  /** Whether the next connection to the destination is the first one of a process. */
  #isFresh = true;
  /** Messages of QoS 0 that a process had when it was killed. */
  readonly #killed = new Set<number>();
  #nowMs = 0;
  /** Settled once the drain of this process has ended. */
  #draining: { isDone: boolean } | undefined;

  constructor(maxInflightMessages: number, sourceWindow: number, diskBytes = 0) {
    this.#sourceWindow = sourceWindow;
    this.#maxInflightMessages = maxInflightMessages;
    this.#diskBytes = diskBytes;
    this.#disk = diskBytes > 0 ? new FakeDisk() : undefined;
    this.#forwarder = this.#start();
    const relay = () => this.#forwarder;
    this.source = new SourceModel(relay);
    this.destination = new DestinationModel(
      relay,
      maxInflightMessages,
      (number) => this.messages[number - 1]?.qos ?? 0,
    );
    this.source.isStopping = () => this.#draining !== undefined;
    this.source.isAcceptedByDestination = ({ number }) =>
      this.destination.settled.has(number) || this.#isOnDisk(number);
  }

  #isOnDisk(number: number): boolean {
    const rows = [...(this.#disk?.rows.values() ?? [])];
    return rows.some(({ packet }) => Buffer.from(packet).toString("latin1").endsWith(payloadOf(number)));
  }

  #start(): Forwarder {
    this.#pauses = [];
    const pauses = this.#pauses;
    const forwarder = new Forwarder({
      patch: createPatch(plan()),
      qos: 1,
      maxInflightMessages: this.#maxInflightMessages,
      maxInflightBytes: 16 * 1024 * 1024,
      memory: unboundedShare,
      copies: 1,
      onRedeliveryWanted: () => undefined,
      undeliverable: "Discard",
      deadLetters: { dataflow: "flow", maxBytes: 0 },
      refusalTimeoutMs: 0,
      stallTimeoutMs: 0,
      onStalled: () => undefined,
      wallTime: () => "",
      counters: this.counters,
      tap: new Tap(),
      onStopped: (reason) => {
        throw new Error(reason);
      },
      onTrouble: () => undefined,
      now: () => this.#nowMs,
      schedule: (callback) => pauses.push(callback),
    });
    const disk = this.#disk;
    if (disk !== undefined) {
      const queue = disk.open(() => spooler);
      const rates = { messagesPerSecond: 0, bytesPerSecond: 0 };
      const onDamaged = () => "forget" as const;
      const options = { maxBytes: this.#diskBytes, rates, qos: 1 as const, now: () => this.#nowMs, onDamaged };
      const spooler = forwarder.useSpool(
        (waiting, memory, onDone) => new Spooler({ ...options, memory }, waiting, queue, onDone),
      );
    }
    return forwarder;
  }

  /** The process is killed: what it had in memory is gone, and another one starts. */
  #kill(): void {
    for (const { number, qos } of this.source.handedOver) if (qos === 0) this.#killed.add(number);
    this.source.disconnect();
    this.destination.disconnect();
    this.#forwarder = this.#start();
    this.#isFresh = true;
    this.#draining = undefined;
  }

  /** The relay is told to stop; its successor starts once everything is done. */
  #drain(): void {
    if (this.#draining !== undefined) return;
    const draining = { isDone: false };
    this.#draining = draining;
    void this.#forwarder.drain().then(() => (draining.isDone = true));
  }

  /** Time passes, more than a message may wait before it goes to the disk. */
  #tick(): void {
    this.#nowMs += 300;
    this.#forwarder.tick();
  }

  /** A connection gives way to its successor, which uses the session that it had; unless it has ended on its own. */
  #replace(side: "source" | "destination"): void {
    const model = this[side];
    if (!model.isConnected) return;
    model.hold();
    model.disconnect();
    if (side === "source") this.source.connect(true);
    else this.#connectDestination(true, 5);
  }

  happen(event: Event): void {
    switch (event.kind) {
      case "publish": {
        const message = { number: this.messages.length + 1, qos: event.qos, topic: event.topic };
        this.messages.push(message);
        this.source.publish(message);
        break;
      }
      case "deliver":
        this.source.deliver(this.#sourceWindow);
        break;
      case "puback":
        this.destination.answer(event.position, event.reasonCode);
        break;
      case "endPause":
        this.#endPause();
        break;
      case "disconnectSource":
        this.source.disconnect();
        break;
      case "connectSource":
        this.source.connect(event.isKept);
        break;
      case "disconnectDestination":
        this.destination.disconnect();
        break;
      case "connectDestination":
        this.#connectDestination(event.isKept, event.receiveMaximum);
        break;
      case "hold":
        if (this[event.side].isConnected) this[event.side].hold();
        break;
      case "replace":
        this.#replace(event.side);
        break;
      case "tick":
        this.#tick();
        break;
      case "drain":
        this.#drain();
        break;
      case "disk":
        this.#disk?.work();
        break;
      case "kill":
        this.#kill();
        break;
    }
  }

  #connectDestination(isKept: boolean, receiveMaximum: number): void {
    this.destination.connect(isKept && !this.#isFresh, receiveMaximum);
    this.#isFresh = false;
  }

  /**
   * L1: while the source is connected and the disk works and has room, everything that was received is acknowledged,
   * whatever the destination does.
   */
  checkSourceIsServed(): void {
    if (this.#disk === undefined || this.#draining !== undefined) return;
    this.source.connect(true);
    if (this.source.isHeld) this.#replace("source");
    let isMoving = true;
    while (isMoving) {
      isMoving = this.source.deliver(this.#sourceWindow);
      for (let count = 0; count < 3; count++) this.#tick();
      while (this.#disk.work()) isMoving = true;
    }
    check(this.source.outstanding === 0, `${this.source.outstanding} messages stay unacknowledged beside an idle disk`);
  }

  /** L4: a drain ends as soon as both sides are there, however much comes meanwhile. The next process goes on then. */
  async #endDrain(): Promise<void> {
    if (this.#draining === undefined) return;
    this.#move();
    await new Promise(setImmediate);
    check(this.#draining.isDone, "the drain does not end");
    const { messages } = this.#forwarder.status.unsafe;
    check(messages === 0, `${messages} messages are neither delivered nor on the disk`);
    this.#kill();
    this.source.connect(true);
    this.#connectDestination(true, 5);
  }

  /** Everything that can happen without a fault happens. */
  #move(): void {
    let isMoving = true;
    while (isMoving) {
      isMoving = this.source.deliver(this.#sourceWindow);
      if (this.destination.answer(0, 0)) isMoving = true;
      if (this.#endPause()) isMoving = true;
      if (this.#disk?.work() === true) isMoving = true;
    }
  }

  /**
   * No more faults. L2: while both sides are connected, everything that was received is delivered. L3: also after
   * replacements that overlapped any end of any connection.
   */
  async comeToRest(): Promise<void> {
    this.source.connect(true);
    this.#connectDestination(true, 5);
    for (const side of ["source", "destination"] as const) this.#replace(side);
    await this.#endDrain();
    this.#move();
    check((this.#disk?.rows.size ?? 0) === 0, "messages stay on the disk");
    check(this.#forwarder.status.inFlight === 0, `${this.#forwarder.status.inFlight} messages stay in flight`);
    check(this.#forwarder.status.waiting === 0, `${this.#forwarder.status.waiting} messages stay in the relay`);
    check(this.source.session.length === 0, `${this.source.session.length} messages stay unacknowledged`);
  }

  /** Messages that nobody will ever deliver, though the relay had them or their broker has them still. */
  get lost(): Message[] {
    const had = new Set(this.source.handedOver);
    return this.messages.filter(
      (message) =>
        !this.destination.settled.has(message.number) &&
        !this.source.lostHere.has(message.number) &&
        (message.qos === 1 || (had.has(message) && !this.#killed.has(message.number))),
    );
  }

  #endPause(): boolean {
    const callbacks = this.#pauses.splice(0);
    for (const callback of callbacks) callback();
    return callbacks.length > 0;
  }
}

/** A disk that never fills up here. */
const ampleBytes = 1_000_000;

const windows = fc.record({ maxInflight: fc.integer({ min: 1, max: 6 }), source: fc.integer({ min: 1, max: 6 }) });

/**
 * Plays random events against a forwarder between two model brokers. Every packet and every acknowledgement is checked
 * as it comes; at the end, with no more faults, nothing may be missing. A failure prints its seed and its shortest form.
 */
async function play(
  isSourceKept: fc.Arbitrary<boolean>,
  diskBytes: fc.Arbitrary<number> = fc.constant(0),
  hasDisk = false,
): Promise<void> {
  const played = fc.asyncProperty(
    windows,
    diskBytes,
    arbitraryEvents(isSourceKept, hasDisk),
    async ({ maxInflight, source }, disk, events) => {
      const world = new World(maxInflight, source, disk);
      world.source.connect(false);
      world.destination.connect(false, 5);

      for (const event of events) world.happen(event);
      if (disk >= ampleBytes) world.checkSourceIsServed();
      await world.comeToRest();

      expect(world.lost).toEqual([]);
    },
  );
  await fc.assert(played, { numRuns: 600 });
}

describe("between two model brokers, whatever happens to both connections", () => {
  test("no message is lost or acknowledged too early, and order, window and identifiers hold, while the source keeps its session", async () => {
    await play(fc.constant(true));
  });

  test("the same holds for every message that had come, where the source may lose its session", async () => {
    await play(fc.boolean());
  });

  test("the same holds with a disk, of which there may be too little, and with kills, for what the relay had not acknowledged and what is on the disk", async () => {
    await play(fc.constant(true), fc.integer({ min: 10, max: 400 }), true);
  });

  test("with a disk that has room, everything that was received is acknowledged, whatever the destination does", async () => {
    await play(fc.constant(true), fc.constant(ampleBytes), true);
  });

  test("the model itself reports a message that is acknowledged before it is delivered", () => {
    const world = new World(5, 5);
    world.source.connect(false);
    world.destination.connect(false, 5);
    world.happen({ kind: "publish", qos: 1, topic: "a" });
    world.happen({ kind: "deliver" });
    world.source.isAcceptedByDestination = () => false;

    expect(() => {
      world.happen({ kind: "puback", position: 0, reasonCode: 0 });
    }).toThrow("message 1 was acknowledged undelivered");
  });
});
