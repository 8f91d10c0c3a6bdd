import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What a publisher sends, over and over, as fast as the relay reads. */
export interface FloodPlan {
  readonly qos: 0 | 1;
  /** Bytes of a payload, drawn anew for each message. */
  readonly payloadBytes: () => number;
  /** Bytes of a topic, drawn anew for each message; no two topics in a row are alike. */
  readonly topicBytes: () => number;
  /** Whether the topic is of characters of three bytes: as a text in memory each takes two. */
  readonly isWide: boolean;
  /** Bytes of a user property of each message; 0 is none. */
  readonly propertyBytes: number;
  /** Whether it stops at the relay's Receive Maximum. Brokers exist that don't. */
  readonly keepsReceiveMaximum: boolean;
}

/** How a destination treats what it gets. */
export type DestinationPlan =
  "takes" | "neverAcknowledges" | "neverReads" | "keepsOldest" | "keepsSome" | "refuses" | "refusesForGood" | "away";

/** Of so many messages one is kept by a destination that keeps some. */
const keptOf = 100;

const [typeConnect, typePublish, typePuback, typeSubscribe, typePingreq, typeUnsubscribe] = [1, 3, 4, 8, 12, 10];
/** Zeros that payloads are made of: the same for all, so that this side needs no memory. */
const filler = Buffer.alloc(1024 * 1024, 0x20);
/** Messages that a broker holds for a client that asked for fewer at a time. */
const windowAtMost = 65_535;

/** Bytes of a packet's body that are looked at: the longest topic, and what stands before it. */
const headBytes = 65_540;

/** Takes one packet: its first byte, and its body as far as it is looked at. */
type OnPacket = (first: number, head: Buffer) => void;

/** Cuts a stream into packets and keeps nothing of large ones but their head. */
class PacketStream {
  readonly #onPacket: OnPacket;
  #first = -1;
  #length = 0;
  #shift = 0;
  #hasLength = false;
  #parts: Buffer[] = [];
  #kept = 0;
  #passed = 0;

  constructor(onPacket: OnPacket) {
    this.#onPacket = onPacket;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#first < 0) this.#first = chunk[at++] ?? 0;
      else if (!this.#hasLength) {
        const byte = chunk[at++] ?? 0;
        this.#length += (byte & 0x7f) * 2 ** this.#shift;
        this.#shift += 7;
        this.#hasLength = (byte & 0x80) === 0;
      } else {
        const end = Math.min(chunk.length, at + this.#length - this.#passed);
        if (this.#kept < headBytes) this.#parts.push(chunk.subarray(at, end));
        this.#kept += end - at;
        this.#passed += end - at;
        at = end;
      }
      if (this.#hasLength && this.#passed === this.#length) this.#finish();
    }
  }

  #finish(): void {
    const [only] = this.#parts;
    const head = this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts);
    const first = this.#first;
    this.#first = -1;
    this.#length = this.#shift = this.#kept = this.#passed = 0;
    this.#hasLength = false;
    this.#parts = [];
    this.#onPacket(first, head);
  }
}

abstract class RawBroker {
  readonly #server: Server;
  protected readonly sockets = new Set<Socket>();

  constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("error", () => undefined);
      this.serve(socket);
    });
  }

  async listen(port = 0): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  protected abstract serve(socket: Socket): void;
}

/** A broker whose publishers do their worst: each client that subscribes gets what the plan says, without an end. */
export class FloodSource extends RawBroker {
  readonly #plan: FloodPlan;
  /** Messages that were written. */
  sent = 0;
  acknowledged = 0;
  /** While false, nothing but {@link probe} is sent. */
  isFlooding = true;
  #topics = 0;
  readonly #probes = new Map<Socket, () => void>();

  constructor(plan: FloodPlan) {
    super();
    this.#plan = plan;
  }

