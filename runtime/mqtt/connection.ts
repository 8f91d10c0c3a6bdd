import type { Duplex } from "node:stream";

import { ConnectionError, describeError, type ConnectionFailure, type Retry } from "../contract/errors.ts";
import { readSendQueue, receivedBytes } from "../transport/kernel-queue.ts";
import { describeStreamError } from "../transport/tls-failure.ts";
import { Acknowledger } from "./acknowledger.ts";
import { BatchWriter } from "./batch-writer.ts";
import { encodeConnect, readConnackAnswer, readLimits, type ConnectOptions, type ServerLimits } from "./connect.ts";
import { encodeControlPacket, encodeFault } from "./control-packets.ts";
import { dispatchControlPacket, dispatchFirstPacket, type ControlTakers } from "./dispatch.ts";
import { startKeepAlive } from "./keep-alive.ts";
import { watchAnswer, type Traffic } from "./progress-watch.ts";
import { InboundMessages, type MessageEvents } from "./inbound-messages.ts";
import type { EncodedPublish } from "./publish.ts";
import { Reauthentication } from "./reauthentication.ts";
import { Requests, type Subscription } from "./requests.ts";
import { describeReasonCode, judgeReasonCode, nameReasonCode, type ReasonedPacket } from "../contract/reason-codes.ts";
import { StreamReader } from "./stream-reader.ts";
import { FaultCode, ProtocolError } from "./wire/protocol-error.ts";
import { PacketType, readPuback, type PacketBytes } from "./wire/server-packets.ts";

/** Who takes what arrives. Called in the order of arrival; nothing arrives after `onClosed`. */
export interface ConnectionEvents extends MessageEvents {
  /** Called before anything that the server sends behind its CONNACK is read. */
  readonly onConnected: (connection: Connection, limits: ServerLimits) => void;
  readonly onPuback: (packetId: number, reasonCode: number) => void;
  /** Called once, also for a connection that never came to be; `undefined` after {@link Connection.close}. */
  readonly onClosed: (error: ConnectionError | undefined) => void;
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
  readonly #acknowledger: Acknowledger;
  readonly #messages: InboundMessages;
  readonly #reauthentication: Reauthentication;
  readonly #requests: Requests;
  readonly #takers: ControlTakers;
  #phase: "connecting" | "open" | "closing" | "closed" = "connecting";
  /** Whether somebody has asked to read no further. */
  #isPaused = false;
  /** Whether a CONNACK has come that accepts, whatever else is in it: a DISCONNECT can be read from then on. */
  #isAccepted = false;
  #stopKeepAlive: () => void = () => undefined;
  #stopTimer: () => void;
  /** A message that waits for room asks for it anew. */
  readonly askForRoomAgain = (): void => this.#reader.askAgain();
  /** What has moved on this connection; a `ProgressWatch` judges by it whether the peer is silent. */
  readonly traffic: Traffic;

