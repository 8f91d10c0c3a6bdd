import type { Duplex } from "node:stream";

import { generate } from "mqtt-packet";
import type { Packet } from "mqtt-packet";

import type { ClientCertificate, Identity } from "../authentication/authenticator.ts";
import type { BrokerCore } from "../core.ts";
import type { DisconnectionReason } from "../events.ts";
import type { Limits } from "../limits.ts";
import { checkFirstByte } from "../packet/control-packets.ts";
import { PacketFramer } from "../packet/framer.ts";
import { ProtocolViolation } from "../packet/protocol-violation.ts";
import { ReasonCode } from "../packet/reason-code.ts";
import type { Session, SessionConnection } from "../session/session.ts";
import { KeepAlive } from "./keep-alive.ts";
import { Output } from "./output.ts";

/** A client after its CONNECT was accepted. */
export interface ConnectedClient {
  readonly clientId: string;
  readonly session: Session;
  /** Who the client is, by its latest authentication. */
  identity: Identity;
  /** The limits that its CONNACK announced. */
  readonly limits: Limits;
  /** Largest packet that the client takes, in bytes. */
  readonly maxSentBytes: number;
  readonly authenticationMethod: string | undefined;
  readonly topicAliases: Map<number, string>;
  /** Packet identifiers of its PUBLISHes that have no PUBACK yet. */
  readonly unacknowledged: Set<number>;
  /** Ends the connection when the proof of identity expires. */
  expiryTimer: NodeJS.Timeout | undefined;
}

/** What a connection does with each packet; a promise makes later packets wait. */
export type PacketHandler = (core: BrokerCore, connection: Connection, packet: Buffer) => Promise<void> | undefined;

/** Milliseconds from accepting a socket to its CONNECT. */
const connectTimeoutMs = 10_000;
/**
 * Bytes of a packet before the client is known, whatever CONNACK will allow: the five fields of a CONNECT have 64 KB each at most,
 * and its properties the rest.
 */
const maxBytesBeforeConnack = 1024 * 1024;
/** Milliseconds that a peer has to close its side after ours is closed. */
const lingerMs = 500;

/** One network connection: packets in, packets out, and its end. Owns the stream. */
export class Connection implements SessionConnection {
  readonly certificate: ClientCertificate | undefined;
  client: ConnectedClient | undefined;
  readonly #core: BrokerCore;
  readonly #stream: Duplex;
  readonly #handle: PacketHandler;
  readonly #output: Output;
  readonly #keepAlive: KeepAlive;
  readonly #framer: PacketFramer;
  /** Whether a CONNECT has come, good or bad. */
  #hasBegun = false;
  #isBusy = false;
  #isClosed = false;
  #isStalled = false;

