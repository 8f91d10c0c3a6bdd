import { setImmediate as turn, setTimeout as delay } from "node:timers/promises";

import { parser as createParser, type IPublishPacket, type Packet } from "mqtt-packet";

import { largeBuffers } from "../../runtime/memory/large-buffers.ts";
import { Lane } from "../../runtime/memory/lane.ts";
import { unboundedShare, type MemoryBudget } from "../../runtime/memory/budget.ts";
import { patientMs, usualMs } from "../support/patience.ts";
import { numbers } from "../support/random-numbers.ts";
import { end, endDataflows, start } from "./dataflow-bench.ts";
import { connack, type ScriptedBroker, type ScriptedListener } from "./mqtt/scripted-broker.ts";

/** What stands in memory that was given back: whoever still reads it shows it. */
const mark = 0xdd;
/** More than a kernel holds of 64 KB each for a peer that does not read. */
const [messagesOfHistory, messagesOfCrowd] = [16, 150];
const histories = 150;
/** At a time: they share the memory that is used again. */
const atOnce = 8;

beforeEach(() => {
  const giveBack = largeBuffers.giveBack.bind(largeBuffers);
  jest.spyOn(largeBuffers, "giveBack").mockImplementation((bytes) => {
    bytes.fill(mark);
    giveBack(bytes);
  });
});
afterEach(async () => {
  await endDataflows();
  jest.restoreAllMocks();
  largeBuffers.clear();
});

/** Payload of a message, which no other one is like: its number and its length, and bytes that follow from them. */
function payloadOf(number: number, length: number): Buffer {
  const payload = Buffer.alloc(length);
  for (let at = 0; at < Math.min(length, 256); at++) payload[at] = (number * 7 + at * 13) & 0xff;
  for (let filled = 256; filled < length; filled *= 2)
    payload.copy(payload, filled, 0, Math.min(filled, length - filled));
  for (let at = 1000; at < length; at += 1000) payload.writeUInt8((number + at / 1000) & 0xff, at);
  return payload;
}

/** Bounds of how packets are read, kept and written, and sizes far from them. */
const bounds = [0, 100, 8192, 16_384, 32_768, 65_536, 98_304, 131_072, 1_048_576];

function lengthsOf(random: () => number): number[] {
  let length = 0;
  return Array.from({ length: messagesOfHistory }, () => {
    const kind = random();
    const bound = bounds[Math.floor(random() ** 1.5 * bounds.length)] ?? 0;
    if (kind < 0.4) length = Math.max(0, bound - 40 + Math.floor(random() * 45));
    else if (kind < 0.6) length = Math.ceil(length * (0.5 + random() / 2));
    return length;
  });
}

/** What a TCP socket is given in one write, and now and then something small. */
function lengthsOfCrowd(random: () => number): number[] {
  return Array.from({ length: messagesOfCrowd }, () =>
    Math.floor(random() < 0.8 ? 60_000 + random() * 38_000 : random() * 100),
  );
}

type Message = IPublishPacket & { readonly payload: Buffer };

/** The source's broker: keeps a session, and sends again what was not acknowledged. */
class SourcePeer {
  readonly unacknowledged = new Map<number, Message>();
  /** Dead letters that came back. */
  readonly returned: IPublishPacket[] = [];
  /** What can't be read of what came. */
  readonly malformed: string[] = [];
  #sent = 0;
  readonly #messages: readonly Message[];
  broker: ScriptedBroker | undefined;

  constructor(messages: readonly Message[]) {
    this.#messages = messages;
  }

  get isDone(): boolean {
    return this.#sent === this.#messages.length && this.unacknowledged.size === 0;
  }

  send(count: number): void {
    if (this.broker === undefined) return;
    const messages = this.#messages.slice(this.#sent, this.#sent + count);
    this.#sent += messages.length;
    for (const message of messages) this.unacknowledged.set(message.messageId ?? 0, message);
    this.broker.send(...messages);
  }

