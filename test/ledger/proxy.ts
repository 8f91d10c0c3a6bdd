import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

import { Framer } from "./packets.ts";

/** Who sent a packet: the relay, or its broker. */
export type Direction = "toBroker" | "toRelay";

/**
 * Sees each packet: what the relay sends, as it arrives here, whatever becomes of it then; what the broker sends, at the
 * moment when it is passed on to the relay. `true` passes it on, `false` swallows it, other bytes take its place.
 */
export type PacketFilter = (
  packet: { readonly bytes: Buffer; readonly start: number; readonly body: number; readonly end: number },
  direction: Direction,
  connection: number,
) => boolean | Buffer;

export interface ProxyEvents {
  readonly filter: PacketFilter;
  /** The relay's side of a connection has closed. */
  readonly onEnd: (connection: number) => void;
}

interface Pair {
  readonly relay: Socket;
  readonly broker: Socket;
}

/** A TCP proxy between the relay and one broker, which passes MQTT packets on, or does not. */
export class Proxy {
  readonly #server: Server;
  readonly #brokerPort: number;
  readonly #events: ProxyEvents;
  readonly #pairs = new Map<number, Pair>();
  #connections = 0;
  #isSilent = false;
  #delayMs = 0;
  #bytesPerSecond = Infinity;

  private constructor(server: Server, brokerPort: number, events: ProxyEvents) {
    this.#server = server;
    this.#brokerPort = brokerPort;
    this.#events = events;
    server.on("connection", (socket) => {
      this.#accept(socket);
    });
  }

  static async open(brokerPort: number, events: ProxyEvents): Promise<Proxy> {
    const server = createServer({ noDelay: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Proxy(server, brokerPort, events);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Whether the relay has a connection open, or one that closed has bytes left to read. */
  get isInUse(): boolean {
    return this.#pairs.size > 0;
  }

  /** Closes every connection: in order, or as a reset. */
  cut(how: "end" | "reset"): void {
    for (const { relay, broker } of this.#pairs.values()) {
      for (const socket of [relay, broker]) {
        if (how === "reset") socket.resetAndDestroy();
        else socket.destroy();
      }
    }
  }

  /** Keeps every connection open and passes nothing on, as a network does that lost its route; or passes on again. */
  setSilent(isSilent: boolean): void {
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    // What was swallowed is missing in the middle of these streams.
    if (!isSilent) this.cut("reset");
  }

  /** Passes packets on late, or slowly; without arguments as fast as it can. */
  setPace({ delayMs = 0, bytesPerSecond = Infinity } = {}): void {
    this.#delayMs = delayMs;
    this.#bytesPerSecond = bytesPerSecond;
  }

  close(): void {
    this.#server.close();
    this.cut("end");
  }

  #accept(relay: Socket): void {
    const broker = connect({ port: this.#brokerPort, host: "127.0.0.1", noDelay: true });
    const number = ++this.#connections;
    this.#pairs.set(number, { relay, broker });
    this.#passToBroker(number, relay, broker);
    this.#passToRelay(number, relay, broker);
    relay.on("close", () => {
      this.#pairs.delete(number);
      this.#events.onEnd(number);
      broker.destroySoon();
    });
    broker.on("close", () => {
      relay.destroySoon();
    });
    // Their "close" follows.
    relay.on("error", () => undefined);
    broker.on("error", () => undefined);
  }

  #passToBroker(number: number, relay: Socket, broker: Socket): void {
    const framer = new Framer();
    relay.on("data", (chunk: Buffer) => {
      const parts = this.#filterAll(framer, chunk, "toBroker", number);
      if (this.#isSilent) return;
      this.#inTime(relay, chunk.length, () => {
        writeAll(broker, parts);
      });
    });
  }

  #passToRelay(number: number, relay: Socket, broker: Socket): void {
    const framer = new Framer();
    broker.on("data", (chunk: Buffer) => {
      if (this.#isSilent) return;
      this.#inTime(broker, chunk.length, () => {
        if (relay.destroyed || this.#isSilent) return;
        writeAll(relay, this.#filterAll(framer, chunk, "toRelay", number));
      });
    });
  }

  #inTime(from: Socket, bytes: number, act: () => void): void {
    const waitMs = this.#delayMs + (bytes / this.#bytesPerSecond) * 1000;
    if (waitMs < 1) {
      act();
      return;
    }
    from.pause();
    setTimeout(() => {
      act();
      from.resume();
    }, waitMs);
  }

  /** What is to be passed on of a chunk; what lies side by side in one piece. */
  #filterAll(framer: Framer, chunk: Buffer, direction: Direction, number: number): Buffer[] {
    const parts: Buffer[] = [];
    let whole: Buffer | undefined;
    let from = 0;
    let to = 0;
    const flush = () => {
      if (whole !== undefined && to > from) parts.push(whole.subarray(from, to));
      from = to;
    };
    framer.push(chunk, (bytes, start, body, end) => {
      const verdict = this.#events.filter({ bytes, start, body, end }, direction, number);
      if (whole !== bytes || start !== to) {
        flush();
        whole = bytes;
        from = to = start;
      }
      if (verdict === true) {
        to = end;
        return;
      }
      flush();
      from = to = end;
      if (verdict !== false) parts.push(verdict);
    });
    flush();
    return parts;
  }
}

function writeAll(socket: Socket, parts: readonly Buffer[]): void {
  if (socket.destroyed || parts.length === 0) return;
  socket.cork();
  for (const part of parts) socket.write(part);
  socket.uncork();
}
