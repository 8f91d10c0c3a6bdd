import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { createServer as createTlsServer, type Server as TlsServer, type TlsOptions } from "node:tls";

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
  /** The relay's side of a connection has closed; whether the relay began it, and nothing had happened to the connection. */
  readonly onEnd: (connection: number, isByRelay: boolean) => void;
}

export interface ProxyOptions {
  readonly brokerPort: number;
  /** One door for each instance of the relay, so that it is known whose connection one is. */
  readonly doors: readonly ProxyEvents[];
  /** The proxy ends TLS, so that it can read what passes; to its broker it is plain. Omitted: plain TCP. */
  readonly tls?: TlsOptions | undefined;
}

/** How fast a link is. */
export interface Pace {
  readonly delayMs?: number;
  readonly bytesPerSecond?: number;
}

interface Pair {
  readonly door: number;
  readonly relay: Socket;
  readonly broker: Socket;
  /** Nothing of it is passed on any more, while others may. */
  isSilent: boolean;
  /** Whether it was broken: ended from this side, silent, or so slow that nobody can tell it from one that is. */
  isBroken: boolean;
}

/** A chunk of 64 KB is read at once: on a link that is slower the relay sees no progress within its keep-alive. */
const slowestBytesPerSecond = 80_000;

/** A slow link passes on what it can in this time at once. */
const sliceMs = 20;

/** A proxy between the relay's instances and one broker, which passes MQTT packets on, or does not. */
export class Proxy {
  readonly #options: ProxyOptions;
  readonly #servers: readonly Server[];
  readonly #pairs = new Map<number, Pair>();
  /** Connections to the broker whose relay is gone, and it does not know. */
  readonly #halfOpen = new Set<Socket>();
  #connections = 0;
  #isSilent = false;
  #isClosedToNew = false;
  #pace: Required<Pace> = { delayMs: 0, bytesPerSecond: Infinity };

  private constructor(servers: readonly Server[], options: ProxyOptions) {
    this.#servers = servers;
    this.#options = options;
  }

