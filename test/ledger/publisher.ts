import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import { topicCount, underWay, type Ledger } from "./ledger.ts";
import { encodeConnect, Framer, PacketType, publishOverheadBytes, reasonOf, typeOf, writePublish } from "./packets.ts";
import { between, createRandom } from "./random.ts";

const tickMs = 4;
const reconnectMs = 20;
/** Message 0 of a schedule has packet identifier 1; with the window, no identifier is used twice at a time. */
const packetIds = 65_535;

export const topics = Array.from({ length: topicCount }, (_, index) =>
  index === topicCount - 1 ? `side/${index}` : `ledger/${index}`,
);

export interface PublisherOptions {
  readonly port: number;
  readonly messages: number;
  readonly seed: number;
  readonly messagesPerSecond: number;
  /** Most bytes of a message beyond its number. */
  readonly fillerBytes: number;
  readonly ledger: Ledger;
  /** How many more messages the source's sessions have room for at this time. */
  readonly room: () => number;
}

/** Publishes numbered messages with QoS 1, and those again that its broker did not acknowledge before it went away. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #topics = topics.map((topic) => Buffer.from(topic));
  readonly #fillers: Uint16Array;
  readonly #accepted: Uint8Array;
  /** The first message that is not acknowledged, the first that was not sent on this connection, or never. */
  #oldest = 0;
  #next = 0;
  #neverSent = 0;
  #due = 0;
  #released = 0;
  #socket: Socket | undefined;
  #isStopped = false;
  #lastMs = performance.now();
  readonly #ticking: NodeJS.Timeout;

  constructor(options: PublisherOptions) {
    const { messages, seed, fillerBytes } = options;
    const random = createRandom(seed);
    this.#options = options;
    this.#accepted = new Uint8Array(messages);
    this.#fillers = Uint16Array.from({ length: messages }, () => between(random, 0, fillerBytes));
    this.#ticking = setInterval(() => {
      this.#tick();
    }, tickMs);
    void this.#run();
  }

  /** Lets it publish up to so many messages. */
  release(messages: number): void {
    this.#released = Math.min(messages, this.#options.messages);
  }

  /** Lets it publish so many messages more than it may now. */
  releaseMore(messages: number): void {
    this.release(this.#released + messages);
  }

  /** The first message that its broker has not acknowledged. */
  get oldest(): number {
    return this.#oldest;
  }

  /** Messages that were released and that its broker has not acknowledged. */
  get unacknowledged(): number {
    return this.#released - this.#oldest;
  }

  /** Whether everything that was released was acknowledged. */
  get isDone(): boolean {
    return this.#oldest >= this.#released;
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#ticking);
    this.#socket?.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#connectOnce();
      await delay(reconnectMs);
    }
  }

  async #connectOnce(): Promise<void> {
    await new Promise<void>((resolve) => {
      const socket = connect({ port: this.#options.port, host: "127.0.0.1", noDelay: true });
      const framer = new Framer();
      socket.write(encodeConnect("publisher"));
      socket.on("error", () => undefined); // its "close" follows
      socket.on("data", (chunk: Buffer) => {
        framer.push(chunk, (bytes, start, body, end) => {
          const type = typeOf(bytes, start);
          if (type === PacketType.connack && bytes[body + 1] === 0) {
            this.#socket = socket;
            this.#next = this.#oldest;
          }
          if (type === PacketType.puback && reasonOf(bytes, body, end) < 0x80) this.#onPuback(bytes.readUInt16BE(body));
        });
        this.#pump();
      });
      socket.on("close", () => {
        this.#socket = undefined;
        resolve();
      });
    });
  }

  #onPuback(packetId: number): void {
    const first = this.#oldest - ((this.#oldest % packetIds) + 1);
    const message = [first + packetId, first + packetId + packetIds].find((number) => number >= this.#oldest);
    if (message === undefined || message >= this.#next) return;
    this.#accepted[message] = 1;
    this.#options.ledger.noteAccepted(message);
    while (this.#oldest < this.#next && this.#accepted[this.#oldest] === 1) this.#oldest++;
  }

  #tick(): void {
    const now = performance.now();
    const elapsedSeconds = (now - this.#lastMs) / 1000;
    this.#lastMs = now;
    // What a broker that was away has missed is not made up for.
    const mostDue = this.#neverSent + underWay;
    this.#due = Math.min(this.#due + this.#options.messagesPerSecond * elapsedSeconds, mostDue, this.#released);
    this.#pump();
  }

  #pump(): void {
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    const room = this.#options.room();
    const end = Math.min(Math.floor(this.#due), this.#oldest + underWay, this.#neverSent + room);
    if (this.#next >= end) return;
    const bytes = Buffer.allocUnsafe((end - this.#next) * (publishOverheadBytes + this.#options.fillerBytes + 10));
    let position = 0;
    for (; this.#next < end; this.#next++) {
      const message = this.#next;
      // In a window that a broker left behind, some were acknowledged.
      if (this.#accepted[message] === 1) continue;
      this.#options.ledger.notePublished(message);
      position = writePublish(bytes, position, {
        topic: this.#topics[message % topicCount] ?? Buffer.alloc(0),
        packetId: (message % packetIds) + 1,
        message,
        fillerBytes: this.#fillers[message] ?? 0,
        hasExpiry: message % 4 === 0,
      });
    }
    this.#neverSent = Math.max(this.#neverSent, this.#next);
    socket.write(bytes.subarray(0, position));
  }
}
