import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

import type { IConnectPacket, IUnsubscribePacket } from "mqtt-packet";

import { decodeControlPacket, encodeControlPacket, PacketType } from "../../runtime/mqtt/control-packets.ts";
import { PacketReader } from "../../runtime/mqtt/packet-reader.ts";
import { findFreePort } from "../../test/support/free-port.ts";

/** A client's connection to an {@link End}, open from its CONNECT on. */
export interface EndConnection {
  readonly socket: Socket;
  /** QoS 1 messages that the client takes before it acknowledges the first. */
  readonly receiveMaximum: number;
}

/** A packet as it lies in what was read. */
export interface EndPacket {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  readonly headerLength: number;
}

const defaultReceiveMaximum = 65_535;

/**
 * One end of a bridge that is measured: as much of a broker as the benchmark needs, so that the machine's time goes to the
 * bridge. It accepts every client and every subscription, and knows no session. Its connections can be taken away and it can
 * listen again, on the same port.
 */
export abstract class End {
  readonly #receiveMaximum: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  /** @param receiveMaximum QoS 1 messages that a client may send before the first is acknowledged */
  constructor(receiveMaximum: number) {
    this.#receiveMaximum = receiveMaximum;
  }

  get port(): number {
    return this.#port;
  }

  async open(): Promise<void> {
    this.#port ||= await findFreePort();
    const server = createServer({ noDelay: true }, this.#onSocket.bind(this));
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#server = server;
  }

  /** Ends all connections, and accepts none. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  protected onSubscribed?(connection: EndConnection): void;

  protected onPublish?(connection: EndConnection, packet: EndPacket): void;

  protected onPuback?(connection: EndConnection): void;

  /** All packets of one read were handed over. */
  protected onRead?(connection: EndConnection): void;

  #onSocket(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    let connection: EndConnection = { socket, receiveMaximum: defaultReceiveMaximum };
    const reader = new PacketReader((bytes, start, end, headerLength) => {
      const type = (bytes[start] ?? 0) >> 4;
      if (type === PacketType.publish) this.onPublish?.(connection, { bytes, start, end, headerLength });
      else if (type === PacketType.puback) this.onPuback?.(connection);
      else connection = this.#onControl(connection, bytes.subarray(start, end));
    });
    socket.on("data", (chunk) => {
      reader.push(chunk);
      this.onRead?.(connection);
    });
  }

  #onControl(connection: EndConnection, bytes: Buffer): EndConnection {
    const { socket } = connection;
    const packet = decodeControlPacket(bytes);
    if (packet.cmd === "connect") {
      const properties = { receiveMaximum: this.#receiveMaximum };
      socket.write(encodeControlPacket({ cmd: "connack", reasonCode: 0, sessionPresent: false, properties }));
      return { socket, receiveMaximum: receiveMaximumOf(packet) };
    }
    if (packet.cmd === "pingreq") socket.write(encodeControlPacket({ cmd: "pingresp" }));
    else if (packet.cmd === "unsubscribe") socket.write(encodeUnsuback(packet));
    else if (packet.cmd === "subscribe") {
      const granted = packet.subscriptions.map(({ qos }) => qos);
      socket.write(encodeControlPacket({ cmd: "suback", messageId: packet.messageId ?? 0, granted }));
      this.onSubscribed?.(connection);
    }
    return connection;
  }
}

function receiveMaximumOf({ properties }: IConnectPacket): number {
  return properties?.receiveMaximum ?? defaultReceiveMaximum;
}

function encodeUnsuback({ messageId, unsubscriptions }: IUnsubscribePacket): Buffer {
  return encodeControlPacket({ cmd: "unsuback", messageId: messageId ?? 0, granted: unsubscriptions.map(() => 0) });
}
