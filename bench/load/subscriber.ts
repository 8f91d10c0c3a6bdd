import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { encodeConnect } from "../../runtime/mqtt/connect.ts";
import { encodeControlPacket, PacketType } from "../../runtime/mqtt/control-packets.ts";
import { PacketReader } from "../../runtime/mqtt/packet-reader.ts";
import { PublishView } from "../../runtime/mqtt/publish.ts";
import { ArrivalCount, encodePuback, type Destination } from "./destination.ts";

const keepAliveSeconds = 600;
const timeoutMs = 10_000;
const sessionExpirySeconds = 86_400;

/** A client with a session that is kept while it is away: what its broker queues for it is counted when it comes back. */
export class Subscriber implements Destination {
  readonly count = new ArrivalCount();
  readonly #port: number;
  readonly #receiveMaximum: number;
  readonly #view = new PublishView();
  #socket: Socket | undefined;

  constructor(port: number, receiveMaximum: number) {
    this.#port = port;
    this.#receiveMaximum = receiveMaximum;
  }

  async open(): Promise<void> {
    const socket = connect({ host: "127.0.0.1", port: this.#port, noDelay: true });
    socket.on("error", () => undefined);
    await once(socket, "connect");
    this.#socket = socket;
    const { promise: isSubscribed, resolve } = Promise.withResolvers<undefined>();
    let pubacks: Buffer[] = [];
    const reader = new PacketReader((bytes, start, end, headerLength) => {
      const type = (bytes[start] ?? 0) >> 4;
      if (type === PacketType.suback) resolve(undefined);
      if (type !== PacketType.publish) return;
      const view = this.#view.read(bytes, start, end, headerLength);
      if (view.qos === 1) pubacks.push(encodePuback(view.packetId));
      this.count.note(view);
    });
    socket.on("data", (chunk: Buffer) => {
      reader.push(chunk);
      if (pubacks.length > 0) socket.write(Buffer.concat(pubacks));
      pubacks = [];
    });
    socket.write(
      encodeConnect({
        peer: `127.0.0.1:${this.#port}`,
        clientId: "subscriber",
        cleanStart: false,
        sessionExpirySeconds,
        keepAliveSeconds,
        receiveMaximum: this.#receiveMaximum,
        timeoutMs,
      }),
    );
    const subscriptions = [{ topic: "load/#", qos: 1 as const, nl: false, rap: true, rh: 2 }];
    socket.write(encodeControlPacket({ cmd: "subscribe", messageId: 1, subscriptions }));
    await isSubscribed;
  }

  close(): void {
    this.#socket?.destroy();
  }
}
