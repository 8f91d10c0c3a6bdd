import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { encodeConnect, readLimits } from "../../runtime/mqtt/connect.ts";
import { decodeControlPacket, encodeControlPacket, PacketType } from "../../runtime/mqtt/control-packets.ts";
import { PacketReader } from "../../runtime/mqtt/packet-reader.ts";
import { PublishView } from "../../runtime/mqtt/publish.ts";
import { encodeTemplate, writeMessage, type MessageShape } from "./message.ts";

const keepAliveSeconds = 600;
const answerDeadlineMs = 10_000;
/** Bytes that are written at once, and that may lie in the socket before no more are added. */
const batchBytes = 64 * 1024;
const maxUnsentBytes = 1024 * 1024;

/**
 * The benchmark's own MQTT client. It publishes copies of one encoded packet and takes apart no more of an arriving one
 * than its two numbers, so that the load costs a fraction of what it measures.
 */
export class BrokerClient {
  /** Takes every PUBLISH that arrives. The view is used again for the next one. */
  onPublish: (view: PublishView) => void = () => undefined;
  readonly #socket: Socket;
  readonly #view = new PublishView();
  readonly #acknowledgement: (() => void)[] = [];
  /** QoS 1 messages that may be unacknowledged at most, where the broker would take more. */
  window = 65_535;
  #receiveMaximum = 65_535;
  #onAcknowledged: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const reader = new PacketReader((bytes, start, end, headerLength) => {
      this.#onPacket(bytes, start, end, headerLength);
    });
    socket.on("data", (chunk: Buffer) => {
      reader.push(chunk);
    });
    // Whoever waits for an answer finds out by its deadline.
    socket.on("error", () => undefined);
  }

  /** Connects without TLS, with a clean session. */
  static async connect(port: number, clientId: string): Promise<BrokerClient> {
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    await once(socket, "connect");
    const client = new BrokerClient(socket);
    await client.#request(
      encodeConnect({
        peer: `127.0.0.1:${port}`,
        clientId,
        cleanStart: true,
        sessionExpirySeconds: 0,
        keepAliveSeconds,
        receiveMaximum: 65_535,
        timeoutMs: answerDeadlineMs,
      }),
    );
    return client;
  }

  async subscribe(topic: string): Promise<void> {
    // Retain Handling 2: a message that an earlier load left behind is none of this one.
    const subscriptions = [{ topic, qos: 0 as const, nl: false, rap: true, rh: 2 }];
    await this.#request(encodeControlPacket({ cmd: "subscribe", messageId: 1, subscriptions }));
  }

  /** Publishes one message with QoS 0. */
  publishOnce(topic: string, payload: string): void {
    this.#socket.write(encodeControlPacket({ cmd: "publish", topic, payload, qos: 0, dup: false, retain: false }));
  }

  /** Publishes a whole load as fast as the broker takes it; resolves once the broker has acknowledged all of it. */
  async publishAll(shape: MessageShape, load: number, count: number): Promise<void> {
    const sender = this.startLoad([shape], load, count);
    sender.send(Infinity);
    await sender.done;
  }

  /**
   * Begins a load whose messages go out when {@link LoadSender.send} says so, the shapes in turn.
   * QoS 1 messages never go beyond the broker's Receive Maximum: what is over waits.
   */
  startLoad(shapes: readonly MessageShape[], load: number, count: number): LoadSender {
    const templates = shapes.map(encodeTemplate);
    const { promise: done, resolve } = Promise.withResolvers<undefined>();
    const window = shapes.every(({ qos }) => qos === 0) ? Infinity : Math.min(this.window, this.#receiveMaximum);
    let due = 0;
    let sent = 0;
    let acknowledged = 0;
    let awaitsDrain = false;
    const onDrain = () => {
      awaitsDrain = false;
      pump();
    };
    const pump = () => {
      while (sent < Math.min(due, count) && sent - acknowledged < window) {
        if (this.#socket.writableLength > maxUnsentBytes) {
          if (!awaitsDrain) this.#socket.once("drain", onDrain);
          awaitsDrain = true;
          return;
        }
        const most = Math.min(Math.min(due, count) - sent, window - (sent - acknowledged));
        sent += this.#writeBatch(templates, load, sent, most);
      }
      if (window === Infinity && sent === count) this.#socket.write("", () => resolve(undefined));
    };
    this.#onAcknowledged = () => {
      acknowledged++;
      if (acknowledged === count) resolve(undefined);
      // Every PUBACK may make room, but a batch is worth a write.
      else if (sent < Math.min(due, count) && sent - acknowledged <= window / 2) pump();
    };
    return {
      done,
      send: (more) => {
        due += more;
        pump();
      },
    };
  }

  close(): void {
    this.#socket.destroy();
  }

  #writeBatch(
    templates: readonly ReturnType<typeof encodeTemplate>[],
    load: number,
    first: number,
    most: number,
  ): number {
    let size = 0;
    let count = 0;
    while (count < most && size < batchBytes) {
      size += templates[(first + count) % templates.length]?.packet.length ?? 0;
      count++;
    }
    const batch = Buffer.allocUnsafe(size);
    let position = 0;
    for (let message = first; message < first + count; message++) {
      const template = templates[message % templates.length];
      if (template === undefined) break;
      // The window is below 65,535 and acknowledgements come in order, so an identifier is free when its turn comes.
      writeMessage(template, batch, position, { packetId: (message % 65_535) + 1, load, message });
      position += template.packet.length;
    }
    this.#socket.write(batch);
    return count;
  }

  async #request(packet: Buffer): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`the broker gave no answer within ${answerDeadlineMs} ms`));
      }, answerDeadlineMs);
      this.#acknowledgement.push(() => {
        clearTimeout(timer);
        resolve();
      });
      this.#socket.write(packet);
    });
  }

  #onPacket(bytes: Buffer, start: number, end: number, headerLength: number): void {
    const type = (bytes[start] ?? 0) >> 4;
    if (type === PacketType.publish) this.onPublish(this.#view.read(bytes, start, end, headerLength));
    else if (type === PacketType.puback) this.#onAcknowledged();
    else if (type !== PacketType.pingresp) {
      const packet = decodeControlPacket(bytes.subarray(start, end));
      if (packet.cmd === "connack") this.#receiveMaximum = readLimits(packet).receiveMaximum;
      this.#acknowledgement.shift()?.();
    }
  }
}

/** A load on its way. */
export interface LoadSender {
  /** Resolves once all is sent and, with QoS 1, acknowledged by the broker. */
  readonly done: Promise<undefined>;
  /** Lets so many more messages go. */
  send(more: number): void;
}
