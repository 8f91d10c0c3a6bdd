import type { Duplex } from "node:stream";

import { ConnectionError, describeError, type ConnectionEnd } from "../contract/errors.ts";
import { describeStreamError } from "../transport/tls-failure.ts";
import { BatchWriter } from "./batch-writer.ts";
import { encodeConnect, readLimits, type ConnectOptions, type ServerLimits } from "./connect.ts";
import {
  decodeControlPacket,
  encodeControlPacket,
  firstControlPacketId,
  lastControlPacketId,
  PacketType,
  readPuback,
  type IConnackPacket,
  type Packet,
} from "./control-packets.ts";
import { startKeepAlive } from "./keep-alive.ts";
import { encodePuback, pubackBytes, PublishView, type EncodedPublish } from "./publish.ts";
import { Reauthentication } from "./reauthentication.ts";
import { judgeReasonCode, nameReasonCode, remedyOfReasonCode, type ReasonedPacket } from "../contract/reason-codes.ts";
import { Slab } from "./slab.ts";
import { StreamReader } from "./stream-reader.ts";

/** Who takes what arrives. Called in the order of arrival; nothing arrives after `onClosed`. */
export interface ConnectionEvents {
  /** Called before anything that the server sends behind its CONNACK is read. */
  readonly onConnected: (connection: Connection, limits: ServerLimits) => void;
  /** The view is used again for the next message. */
  readonly onPublish: (view: PublishView) => void;
  readonly onPuback: (packetId: number, reasonCode: number) => void;
  /** Called once, also for a connection that never came to be; `undefined` after {@link Connection.close}. */
  readonly onClosed: (error: ConnectionError | undefined) => void;
}

/** One filter of a SUBSCRIBE. */
export interface Subscription {
  readonly filter: string;
  readonly qos: 0 | 1;
}

/**
 * One MQTT 5 connection, from CONNECT to its end. It is never used again: an acknowledgement that belongs to an ended
 * connection has no way onto the next one.
 */
export class Connection {
  readonly #stream: Duplex;
  readonly #options: ConnectOptions;
  readonly #events: ConnectionEvents;
  readonly #reader: StreamReader;
  readonly #writer: BatchWriter;
  readonly #pubacks = new Slab();
  readonly #view = new PublishView();
  readonly #waiting = new Map<number, (packet: Packet) => void>();
  readonly #reauthentication: Reauthentication;
  #nextControlId = firstControlPacketId;
  #phase: "connecting" | "open" | "closing" | "closed" = "connecting";
  #stopKeepAlive: () => void = () => undefined;
  #timer: NodeJS.Timeout;