  /** Sends one small message to each client, that says to which. */
  probe(): void {
    for (const send of this.#probes.values()) send();
  }

  protected serve(socket: Socket): void {
    let clientId = "";
    let window = windowAtMost;
    let unacknowledged = 0;
    let packetId = 0;
    let isSubscribed = false;
    let isWriting = false;
    const nextId = () => (packetId = (packetId % 65_535) + 1);
    const pump = async () => {
      if (isWriting) return;
      isWriting = true;
      while (isSubscribed && this.isFlooding && !socket.destroyed) {
        if (this.#plan.qos === 1 && unacknowledged >= (this.#plan.keepsReceiveMaximum ? window : windowAtMost)) break;
        unacknowledged++;
        this.sent++;
        await this.#write(socket, nextId());
      }
      isWriting = false;
    };
    this.#probes.set(socket, () => {
      if (isSubscribed && !isWriting) writeSmall(socket, `probe ${clientId}`, 1, nextId());
    });
    socket.on("close", () => this.#probes.delete(socket));
    const packets = new PacketStream((first, head) => {
      switch (first >> 4) {
        case typeConnect:
          window = receiveMaximumOf(head);
          clientId = clientIdOf(head);
          socket.write(connack);
          break;
        case typeSubscribe:
          socket.write(answerAll(0x90, head, this.#plan.qos));
          isSubscribed = true;
          break;
        case typeUnsubscribe:
          socket.write(answerAll(0xb0, head, 0));
          break;
        case typePuback:
          this.acknowledged++;
          unacknowledged = Math.max(0, unacknowledged - 1);
          break;
        case typePingreq:
          if (!isWriting) socket.write(pingresp);
          break;
      }
    });
    socket.on("data", (chunk: Buffer) => {
      packets.push(chunk);
      void pump();
    });
  }

  async #write(socket: Socket, packetId: number): Promise<void> {
    const { qos, propertyBytes, payloadBytes, topicBytes, isWide } = this.#plan;
    const start = `t/${++this.#topics}/`;
    const topic = isWide
      ? start.padEnd(start.length + Math.floor(Math.max(0, topicBytes() - start.length) / 3), "€")
      : `t/${this.#topics}`.padEnd(Math.max(4, topicBytes()), "x");
    let left = payloadBytes();
    socket.write(encodePublishHead(topic, qos, packetId, propertyBytes, left));
    for (; left > 0; left -= filler.length) {
      const isTaken = socket.write(left < filler.length ? filler.subarray(0, left) : filler);
      if (!isTaken && !socket.destroyed) await drained(socket);
    }
    if (socket.writableNeedDrain && !socket.destroyed) await drained(socket);
    // Lets others have their turn, and reads what has come.
    if (this.sent % 64 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A broker that gets what the relay forwards. */
export class FloodDestination extends RawBroker {
  plan: DestinationPlan;
  received = 0;
  readonly #flowing = new Set<string>();

  constructor(plan: DestinationPlan) {
    super();
    this.plan = plan;
  }

  /** Clients of the source whose probes have come. */
  get flowing(): number {
    return this.#flowing.size;
  }

  /** Takes everything from here on; connections that were treated badly are ended. */
  turnGood(): void {
    this.plan = "takes";
    for (const socket of this.sockets) socket.destroy();
  }

  protected serve(socket: Socket): void {
    if (this.plan === "away") {
      socket.destroy();
      return;
    }
    let isFirst = true;
    const packets = new PacketStream((first, head) => {
      switch (first >> 4) {
        case typeConnect:
          socket.write(connack);
          break;
        case typePingreq:
          socket.write(pingresp);
          break;
        case typePublish:
          this.#take(socket, first, head, isFirst);
          isFirst = false;
          if (this.plan === "neverReads") socket.pause();
          break;
      }
    });
    socket.on("data", (chunk: Buffer) => {
      packets.push(chunk);
    });
  }

  /** Reason code of a PUBACK. Whoever refuses dead letters too has asked for a dataflow that stops. */
  #codeFor(head: Buffer, topicEnd: number): number {
    if (this.plan === "refuses") return 0x97;
    return this.plan === "refusesForGood" && head.toString("latin1", 2, topicEnd) !== "dead" ? 0x99 : 0;
  }

  #take(socket: Socket, first: number, head: Buffer, isFirst: boolean): void {
    this.received++;
    const topicEnd = 2 + head.readUInt16BE(0);
    const text = head.length < 400 ? head.toString("latin1", topicEnd) : "";
    const probe = /probe (\S+)$/.exec(text)?.[1];
    if (probe !== undefined) this.#flowing.add(probe);
    if ((first & 6) === 0 || this.plan === "neverAcknowledges" || this.plan === "neverReads") return;
    if (this.plan === "keepsOldest" && isFirst) return;
    if (this.plan === "keepsSome" && this.received % keptOf === 0) return;
    const packetId = head.readUInt16BE(topicEnd);
    socket.write(Buffer.from([0x40, 3, packetId >> 8, packetId & 0xff, this.#codeFor(head, topicEnd)]));
  }
}

const connack = Buffer.from([0x20, 3, 0, 0, 0]);
const pingresp = Buffer.from([0xd0, 0]);

async function drained(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}

/** Receive Maximum of a CONNECT, whose properties are fewer than 128 bytes. */
function receiveMaximumOf(head: Buffer): number {
  const properties = 10;
  const end = properties + 1 + (head[properties] ?? 0);
  for (let at = properties + 1; at < end; at += 5) {
    if (head[at] === 0x21) return head.readUInt16BE(at + 1);
    if (head[at] !== 0x11) break;
  }
  return windowAtMost;
}

/** SUBACK or UNSUBACK with one code for each filter. */
function answerAll(type: number, head: Buffer, code: number): Buffer {
  const optionBytes = type === 0x90 ? 1 : 0;
  let filters = 0;
  for (let at = 3 + (head[2] ?? 0); at < head.length; filters++) at += 2 + head.readUInt16BE(at) + optionBytes;
  const codes = Buffer.alloc(filters, code);
  return Buffer.concat([Buffer.from([type, 3 + filters, head[0] ?? 0, head[1] ?? 0, 0]), codes]);
}

function encodeVariable(value: number): number[] {
  const encoded: number[] = [];
  do {
    const rest = value >>> 7;
    encoded.push((value & 0x7f) | (rest > 0 ? 0x80 : 0));
    value = rest;
  } while (value > 0);
  return encoded;
}

function encodePublishHead(
  topic: string,
  qos: number,
  packetId: number,
  propertyBytes: number,
  payload: number,
): Buffer {
  const value = Buffer.alloc(propertyBytes, 0x70);
  const property =
    propertyBytes === 0
      ? Buffer.alloc(0)
      : Buffer.concat([Buffer.from([0x26, 0, 1, 0x6b, propertyBytes >> 8, propertyBytes & 0xff]), value]);
  const encodedTopic = Buffer.from(topic);
  const head = Buffer.concat([
    Buffer.from([encodedTopic.length >> 8, encodedTopic.length & 0xff]),
    encodedTopic,
    Buffer.from(qos === 0 ? [] : [packetId >> 8, packetId & 0xff]),
    Buffer.from(encodeVariable(property.length)),
    property,
  ]);
  return Buffer.concat([Buffer.from([0x30 | (qos << 1), ...encodeVariable(head.length + payload)]), head]);
}

function writeSmall(socket: Socket, payload: string, qos: number, packetId: number): void {
  socket.write(Buffer.concat([encodePublishHead("probe/x", qos, packetId, 0, payload.length), Buffer.from(payload)]));
}

/** Client identifier of a CONNECT, whose properties are fewer than 128 bytes. */
function clientIdOf(head: Buffer): string {
  const at = 11 + (head[10] ?? 0);
  return head.toString("utf8", at + 2, at + 2 + head.readUInt16BE(at));
}
