import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { duplexPair, type Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";

import {
  generate,
  parser as createParser,
  type IAuthPacket,
  type IConnackPacket,
  type IConnectPacket,
  type IDisconnectPacket,
  type IPubackPacket,
  type IPublishPacket,
  type ISubscribePacket,
  type IUnsubscribePacket,
  type Packet,
} from "mqtt-packet";

interface PacketsByCommand {
  connect: IConnectPacket;
  subscribe: ISubscribePacket;
  unsubscribe: IUnsubscribePacket;
  publish: IPublishPacket;
  puback: IPubackPacket;
  disconnect: IDisconnectPacket;
  pingreq: Packet;
  auth: IAuthPacket;
}

const protocolVersion = 5;

/** Encodes packets back to back, as one chunk on the wire. */
export function encode(...packets: Packet[]): Buffer {
  return Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion })));
}

/** Decodes all packets of a piece of bytes. */
export function decode(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  const parser = createParser({ protocolVersion });
  parser.on("packet", (packet) => packets.push(packet));
  parser.on("error", (error) => {
    throw error;
  });
  parser.parse(bytes);
  return packets;
}

/** A CONNACK that accepts. */
export function connack(packet: Partial<IConnackPacket> = {}): IConnackPacket {
  return { cmd: "connack", reasonCode: 0, sessionPresent: false, ...packet };
}

/** The broker's end of one connection: keeps what it reads, says exactly what it is told. */
export class ScriptedBroker {
  /** Every packet that came, those included that were taken by {@link next}. */
  readonly received: Packet[] = [];
  readonly stream: Duplex;
  readonly ended: Promise<void>;
  readonly #untaken: Packet[] = [];
  #wake: () => void = () => undefined;
  #hasEnded = false;

  constructor(stream: Duplex) {
    this.stream = stream;
    const parser = createParser({ protocolVersion });
    parser.on("packet", (packet) => {
      this.received.push(packet);
      this.#untaken.push(packet);
    });
    stream.on("data", (chunk: Buffer) => {
      parser.parse(chunk);
      this.#wake();
    });
    stream.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.#hasEnded = true;
        this.#wake();
        resolve();
      };
      stream.once("end", end);
      stream.once("close", end);
    });
  }

  send(...packets: Packet[]): void {
    this.sendBytes(encode(...packets));
  }

  sendBytes(bytes: Buffer): void {
    this.stream.write(bytes);
  }

  /** Takes the next packet of a kind; others stay for later. */
  async next<K extends keyof PacketsByCommand>(cmd: K): Promise<PacketsByCommand[K]> {
    for (;;) {
      const index = this.#untaken.findIndex((packet) => packet.cmd === cmd);
      if (index >= 0) return this.#untaken.splice(index, 1)[0] as PacketsByCommand[K];
      if (this.#hasEnded) throw new Error(`the connection ended before ${cmd.toUpperCase()} came`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Reads CONNECT and accepts it. */
  async accept(packet: Partial<IConnackPacket> = {}): Promise<IConnectPacket> {
    const connect = await this.next("connect");
    this.send(connack(packet));
    return connect;
  }

  /** Reads SUBSCRIBE and answers with these codes; omitted: with what was asked for. */
  async grant(codes?: number[]): Promise<ISubscribePacket> {
    const subscribe = await this.next("subscribe");
    const granted = codes ?? subscribe.subscriptions.map(({ qos }) => qos);
    this.send({ cmd: "suback", messageId: subscribe.messageId ?? 0, granted });
    return subscribe;
  }

  /** Reads UNSUBSCRIBE and answers with these codes; omitted: each filter was there. */
  async release(codes?: number[]): Promise<IUnsubscribePacket> {
    const unsubscribe = await this.next("unsubscribe");
    const granted = codes ?? unsubscribe.unsubscriptions.map(() => 0);
    this.send({ cmd: "unsuback", messageId: unsubscribe.messageId ?? 0, granted });
    return unsubscribe;
  }

  commands(): string[] {
    return this.received.map(({ cmd }) => cmd);
  }
}

/** A connection in memory: the client's end, and the broker at the other. Each end closes with the other, as sockets do. */
export function connectInMemory(): { client: Duplex; broker: ScriptedBroker } {
  const [client, server] = duplexPair();
  client.allowHalfOpen = server.allowHalfOpen = false;
  client.once("close", () => server.destroy());
  server.once("close", () => client.destroy());
  return { client, broker: new ScriptedBroker(server) };
}

/** A scripted broker that listens on loopback; each connection is a {@link ScriptedBroker}. */
export class ScriptedListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #waiting: ScriptedBroker[] = [];
  #wake: () => void = () => undefined;

  private constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      this.#waiting.push(new ScriptedBroker(socket));
      this.#wake();
    });
  }

  static async open(): Promise<ScriptedListener> {
    const listener = new ScriptedListener();
    listener.#server.listen(0, "127.0.0.1");
    await once(listener.#server, "listening");
    return listener;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Connections that came so far. */
  get count(): number {
    return this.#sockets.size;
  }

  /** Takes the next connection. */
  async next(): Promise<ScriptedBroker> {
    for (;;) {
      const broker = this.#waiting.shift();
      if (broker !== undefined) return broker;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

/** Lets everything happen that needs no timer: what streams in memory have under way takes a few turns. */
export async function settle(): Promise<void> {
  for (let count = 0; count < 8; count++) await turn();
}