  static async open(options: ProxyOptions): Promise<Proxy> {
    const accepts: ((socket: Socket) => void)[] = [];
    const servers = options.doors.map((_, door) =>
      createServer({ noDelay: true }, (socket) => accepts[door]?.(socket)).listen(0, "127.0.0.1"),
    );
    await Promise.all(servers.map((server) => once(server, "listening")));
    const proxy = new Proxy(servers, options);
    for (const door of options.doors.keys()) accepts.push(proxy.#acceptor(door));
    return proxy;
  }

  /** Where an instance connects to. */
  port(door: number): number {
    return (this.#servers[door]?.address() as AddressInfo).port;
  }

  /** Connections so far. Their numbers grow. */
  get connections(): number {
    return this.#connections;
  }

  /** The connection that was opened last, if it still is. */
  get newest(): number | undefined {
    return this.#pairs.has(this.#connections) ? this.#connections : undefined;
  }

  /** Whether an instance has a connection open, or one that closed has bytes left to read. */
  isInUse(door: number): boolean {
    return [...this.#pairs.values()].some((pair) => pair.door === door);
  }

  /** The connections that an instance has open, for whoever looks for what keeps one. */
  describe(door: number): string {
    const show = ({ destroyed, readableEnded, readableFlowing, readableLength, writableLength }: Socket) =>
      JSON.stringify({ destroyed, readableEnded, readableFlowing, readableLength, writableLength });
    return [...this.#pairs]
      .filter(([, pair]) => pair.door === door)
      .map(([number, { relay, broker }]) => `connection ${number}: relay ${show(relay)}, broker ${show(broker)}`)
      .join(", ");
  }

  /** Closes every connection, or those that are chosen: in order, or as a reset (with TLS always without a word). */
  cut(how: "end" | "reset", isChosen: (connection: number) => boolean = () => true): void {
    for (const [number, pair] of this.#pairs) {
      if (!isChosen(number)) continue;
      const { relay, broker } = pair;
      pair.isBroken = true;
      for (const socket of [relay, broker]) {
        // A reset beneath TLS that is open ends Node.js 24.21. One of a socket that is being shut down is refused, and would
        // leave it open, without a "close".
        const isShuttingDown = socket.writableEnded && !socket.writableFinished;
        const canReset = !isShuttingDown && (socket === broker || this.#options.tls === undefined);
        if (how === "reset" && canReset) socket.resetAndDestroy();
        else socket.destroy();
      }
    }
  }

  /** Takes no new connection, as a broker that is away; or takes them again. */
  setClosedToNew(isClosed: boolean): void {
    this.#isClosedToNew = isClosed;
  }

  /** Keeps every connection open and passes nothing on, as a network does that lost its route; or passes on again. */
  setSilent(isSilent: boolean): void {
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    this.noteBroken();
    // What was swallowed is missing in the middle of these streams.
    if (!isSilent) this.cut("reset");
  }

  /** Passes nothing more on of today's connections: the relay has to find out by itself, and new ones work. */
  silenceOpen(): void {
    for (const pair of this.#pairs.values()) pair.isSilent = true;
    this.noteBroken();
  }

  /** The broker behind it does nothing for today's connections: the relay may end them. */
  noteBroken(): void {
    for (const pair of this.#pairs.values()) pair.isBroken = true;
  }

  /** Passes packets on late, or slowly; without arguments as fast as it can. */
  setPace({ delayMs = 0, bytesPerSecond = Infinity }: Pace = {}): void {
    this.#pace = { delayMs, bytesPerSecond };
  }

  close(): void {
    for (const server of this.#servers) server.close();
    this.cut("end");
    for (const broker of this.#halfOpen) broker.destroy();
  }

  /** Takes an instance's connections, TLS ended where there is TLS. */
  #acceptor(door: number): (socket: Socket) => void {
    const { tls } = this.#options;
    let secured: TlsServer | undefined;
    if (tls !== undefined) {
      secured = createTlsServer(tls, (socket) => {
        this.#accept(door, socket);
      });
      // What fails in the handshake the relay has to say, and tries again.
      secured.on("tlsClientError", () => undefined);
    }
    return (socket) => {
      socket.on("error", () => undefined); // its "close" follows
      if (this.#isClosedToNew) socket.destroy();
      else if (secured === undefined) this.#accept(door, socket);
      else secured.emit("connection", socket);
    };
  }

  #accept(door: number, relay: Socket): void {
    const broker = connect({ port: this.#options.brokerPort, host: "127.0.0.1", noDelay: true });
    const number = ++this.#connections;
    const pair = { door, relay, broker, isSilent: false, isBroken: this.#isSilent };
    this.#pairs.set(number, pair);
    this.#passToBroker(number, pair);
    this.#passToRelay(number, pair);
    relay.on("close", () => {
      this.#pairs.delete(number);
      this.#options.doors[door]?.onEnd(number, !pair.isBroken);
      // On a link that is dead no end gets through either: the broker has to find out by itself.
      if (pair.isSilent || this.#isSilent) this.#halfOpen.add(broker);
      else broker.destroySoon();
    });
    broker.on("close", () => {
      this.#halfOpen.delete(broker);
      if (pair.isSilent || this.#isSilent) return;
      if (!relay.destroyed) pair.isBroken = true;
      relay.destroySoon();
    });
    // Their "close" follows.
    relay.on("error", () => undefined);
    broker.on("error", () => undefined);
  }

  #passToBroker(number: number, pair: Pair): void {
    const { relay, broker } = pair;
    const framer = new Framer();
    relay.on("data", (chunk: Buffer) => {
      const parts = this.#filterAll(framer, chunk, "toBroker", number, pair.door);
      if (this.#isSilent || pair.isSilent) return;
      if (this.#isFast) writeAll(broker, parts);
      else void this.#passSlowly(pair, relay, Buffer.concat(parts), (slice) => broker.destroyed || broker.write(slice));
    });
  }

  #passToRelay(number: number, pair: Pair): void {
    const { relay, broker } = pair;
    const framer = new Framer();
    const pass = (slice: Buffer) => {
      if (relay.destroyed || this.#isSilent || pair.isSilent) return;
      writeAll(relay, this.#filterAll(framer, slice, "toRelay", number, pair.door));
    };
    broker.on("data", (chunk: Buffer) => {
      if (this.#isFast) pass(chunk);
      else void this.#passSlowly(pair, broker, chunk, pass);
    });
  }

  get #isFast(): boolean {
    return this.#pace.delayMs === 0 && this.#pace.bytesPerSecond === Infinity;
  }

  /** Passes a chunk on in small pieces, each in its time, and reads no more meanwhile. */
  async #passSlowly(pair: Pair, from: Socket, chunk: Buffer, pass: (slice: Buffer) => unknown): Promise<void> {
    from.pause();
    pair.isBroken ||= this.#pace.bytesPerSecond < slowestBytesPerSecond;
    await delay(this.#pace.delayMs);
    for (let start = 0; start < chunk.length;) {
      const perSlice = Math.max(1, Math.floor((this.#pace.bytesPerSecond * sliceMs) / 1000));
      const end = Math.min(chunk.length, start + perSlice);
      if (perSlice < Infinity) await delay(((end - start) / this.#pace.bytesPerSecond) * 1000);
      pass(chunk.subarray(start, end));
      start = end;
    }
    from.resume();
  }

  /** What is to be passed on of a chunk; what lies side by side in one piece. */
  #filterAll(framer: Framer, chunk: Buffer, direction: Direction, number: number, door: number): Buffer[] {
    const parts: Buffer[] = [];
    let whole: Buffer | undefined;
    let from = 0;
    let to = 0;
    const flush = () => {
      if (whole !== undefined && to > from) parts.push(whole.subarray(from, to));
      from = to;
    };
    framer.push(chunk, (bytes, start, body, end) => {
      const verdict = this.#options.doors[door]?.filter({ bytes, start, body, end }, direction, number) ?? true;
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