  constructor(core: BrokerCore, stream: Duplex, certificate: ClientCertificate | undefined, handle: PacketHandler) {
    this.#core = core;
    this.#stream = stream;
    this.certificate = certificate;
    this.#handle = handle;
    this.#output = new Output(stream, () => core.faults.chunkBytes);
    this.#keepAlive = new KeepAlive(() => {
      this.disconnect(ReasonCode.keepAliveTimeout, "ConnectionLost", "nothing came for 1.5 times the keep alive");
    });
    this.#keepAlive.start(connectTimeoutMs);
    this.#framer = new PacketFramer({
      maxPacketBytes: () =>
        this.client?.limits.maxPacketBytes ?? Math.min(core.limits().maxPacketBytes, maxBytesBeforeConnack),
      checkFirstByte: (firstByte) => {
        checkFirstByte(firstByte, !this.#hasBegun);
      },
      isHalted: () => this.#isBusy || this.#isClosed,
      onPacket: this.#take.bind(this),
    });
    stream.on("data", (bytes: Buffer) => {
      this.#read(bytes);
    });
    stream.on("drain", () => {
      this.client?.session.queue.drain();
    });
    stream.on("error", () => undefined); // "close" follows and is what counts
    stream.on("close", () => {
      this.#close("ConnectionLost", undefined, "the network connection was lost");
    });
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  get isCongested(): boolean {
    return this.#output.isCongested;
  }

  /** Sends a packet; one that is larger than the client takes ends the connection in its place: [MQTT-3.1.2-24]. */
  send(packet: Packet): void {
    const bytes = generate(packet, { protocolVersion: 5 });
    const { maxSentBytes = Infinity } = this.client ?? {};
    if (bytes.length <= maxSentBytes) {
      this.sendBytes(bytes);
      return;
    }
    const why = `a ${packet.cmd.toUpperCase()} of ${bytes.length} bytes is larger than the client's Maximum Packet Size, ${maxSentBytes}`;
    // The DISCONNECT that would say so may be too large itself, and there is none before CONNACK: [MQTT-3.14.0-1].
    if (packet.cmd === "disconnect") return;
    if (packet.cmd === "connack") this.#close("ServerError", undefined, why);
    this.disconnect(ReasonCode.implementationSpecificError, "ServerInitiatedDisconnect", why);
  }

  sendBytes(bytes: Buffer): void {
    if (!this.#isClosed) this.#output.write(bytes);
  }

  /** Ends the connection when nothing comes for so long. */
  expectPacketsEvery(maxSilenceMs: number): void {
    this.#keepAlive.start(maxSilenceMs);
  }

  /** Answers a CONNECT with a failure and closes. `bytes` is the CONNACK; without it, just closes. */
  refuse(clientId: string, reasonCode: number, why: string, bytes: Buffer | undefined): void {
    this.#core.statistics.countRefusal("CONNACK", reasonCode);
    this.#core.onEvent?.({ kind: "refuse", clientId, reasonCode, why });
    if (bytes) this.sendBytes(bytes);
    this.#close("ClientError", reasonCode, why);
  }

  disconnect(reasonCode: number, reason: DisconnectionReason, why: string): void {
    if (this.#isClosed) return;
    if (this.client) {
      this.#core.statistics.countRefusal("DISCONNECT", reasonCode);
      this.send({ cmd: "disconnect", reasonCode });
    }
    this.#close(reason, reasonCode, why);
  }

  /** Notes that the client said good-bye. */
  clientDisconnected(reasonCode: number): void {
    const isWillWithdrawn = reasonCode === ReasonCode.success;
    this.#close("ClientInitiatedDisconnect", reasonCode, "the client sent DISCONNECT", isWillWithdrawn);
  }

  abort(why: string): void {
    this.#close("ConnectionLost", undefined, why);
    this.#stream.destroy();
  }

  stall(): void {
    this.#isStalled = true;
    this.#output.stall();
    this.#keepAlive.stop();
    this.#stream.pause();
  }

  #read(bytes: Buffer): void {
    if (this.#isClosed || this.#isStalled) return;
    this.#keepAlive.noteTraffic();
    this.#guard(() => {
      this.#framer.push(bytes);
    });
  }

  #take(packet: Buffer): void {
    this.#hasBegun = true;
    if (this.#isClosed) return;
    const pending = this.#handle(this.#core, this, packet);
    if (!pending) return;
    this.#isBusy = true;
    this.#stream.pause();
    pending.then(
      () => {
        this.#proceed();
      },
      (error: unknown) => {
        this.#fail(error);
      },
    );
  }

  #proceed(): void {
    this.#isBusy = false;
    if (this.#isClosed) return;
    if (!this.#isStalled) this.#stream.resume();
    this.#guard(() => {
      this.#framer.proceed();
    });
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    const isViolation = error instanceof ProtocolViolation;
    const reasonCode = isViolation ? error.reasonCode : ReasonCode.unspecifiedError;
    // Who has sent no CONNECT is no MQTT client, and gets no packet: [MQTT-3.1.0-1].
    if (!this.client && !this.#isClosed) {
      this.#core.onEvent?.({ kind: "refuse", clientId: "", reasonCode, why: String(error) });
    }
    this.disconnect(reasonCode, isViolation ? "ClientError" : "ServerError", String(error));
  }

  #close(reason: DisconnectionReason, reasonCode: number | undefined, why: string, isWillWithdrawn = false): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#keepAlive.stop();
    this.#output.end();
    // What the peer still sends is read and thrown away: unread bytes would reset the connection under our last packet.
    if (this.#isStalled) this.#stream.destroy();
    else this.#stream.resume();
    const linger = setTimeout(() => this.#stream.destroy(), lingerMs);
    this.#stream.once("close", () => {
      clearTimeout(linger);
    });
    if (this.#stream.closed) clearTimeout(linger);
    const { client } = this;
    if (!client) return;
    clearTimeout(client.expiryTimer);
    this.#core.onEvent?.({ kind: "disconnect", clientId: client.clientId, reason, reasonCode, why });
    this.#core.sessions.detach(client.session, isWillWithdrawn);
  }
}
