import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

import { PacketReader } from "../../runtime/mqtt/packet-reader.ts";

/** Who sent a packet: the relay, or its broker. */
export type Direction = "toBroker" | "toRelay";

/** Sees each packet before it is passed on; one that it returns nothing for is swallowed, another one takes its place. */
export type PacketFilter = (packet: Buffer, direction: Direction, connection: number) => Buffer | undefined;

interface Pair {
  readonly number: number;
  readonly relay: Socket;
  readonly broker: Socket;
}

/** A TCP proxy between the relay and one broker, which passes MQTT packets on one by one, or does not. */
export class Proxy {
  readonly #server: Server;
  readonly #brokerPort: number;
  readonly #filter: PacketFilter;
  readonly #pairs = new Set<Pair>();
  #connections = 0;
  #isSilent = false;
  #delayMs = 0;
  #bytesPerSecond = Infinity;

  private constructor(server: Server, brokerPort: number, filter: PacketFilter) {
    this.#server = server;
    this.#brokerPort = brokerPort;
    this.#filter = filter;
    server.on("connection", (socket) => {
      this.#accept(socket);
    });
  }

  static async open(brokerPort: number, filter: PacketFilter): Promise<Proxy> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Proxy(server, brokerPort, filter);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Closes every connection: in order, or as a reset. */
  cut(how: "end" | "reset"): void {
    for (const { relay, broker } of this.#pairs) {
      for (const socket of [relay, broker]) {
        if (how === "reset") socket.resetAndDestroy();
        else socket.destroy();
      }
    }
  }

  /** Keeps every connection open and passes nothing on, as a network does that lost its route. */
  async beSilent(durationMs: number): Promise<void> {
    this.#isSilent = true;
    await delay(durationMs);
    this.#isSilent = false;
    // What was swallowed is missing in the middle of these streams.
    this.cut("reset");
  }

  /** Passes packets on late, or slowly. */
  async beSlow(durationMs: number, { delayMs = 0, bytesPerSecond = Infinity }): Promise<void> {
    this.#delayMs = delayMs;
    this.#bytesPerSecond = bytesPerSecond;
    await delay(durationMs);
    this.#delayMs = 0;
    this.#bytesPerSecond = Infinity;
  }

  close(): void {
    this.#server.close();
    this.cut("end");
  }

  #accept(relay: Socket): void {
    const broker = connect(this.#brokerPort, "127.0.0.1");
    const pair = { number: ++this.#connections, relay, broker };
    this.#pairs.add(pair);
    this.#pass(pair, relay, broker, "toBroker");
    this.#pass(pair, broker, relay, "toRelay");
  }

  #pass(pair: Pair, from: Socket, to: Socket, direction: Direction): void {
    const reader = new PacketReader((bytes, start, end) => {
      const packet = this.#filter(Buffer.from(bytes.subarray(start, end)), direction, pair.number);
      if (packet !== undefined && !to.destroyed) to.write(packet);
    });
    let turn = Promise.resolve();
    from.on("data", (chunk: Buffer) => {
      if (this.#isSilent) return;
      const waitMs = this.#delayMs + (chunk.length / this.#bytesPerSecond) * 1000;
      if (waitMs < 1) {
        void (turn = turn.then(() => {
          reader.push(chunk);
        }));
        return;
      }
      from.pause();
      turn = turn.then(async () => {
        await delay(waitMs);
        reader.push(chunk);
        from.resume();
      });
    });
    from.on("error", () => undefined); // its "close" follows
    from.on("close", () => {
      this.#pairs.delete(pair);
      to.destroy();
    });
  }
}