  /** Sends CONNECT over a stream that is open; owns the stream from here on. */
  constructor(stream: Duplex, options: ConnectOptions, events: ConnectionEvents) {
    const connect = encodeConnect(options); // first: what can't be encoded leaves nothing behind
    this.#stream = stream;
    this.#options = options;
    this.#events = events;
    this.#writer = new BatchWriter(stream, () => performance.now());
    this.#reader = new StreamReader(stream, this.#onPacket.bind(this), (cause) => {
      this.#fail(`broke the protocol: ${describeError(cause)}`, true, "breach", cause);
    });
    this.#reauthentication = new Reauthentication(options, this.#reader, this);
    stream.on("error", (cause: unknown) => {
      const reason = describeStreamError(cause);
      this.#fail(`lost the connection: ${reason}${reason.includes("; ") ? "" : this.#hint}`, true, "peer", cause);
    });
    stream.on("close", () => {
      this.#fail(`closed the connection${this.#hint}`, true, "peer");
    });
    this.#timer = this.#startTimer("CONNACK");
    this.#writer.write(connect);
  }

  get isOpen(): boolean {
    return this.#phase === "open";
  }

  /** Bytes that wait to be sent. */
  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  /** Sends a whole packet. Does nothing once the connection has ended. */
  write(packet: Buffer): void {
    if (this.#phase === "open") this.#writer.write(packet);
  }

  /** Sends a message. Does nothing once the connection has ended. */
  writePublish({ bytes, start, length }: EncodedPublish): void {
    if (this.#phase === "open") this.#writer.writePart(bytes, start, start + length);
  }

  /** Acknowledges a message of this connection. */
  acknowledge(packetId: number): void {
    if (this.#phase !== "open") return;
    const bytes = encodePuback(packetId, this.#pubacks);
    this.#writer.writePart(bytes, this.#pubacks.start, this.#pubacks.start + pubackBytes);
  }

  /** Stops and resumes reading. Keep-alive goes on: a paused peer is not taken for a silent one. */
  setPaused(paused: boolean): void {
    this.#reader.setPaused(paused);
  }

  /** Calls back once what waits to be sent has left the process. */
  onceDrained(callback: () => void): void {
    if (this.#stream.writableNeedDrain) this.#stream.once("drain", callback);
    else setImmediate(callback);
  }

  /**
   * Subscribes with Retain As Published and Retain Handling 1 and waits for the SUBACK.
   * @param identifier what messages say that come by these filters; omitted: nothing
   * @returns the reason code of each filter, which is the granted QoS where it is below 0x80; fewer where the server left
   *   some out
   * @throws {ConnectionError} when the connection ends first, or no SUBACK comes in time
   */
  async subscribe(subscriptions: readonly Subscription[], identifier?: number): Promise<number[]> {
    const messageId = this.#takeControlId();
    const asked = subscriptions.map(({ filter, qos }) => ({ topic: filter, qos, nl: false, rap: true, rh: 1 }));
    const properties = identifier === undefined ? {} : { properties: { subscriptionIdentifier: identifier } };
    const packet: Packet = { cmd: "subscribe", messageId, subscriptions: asked, ...properties };
    const answer = await this.#request("SUBACK", messageId, packet);
    return answer.cmd === "suback" ? (answer.granted as number[]) : [];
  }

  /**
   * Takes filters back and waits for the UNSUBACK.
   * @returns the reason code of each filter; fewer where the server left some out
   * @throws {ConnectionError} when the connection ends first, or no UNSUBACK comes in time
   */
  async unsubscribe(filters: readonly string[]): Promise<number[]> {
    const messageId = this.#takeControlId();
    const packet: Packet = { cmd: "unsubscribe", messageId, unsubscriptions: [...filters] };
    const answer = await this.#request("UNSUBACK", messageId, packet);
    return answer.cmd === "unsuback" ? answer.granted : [];
  }

  /**
   * Shows new authentication data on the live connection, with the method of CONNECT.
   * @throws {ConnectionError} when the server refuses (the connection has ended then), does not answer in time, or asks
   *   for another step (the connection is open still, with what was shown before)
   */
  async reauthenticate(data: Buffer): Promise<void> {
    await this.#reauthentication.run(data);
  }

  /** Says DISCONNECT, sends what was written before it, and ends. */
  close(): void {
    if (this.#phase !== "open") {
      this.#end(undefined);
      return;
    }
    // No properties: Event Grid refuses a DISCONNECT with user properties, and the session's expiry stays as it was set.
    this.#writer.write(encodeControlPacket({ cmd: "disconnect", reasonCode: 0 }));
    this.#writer.flush();
    this.#phase = "closing";
    this.#stream.end();
    const stream = this.#stream;
    const timer = setTimeout(() => stream.destroy(), closeDeadlineMs);
    stream.once("close", () => {
      clearTimeout(timer);
      this.#end(undefined);
    });
    this.#reader.finish();
  }

  /** Ends at once, without a word to the server. */
  destroy(reason: string): void {
    this.#fail(reason, true);
  }

  #takeControlId(): number {
    const id = this.#nextControlId;
    this.#nextControlId = id === lastControlPacketId ? firstControlPacketId : id + 1;
    return id;
  }

  async #request(answer: "SUBACK" | "UNSUBACK", messageId: number, packet: Packet): Promise<Packet> {
    return new Promise((resolve, reject) => {
      if (this.#phase !== "open") {
        reject(new ConnectionError(`${this.#options.peer} is not connected`, { retryable: true }));
        return;
      }
      const timer = this.#startTimer(answer);
      this.#waiting.set(messageId, (given) => {
        clearTimeout(timer);
        if (given.cmd === "suback" || given.cmd === "unsuback") resolve(given);
        else reject(new ConnectionError(`${this.#options.peer} ended before its ${answer}`, { retryable: true }));
      });
      this.write(encodeControlPacket(packet));
    });
  }

  #startTimer(awaited: string): NodeJS.Timeout {
    const timer = setTimeout(() => {
      if (this.#reader.isPaused) timer.refresh();
      else this.#fail(`sent no ${awaited} within ${this.#options.timeoutMs} ms; see its log`, true);
    }, this.#options.timeoutMs);
    return timer;
  }

  #onPacket(bytes: Buffer, start: number, end: number, headerLength: number, isOwn: boolean): void {
    const type = (bytes[start] ?? 0) >> 4;
    if (this.#phase === "open" && type === PacketType.publish) {
      this.#events.onPublish(this.#view.read(bytes, start, end, headerLength, isOwn));
    } else if (this.#phase === "open" && type === PacketType.puback) {
      const [packetId, reasonCode] = readPuback(bytes, start, end, headerLength);
      this.#events.onPuback(packetId, reasonCode);
    } else if (this.#phase === "connecting" || this.#phase === "open") {
      this.#onControlPacket(decodeControlPacket(Buffer.from(bytes.subarray(start, end))));
    }
  }

  #onControlPacket(packet: Packet): void {
    switch (packet.cmd) {
      case "connack":
        if (this.#phase === "connecting") this.#onConnack(packet);
        else this.#fail("sent a second CONNACK", true, "breach");
        break;
      case "suback":
      case "unsuback":
        this.#waiting.get(packet.messageId ?? 0)?.(packet);
        this.#waiting.delete(packet.messageId ?? 0);
        break;
      case "pingresp":
        break;
      case "disconnect":
        this.#refuse("DISCONNECT", "ended the connection", packet.reasonCode ?? 0, packet.properties?.reasonString);
        break;
      case "auth":
        if (this.#reauthentication.onAuth(packet.reasonCode)) break;
        this.#fail("asked for another authentication step, which no method here has", false);
        break;
      default:
        this.#fail(`sent ${packet.cmd.toUpperCase()}, which a client never gets here`, true, "breach");
    }
  }

  #onConnack(packet: IConnackPacket): void {
    clearTimeout(this.#timer);
    const code = packet.reasonCode ?? 0;
    if (judgeReasonCode("CONNACK", code) !== "accepted") {
      this.#refuse("CONNACK", "refused the connection", code, packet.properties?.reasonString);
      return;
    }
    this.#phase = "open";
    const { serverKeepAlive } = packet.properties ?? {};
    this.#startKeepAlive((serverKeepAlive ?? this.#options.keepAliveSeconds) * 1000);
    const limits = readLimits(packet);
    this.#reader.window = Math.min(this.#options.receiveMaximum, limits.receiveMaximum);
    this.#events.onConnected(this, limits);
  }

  #startKeepAlive(intervalMs: number): void {
    const ping = encodeControlPacket({ cmd: "pingreq" });
    const port = {
      reads: () => this.#reader.reads,
      isPaused: () => this.#reader.isPaused,
      lastWriteMs: () => this.#writer.lastWriteMs,
      pendingBytes: () => this.#writer.pendingBytes,
      ping: () => {
        this.write(ping);
      },
      onTimeout: (silentMs: number) => {
        this.#fail(`was silent for ${Math.round(silentMs)} ms (keep alive ${intervalMs / 1000} s)`, true);
      },
    };
    this.#stopKeepAlive = startKeepAlive(intervalMs, port, () => performance.now());
  }

  #refuse(packet: ReasonedPacket, what: string, code: number, reasonString: string | undefined): void {
    const said = reasonString === undefined ? "" : ` (${JSON.stringify(reasonString.slice(0, 200))})`;
    const remedy = remedyOfReasonCode(code);
    const text = `${this.#options.peer} ${what}: ${nameReasonCode(code)}${said}${remedy === "" ? "" : `; ${remedy}`}`;
    const retryable = judgeReasonCode(packet, code) !== "fatal";
    this.#end(new ConnectionError(text, { reasonCode: code, retryable, end: "peer" }));
  }

  /** What to look for when the connection ends before CONNACK: TLS 1.3 takes a client for connected before it is judged. */
  get #hint(): string {
    return this.#phase === "connecting" ? earlyEndHint : "";
  }

  #fail(what: string, retryable: boolean, end?: ConnectionEnd, cause?: unknown): void {
    if (this.#phase === "closing") return;
    this.#end(new ConnectionError(`${this.#options.peer} ${what}`, { retryable, end }, { cause }));
  }

  #end(error: ConnectionError | undefined): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    clearTimeout(this.#timer);
    this.#stopKeepAlive();
    this.#stream.destroy();
    this.#reauthentication.onEnd();
    for (const settle of this.#waiting.values()) settle({ cmd: "disconnect" });
    this.#waiting.clear();
    this.#events.onClosed(error);
  }
}

const earlyEndHint = " before CONNACK; see the broker's log: it may refuse the client certificate, or want TLS";

/** Time for the server to close after DISCONNECT, before the connection is cut. */
const closeDeadlineMs = 2000;