  /** Sends CONNECT over a stream that is open; owns the stream from here on. */
  constructor(stream: Duplex, options: ConnectOptions, events: ConnectionEvents) {
    const connect = encodeConnect(options); // first: what can't be encoded leaves nothing behind
    this.#stream = stream;
    this.#options = options;
    this.#events = events;
    this.#writer = new BatchWriter(stream, () => performance.now());
    this.#acknowledger = new Acknowledger(this.#writer, () => {
      this.setPaused(this.#isPaused);
    });
    this.#messages = new InboundMessages(events, () => this.isOpen);
    const onPacket = this.#onPacket.bind(this);
    this.#reader = new StreamReader(stream, onPacket, this.#onBroken.bind(this), this.#messages.gate);
    this.#messages.read(this.#reader);
    this.traffic = {
      readBytes: () => receivedBytes(stream) ?? this.#reader.readBytes,
      givenBytes: () => this.#writer.givenBytes,
      pendingBytes: () => this.#writer.pendingBytes,
      sendQueue: () => readSendQueue(stream),
      isPaused: () => this.#reader.isPaused && !this.#acknowledger.isUnread,
    };
    this.#reauthentication = new Reauthentication(options, this);
    this.#requests = this.#createRequests();
    this.#takers = this.#createTakers();
    stream.on("error", this.#onStreamError.bind(this));
    stream.on("close", () => {
      this.#fail(`closed the connection${this.#hint}`, { retry: "soon", end: "peer" });
    });
    this.#writer.write(connect);
    this.#stopTimer = this.#startTimer("CONNACK");
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
    if (this.#phase === "open") this.#acknowledger.acknowledge(packetId);
  }

  /** Stops and resumes reading. Keep-alive goes on: a paused peer is not taken for a silent one. */
  setPaused(paused: boolean): void {
    this.#isPaused = paused;
    this.#reader.setPaused(paused || this.#acknowledger.isUnread);
  }

  /** Calls back once what waits to be sent has left the process. */
  onceDrained(callback: () => void): void {
    this.#writer.onceSent(callback);
  }

  /**
   * Asks the server for a sign of life: its answer comes behind all that it has read.
   * @returns whether it came; `false` when the connection ended first
   */
  async confirm(): Promise<boolean> {
    return this.#requests.confirm();
  }

  /**
   * Subscribes with Retain As Published and Retain Handling 1 and waits for the SUBACK.
   * @param identifier what messages say that come by these filters; omitted: nothing
   * @returns the reason code of each filter, which is the granted QoS where it is below 0x80; fewer where the server left
   *   some out
   * @throws {ConnectionError} when the connection ends first, or no SUBACK comes in time
   */
  async subscribe(subscriptions: readonly Subscription[], identifier?: number): Promise<number[]> {
    return this.#requests.subscribe(subscriptions, identifier);
  }

  /**
   * Takes filters back and waits for the UNSUBACK.
   * @returns the reason code of each filter; fewer where the server left some out
   * @throws {ConnectionError} when the connection ends first, or no UNSUBACK comes in time
   */
  async unsubscribe(filters: readonly string[]): Promise<number[]> {
    return this.#requests.unsubscribe(filters);
  }

  /**
   * Shows new authentication data on the live connection, with the method of CONNECT.
   * @throws {ConnectionError} when the server refuses (the connection has ended then), does not answer in time, or asks
   *   for another step (the connection is open still, with what was shown before)
   */
  async reauthenticate(data: Buffer): Promise<void> {
    await this.#reauthentication.run(data);
  }

  /**
   * Says DISCONNECT, sends what was written before it, and ends.
   * @param how whether the server is to end the session with the connection
   */
  close({ endsSession = false }: { readonly endsSession?: boolean } = {}): void {
    if (this.#phase !== "open") {
      this.#end(undefined);
      return;
    }
    // Event Grid refuses a DISCONNECT with user properties. The session's expiry stays as it was set, unless it is to end.
    const properties = endsSession ? { properties: { sessionExpiryInterval: 0 } } : {};
    this.#writer.write(encodeControlPacket({ cmd: "disconnect", reasonCode: 0, ...properties }));
    this.#phase = "closing";
    this.#leave(closeDeadlineMs);
    this.#stream.once("close", () => {
      this.#end(undefined);
    });
  }

  /** Ends at once, without a word to the server. */
  destroy(reason: string, retry: Retry = "soon"): void {
    this.#fail(reason, { retry });
  }

  #createRequests(): Requests {
    const isOpen = () => this.isOpen;
    return new Requests(this.#options.peer, {
      get isOpen() {
        return isOpen();
      },
      write: this.write.bind(this),
      startTimer: this.#startTimer.bind(this),
    });
  }

  #createTakers(): ControlTakers {
    return {
      requests: this.#requests,
      reauthentication: this.#reauthentication,
      onConnack: this.#onConnack.bind(this),
      onDisconnect: (code, reasonString) => {
        this.#refuse("DISCONNECT", "ended the connection", code, reasonString);
      },
      onStep: (problem) => {
        this.#fail(problem, { retry: "slowly" });
      },
    };
  }

  /** Fails when what was written last stays without its answer, and nothing moves. @returns a function that ends it */
  #startTimer(awaited: string): () => void {
    const { timeoutMs } = this.#options;
    return watchAnswer(this.traffic, { timeoutMs, now: () => performance.now() }, () => {
      this.#fail(`sent no ${awaited} within ${timeoutMs} ms; see its log`, { retry: "soon" });
    });
  }

  #onPacket(bytes: Buffer, start: number, end: number, headerLength: number, isOwn: boolean): void {
    const type = (bytes[start] ?? 0) >> 4;
    if (this.#phase === "connecting") dispatchFirstPacket({ bytes, start, end, headerLength }, this.#takers);
    else if (type === PacketType.publish) this.#messages.take(bytes, start, end, headerLength, isOwn);
    else if (type === PacketType.puback) {
      const [packetId, reasonCode] = readPuback(bytes, start, end, headerLength);
      this.#events.onPuback(packetId, reasonCode);
    } else dispatchControlPacket({ bytes, start, end, headerLength }, this.#takers);
  }

  #onConnack(packet: PacketBytes): void {
    this.#stopTimer();
    const answer = readConnackAnswer(packet, this.#options, () => (this.#isAccepted = true));
    if ("old" in answer) {
      this.#fail(answer.old, { retry: "slowly", fault: FaultCode.malformedPacket });
      return;
    }
    const { reasonCode, properties } = answer;
    if (judgeReasonCode("CONNACK", reasonCode) !== "accepted") {
      this.#refuse("CONNACK", "refused the connection", reasonCode, properties.reasonString);
      return;
    }
    this.#phase = "open";
    this.#startKeepAlive((properties.serverKeepAlive ?? this.#options.keepAliveSeconds) * 1000);
    const limits = readLimits(answer);
    this.#reader.window = Math.min(this.#options.receiveMaximum, limits.receiveMaximum);
    this.#events.onConnected(this, limits);
  }

  #startKeepAlive(intervalMs: number): void {
    const port = {
      traffic: this.traffic,
      lastWriteMs: () => this.#writer.lastWriteMs,
      ping: this.#requests.ping.bind(this.#requests),
      onTimeout: (silentMs: number) => {
        const what = `was silent for ${Math.round(silentMs)} ms (keep alive ${intervalMs / 1000} s)`;
        this.#fail(what, { retry: "soon" });
      },
    };
    this.#stopKeepAlive = startKeepAlive(intervalMs, port, () => performance.now());
  }

  #refuse(packet: ReasonedPacket, what: string, reasonCode: number, reasonString: string | undefined): void {
    const retry = judgeReasonCode(packet, reasonCode) === "slowly" ? "slowly" : "soon";
    const said = this.#reauthentication.withoutShown(reasonString);
    this.#fail(`${what}: ${describeReasonCode(packet, reasonCode, said)}`, { retry, end: "peer", reasonCode });
  }

  /** What was read can't be used: the server broke the protocol, or this program has a fault. */
  #onBroken(cause: unknown): void {
    if (cause instanceof ProtocolError) {
      const what = `broke the protocol: ${cause.message} (${nameReasonCode(cause.reasonCode)})${protocolErrorRemedy}`;
      this.#fail(what, { retry: "slowly", end: "protocol-error", cause, fault: cause.reasonCode });
    } else {
      const what = `was left because of a fault of the relay: ${describeError(cause)}`;
      this.#fail(what, { retry: "soon", end: "fault", cause });
    }
  }

  #onStreamError(cause: unknown): void {
    // What carries the packets breaks the protocol, too: WebSocket.
    if (cause instanceof ConnectionError) {
      this.#fail(cause.message, { retry: cause.retry, end: cause.end, cause });
      return;
    }
    const reason = describeStreamError(cause);
    const what = `lost the connection: ${reason}${reason.includes("; ") ? "" : this.#hint}`;
    this.#fail(what, { retry: "soon", end: "peer", cause });
  }

  /** What to look for when the connection ends before CONNACK: TLS 1.3 takes a client for connected before it is judged. */
  get #hint(): string {
    return this.#phase === "connecting" ? earlyEndHint : "";
  }

  #fail(what: string, { cause, fault, ...failure }: Failure): void {
    if (this.#phase === "closing") return;
    const error = new ConnectionError(`${this.#options.peer} ${what}`, failure, { cause });
    this.#end(error, this.#isAccepted ? fault : undefined);
  }

  /** @param fault what to tell the server, as far as it can hear it */
  #end(error: ConnectionError | undefined, fault?: FaultCode): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#reader.stop();
    this.#stopTimer();
    this.#stopKeepAlive();
    if (fault === undefined) this.#stream.destroy();
    else {
      this.#writer.write(encodeFault(fault));
      this.#leave(faultDeadlineMs);
    }
    this.#reauthentication.onEnd();
    this.#requests.end();
    this.#events.onClosed(error);
  }

  /** Sends what was written, and ends the stream once the server has, or after a time. Nothing that still comes is looked at. */
  #leave(deadlineMs: number): void {
    this.#writer.end(deadlineMs);
    this.#reader.finish();
  }
}

/** Why a connection ends. */
interface Failure extends ConnectionFailure {
  readonly cause?: unknown;
  /** What the server did wrong, to be told to it. */
  readonly fault?: FaultCode;
}

const earlyEndHint = " before CONNACK; see the broker's log: it may refuse the client certificate, or want TLS";

/** A message that can't be read is sent again on each connection, for as long as the session holds it. */
const protocolErrorRemedy = "; see the broker's log, and remove this client's session there if it happens again";

/** Time for the server to close after DISCONNECT, before the connection is cut. */
const closeDeadlineMs = 2000;
/** The same where it broke the protocol: it has this time to read why. */
const faultDeadlineMs = 500;
