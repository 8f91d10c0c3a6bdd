import { readFileSync } from "node:fs";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import { generate, type Packet } from "mqtt-packet";

import type { BrokerSide, Route } from "./peer.ts";

/**
 * The limit of a bridge on Node.js: the bytes of two connections, passed on as they are. It opens both connections, subscribes,
 * and from then on knows nothing of MQTT: what one read brings, 64 KiB at most, is one write.
 *
 * Both brokers see a client that keeps to MQTT 5: the source's PUBLISH goes to the destination with its packet identifier,
 * and the destination's PUBACK comes back to the source with the same one.
 *
 * Argument: a file with a {@link Route}.
 */
const route = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as Route;
const bufferBytes = 64 * 1024;
const protocolVersion = 5;
const sessionExpirySeconds = 3600;

/** A connection that reads into one buffer, and again only once its bytes were taken. */
class Connection {
  readonly socket: Socket;
  /** Takes bytes that have come; `false`: the buffer is in use until the socket is resumed. */
  #take: (bytes: Buffer) => boolean = () => true;

  constructor({ port, caFile }: BrokerSide) {
    const buffer = Buffer.allocUnsafeSlow(bufferBytes);
    const onread = { buffer, callback: (count: number) => this.#take(buffer.subarray(0, count)) };
    const address = { host: "127.0.0.1", port, onread };
    this.socket = caFile === undefined ? connectPlain(address) : connectTls({ ...address, ca: readFileSync(caFile) });
    this.socket.setNoDelay(true);
    this.socket.on("error", (error) => {
      throw error;
    });
    this.socket.on("close", () => process.exit());
  }

  /** Sends a packet and waits for its answer, which is a packet of fewer than 128 bytes. What comes behind it is dropped. */
  ask(packet: Packet): Promise<void> {
    return new Promise((resolve) => {
      let answer = Buffer.alloc(0);
      this.#take = (bytes) => {
        answer = Buffer.concat([answer, bytes]);
        if (answer.length >= 2 + (answer[1] ?? 0)) resolve();
        return true;
      };
      this.socket.write(generate(packet, { protocolVersion }));
    });
  }

  /** Writes what comes to another connection, without a copy. */
  passOnTo({ socket: to }: Connection): void {
    let isInUse = false;
    const onWritten = () => {
      if (isInUse) this.socket.resume();
      isInUse = false;
    };
    this.#take = (bytes) => {
      to.write(bytes, onWritten);
      isInUse = to.writableLength > 0; // 0: the system has taken all of it at once
      return !isInUse;
    };
  }

  /** The same with TLS, which hands over what it has decrypted, also while nothing more is read; so it is copied. */
  passCopiesOnTo({ socket: to }: Connection): void {
    let isWaiting = false;
    to.on("drain", () => {
      isWaiting = false;
      this.socket.resume();
    });
    this.#take = (bytes) => {
      isWaiting = !to.write(Buffer.from(bytes));
      return !isWaiting;
    };
  }
}

async function open(side: BrokerSide, clientId: string): Promise<Connection> {
  const connection = new Connection(side);
  await connection.ask({
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion,
    clientId,
    clean: false,
    keepalive: 0,
    properties: { receiveMaximum: route.window, sessionExpiryInterval: sessionExpirySeconds },
  });
  return connection;
}

const source = await open(route.source, "limit-node-source");
const destination = await open(route.destination, "limit-node-destination");
const subscriptions = route.filters.map((topic) => ({ topic, qos: route.qos, rap: true }));
await source.ask({ cmd: "subscribe", messageId: 1, subscriptions });
for (const [from, to] of [
  [source, destination],
  [destination, source],
] as const) {
  if (route.source.caFile === undefined) from.passOnTo(to);
  else from.passCopiesOnTo(to);
}
