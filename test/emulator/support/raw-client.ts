import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";

import { generate, parser as createParser } from "mqtt-packet";
import type {
  IAuthPacket,
  IConnackPacket,
  IConnectPacket,
  IDisconnectPacket,
  IPubackPacket,
  IPublishPacket,
  ISubackPacket,
  ISubscription,
  IUnsubackPacket,
  Packet,
} from "mqtt-packet";

import type { ListenerAddress } from "../../../emulator/network/listeners.ts";
import { PacketFramer } from "../../../emulator/packet/framer.ts";
import { serverFault } from "./server-packets.ts";

interface PacketsByCommand {
  connack: IConnackPacket;
  publish: IPublishPacket;
  puback: IPubackPacket;
  suback: ISubackPacket;
  unsuback: IUnsubackPacket;
  disconnect: IDisconnectPacket;
  auth: IAuthPacket;
  pingresp: Packet;
}

/** TLS as a client sees it. */
export interface ClientTls {
  readonly ca: string;
  /** Host name in SNI; absent: none is sent. */
  readonly serverName?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** What brokers sent against the standard since the last {@link takeServerFaults}. */
const serverFaults: string[] = [];

/** Takes what brokers sent against the standard; `closeBrokers` fails the test by it. */
export function takeServerFaults(): string[] {
  return serverFaults.splice(0);
}

/**
 * An MQTT 5 client that does exactly what it is told, mistakes included. What it receives is judged as the standard says.
 */
export class RawClient {
  /** Whether a packet against the standard fails the test; off for faults that a test asks for. */
  judges = true;
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  readonly #stream: Duplex;
  readonly #received: { packet: Packet; bytes: Buffer }[] = [];
  #wake: () => void = () => undefined;
  #isClosed = false;
  #authenticationMethod = "";

  private constructor(stream: Duplex) {
    this.#stream = stream;
    const parser = createParser({ protocolVersion: 5 });
    let bytes = Buffer.alloc(0);
    parser.on("packet", (packet) => this.#received.push({ packet, bytes }));
    const framer = new PacketFramer({
      maxPacketBytes: () => Infinity,
      onPacket: (frame) => {
        bytes = Buffer.from(frame);
        const fault = this.judges ? serverFault(bytes, this.#authenticationMethod) : undefined;
        if (fault !== undefined) serverFaults.push(fault);
        parser.parse(bytes);
      },
    });
    stream.on("data", (chunk: Buffer) => {
      framer.push(chunk);
      this.#wake();
    });
    stream.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      stream.once("close", () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  static open({ host, port }: ListenerAddress, tls?: ClientTls): RawClient {
    if (!tls) return new RawClient(connectTcp({ host, port, noDelay: true }));
    const { ca, serverName, certificate, key } = tls;
    const identity = certificate === undefined ? {} : { cert: certificate, key };
    const name = serverName === undefined ? { servername: "" } : { servername: serverName };
    return new RawClient(connectTls({ host, port, ca, checkServerIdentity: () => undefined, ...identity, ...name }));
  }

  /** Opens a connection and sends CONNECT. */
  static async connect(
    address: ListenerAddress,
    connect: Partial<IConnectPacket> & { clientId: string },
    tls?: ClientTls,
  ): Promise<{ client: RawClient; connack: IConnackPacket }> {
    const client = RawClient.open(address, tls);
    client.send({ cmd: "connect", protocolVersion: 5, clean: true, keepalive: 0, ...connect });
    return { client, connack: await client.next("connack") };
  }

  send(packet: Packet): void {
    if (packet.cmd === "connect") this.#authenticationMethod = packet.properties?.authenticationMethod ?? "";
    this.sendBytes(generate(packet, { protocolVersion: 5 }));
  }

  sendBytes(bytes: Buffer): void {
    this.#stream.write(bytes);
  }

  publish(topic: string, packet: Partial<IPublishPacket> = {}): void {
    const { qos = 0, payload = "payload" } = packet;
    this.send({ cmd: "publish", dup: false, retain: false, ...packet, topic, qos, payload });
  }

  async subscribe(subscriptions: ISubscription[], messageId = 1): Promise<ISubackPacket> {
    this.send({ cmd: "subscribe", messageId, subscriptions });
    return this.next("suback");
  }

  puback(messageId: number, reasonCode = 0): void {
    this.send({ cmd: "puback", messageId, reasonCode });
  }

  /** Takes the next packet of this kind; others stay for later. */
  async next<K extends keyof PacketsByCommand>(cmd: K): Promise<PacketsByCommand[K]> {
    return (await this.nextRaw(cmd)).packet;
  }

  /** Takes the next packet of this kind together with its bytes. */
  async nextRaw<K extends keyof PacketsByCommand>(cmd: K): Promise<{ packet: PacketsByCommand[K]; bytes: Buffer }> {
    for (;;) {
      const index = this.#received.findIndex(({ packet }) => packet.cmd === cmd);
      const [found] = index === -1 ? [] : this.#received.splice(index, 1);
      if (found) return found as { packet: PacketsByCommand[K]; bytes: Buffer };
      if (this.#isClosed) throw new Error(`the connection was closed before a ${cmd} came`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** How many packets of this kind came and were not taken. */
  count(cmd: keyof PacketsByCommand): number {
    return this.#received.filter(({ packet }) => packet.cmd === cmd).length;
  }

  /** The kinds of packets that came and were not taken, in their order. */
  kinds(): string[] {
    return this.#received.map(({ packet }) => packet.cmd);
  }

  /** Waits until the broker has handled everything that was sent. */
  async settle(): Promise<void> {
    this.send({ cmd: "pingreq" });
    await this.next("pingresp");
  }

  /** Resets the connection, as a crashed client does. */
  async drop(): Promise<void> {
    this.#stream.destroy();
    await this.closed;
  }

  /** Says good-bye. */
  async end(reasonCode = 0): Promise<void> {
    this.send({ cmd: "disconnect", reasonCode });
    await this.closed;
  }
}