  onPacket(packet: Packet, broker: ScriptedBroker): void {
    if (packet.cmd === "connect") {
      broker.send(connack({ sessionPresent: this.#sent > 0 }));
      if (this.#sent > 0) this.onReady(broker);
    } else if (packet.cmd === "subscribe") {
      broker.send({ cmd: "suback", messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(() => 1) });
      if (this.broker !== broker) this.onReady(broker);
    } else if (packet.cmd === "puback") {
      const [oldest] = this.unacknowledged.keys();
      expect(packet.messageId).toBe(oldest); // in the order of arrival
      this.unacknowledged.delete(packet.messageId ?? 0);
    } else if (packet.cmd === "publish") {
      this.returned.push(packet);
      broker.send({ cmd: "puback", messageId: packet.messageId ?? 0 });
    }
  }

  onReady(broker: ScriptedBroker): void {
    this.broker = broker;
    const again = [...this.unacknowledged.values()].map((message) => ({ ...message, dup: true }));
    if (again.length > 0) broker.send(...again);
  }
}

/** The destination's broker: acknowledges what it is told to. */
class DestinationPeer {
  readonly received: IPublishPacket[] = [];
  readonly malformed: string[] = [];
  readonly #owed: number[] = [];
  broker: ScriptedBroker | undefined;
  acknowledgesAll = false;
  readonly #random: () => number;
  readonly #refuses: boolean;

  constructor(random: () => number, refuses: boolean) {
    this.#random = random;
    this.#refuses = refuses;
  }

  acknowledge(count: number): void {
    for (const messageId of this.#owed.splice(0, count)) {
      const reasonCode = this.#refuses && this.#random() < 0.1 ? 0x99 : 0;
      this.broker?.send({ cmd: "puback", messageId, reasonCode });
    }
  }

  onPacket(packet: Packet, broker: ScriptedBroker): void {
    if (packet.cmd === "connect") {
      this.#owed.length = 0;
      this.broker = broker;
      broker.send(connack({ sessionPresent: this.received.length > 0 && this.#random() < 0.5 }));
    } else if (packet.cmd === "publish") {
      this.received.push(packet);
      if (packet.qos > 0) this.#owed.push(packet.messageId ?? 0);
      if (this.acknowledgesAll) this.acknowledge(Infinity);
    } else if (packet.cmd === "pingreq") broker.send({ cmd: "pingresp" });
  }
}

/** Answers each connection of a listener. */
async function serve(listener: ScriptedListener, peer: SourcePeer | DestinationPeer): Promise<never> {
  for (;;) {
    const broker = await listener.next();
    const parser = createParser({ protocolVersion: 5 });
    parser.on("packet", (packet) => {
      peer.onPacket(packet, broker);
    });
    parser.on("error", ({ message }) => {
      peer.malformed.push(message);
      broker.stream.destroy();
    });
    broker.stream.removeAllListeners("data").on("data", (chunk: Buffer) => parser.parse(chunk));
    void broker.ended.then(() => {
      if (peer.broker === broker) peer.broker = undefined;
    });
  }
}

/** What a dataflow of a history does with its messages. */
function configurationOf(random: () => number): { changes: Record<string, unknown>; qos: 0 | 1; refuses: boolean } {
  const qos = random() < 0.2 ? 0 : 1;
  const refuses = qos === 1 && random() < 0.2;
  const destination = "dataflows.upward.operations.1.destinationSettings.dataDestination";
  const changes = {
    [destination]: random() < 0.5 ? "${inputTopic}" : "cloud/${inputTopic}",
    "endpoints.cloud.mqttSettings.qos": qos,
    ...Object.fromEntries(
      ["edge", "cloud"].map((name) => [`endpoints.${name}.mqttSettings.maxInflightMessages`, 2 * messagesOfCrowd]),
    ),
    ...(random() < 0.3 ? { "endpoints.cloud.mqttSettings.cloudEventAttributes": "CreateOrRemap" } : {}),
    ...(refuses
      ? {
          "dataflows.upward.relay.undeliverableMessages": "DeadLetter",
          "dataflows.upward.relay.deadLetter": { endpointRef: "edge", topic: "dead" },
        }
      : {}),
  };
  return { changes, qos, refuses };
}

/** A share of 300,000 bytes, and a lane for messages that are larger. */
function tightMemory(): Pick<MemoryBudget, "share"> {
  const lane = new Lane(5_000_000);
  const askForLarge = lane.ask.bind(lane);
  return { share: () => ({ ...unboundedShare, bytes: 300_000, longestBytes: lane.bytes, askForLarge }) };
}

function numberOf({ topic, properties }: IPublishPacket): number {
  const came = topic === "dead" ? properties?.userProperties?.["deadLetterTopic"] : topic;
  return Number(String(came).split("/").at(-1));
}

interface Outcome {
  readonly seed: number;
  readonly malformed: readonly string[];
  readonly corrupted: number[];
  readonly lost: number[];
  readonly outOfOrder: number[];
}

/** Compares what arrived with what was sent. */
function judge(
  seed: number,
  messages: readonly Message[],
  received: readonly IPublishPacket[],
  isRelaxed: boolean,
): Omit<Outcome, "malformed"> {
  const seen = new Set<number>();
  const [corrupted, outOfOrder]: [number[], number[]] = [[], []];
  let last = -1;
  for (const packet of received) {
    const number = numberOf(packet);
    if (messages[number]?.payload.equals(packet.payload as Buffer) !== true) corrupted.push(number);
    if (!seen.has(number) && number < last && packet.topic !== "dead") outOfOrder.push(number);
    if (packet.topic !== "dead") last = Math.max(last, number);
    seen.add(number);
  }
  const lost = isRelaxed ? [] : [...messages.keys()].filter((number) => !seen.has(number));
  return { seed, corrupted, lost, outOfOrder };
}

/** Something happens to one of the connections. */
function disturb(random: () => number, source: SourcePeer, destination: DestinationPeer): void {
  const event = random();
  const peer = random() < 0.5 ? source : destination;
  if (event < 0.35) source.send(1 + Math.floor(random() * 6));
  else if (event < 0.6) destination.acknowledge(1 + Math.floor(random() * 4));
  else if (event < 0.7) peer.broker?.stream.pause();
  else if (event < 0.85) for (const one of [source, destination]) one.broker?.stream.resume();
  else if (event < 0.9) peer.broker?.stream.destroy();
}

/** Everything is sent to a destination that does not read. */
async function crowd(source: SourcePeer, destination: DestinationPeer): Promise<void> {
  while (source.broker === undefined || destination.broker === undefined) await turn();
  destination.broker.stream.pause();
  for (let sent = 0; sent < messagesOfCrowd; sent++) {
    source.send(1);
    await delay(1); // so that each is written alone
  }
}

async function runHistory(seed: number): Promise<Outcome> {
  const random = numbers(seed);
  for (let skipped = 0; skipped < 5; skipped++) random(); // the first ones follow from small seeds too closely
  const isCrowded = random() < 0.08;
  const lengths = isCrowded ? lengthsOfCrowd(random) : lengthsOf(random);
  const messages = lengths.map((length, number): Message => {
    const payload = payloadOf(number + seed * messagesOfHistory, length);
    return { cmd: "publish", qos: 1, messageId: number + 1, dup: false, retain: false, topic: `a/${number}`, payload };
  });
  const { changes, qos, refuses } = configurationOf(random);
  const bench = await start(changes, "/nowhere", 0, random() < 0.5 && !isCrowded ? tightMemory() : undefined);
  const source = new SourcePeer(messages);
  const destination = new DestinationPeer(random, refuses);
  void serve(bench.source, source);
  void serve(bench.destination, destination);
  if (isCrowded) await crowd(source, destination);
  for (let step = 0; step < 40; step++) {
    disturb(random, source, destination);
    await (random() < 0.8 ? turn() : delay(1));
  }
  await finish(seed, source, destination);
  await end(bench);
  const malformed = [...source.malformed, ...destination.malformed];
  return { malformed, ...judge(seed, messages, [...destination.received, ...source.returned], qos === 0) };
}

/** Lets everything arrive that is left. */
async function finish(seed: number, source: SourcePeer, destination: DestinationPeer): Promise<void> {
  const deadlineMs = performance.now() + patientMs(usualMs);
  destination.acknowledgesAll = true;
  while (!source.isDone) {
    if (performance.now() > deadlineMs) throw new Error(`seed ${seed}: ${source.unacknowledged.size} messages hang`);
    for (const peer of [source, destination]) peer.broker?.stream.resume();
    source.send(Infinity);
    destination.acknowledge(Infinity);
    await delay(2);
  }
}

test(`no message is lost, changed or overtaken while memory is used again: ${histories} random histories over sockets`, async () => {
  const outcomes: Outcome[] = [];
  let next = 1;
  const worker = async () => {
    while (next <= histories) outcomes.push(await runHistory(next++));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));

  const isBad = ({ malformed, corrupted, lost, outOfOrder }: Outcome) =>
    malformed.length + corrupted.length + lost.length + outOfOrder.length > 0;
  expect(outcomes.filter(isBad)).toEqual([]);
  expect(outcomes).toHaveLength(histories);
  expect(jest.mocked(largeBuffers.giveBack).mock.calls.length).toBeGreaterThan(histories);
}, 120_000);
