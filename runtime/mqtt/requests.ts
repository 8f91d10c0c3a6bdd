import { ConnectionError } from "../contract/errors.ts";
import { encodeControlPacket, firstControlPacketId, lastControlPacketId, type Packet } from "./control-packets.ts";
import { protocolError } from "./wire/protocol-error.ts";
import type { Answer } from "./wire/server-packets.ts";

/** One filter of a SUBSCRIBE. */
export interface Subscription {
  readonly filter: string;
  readonly qos: 0 | 1;
}

/** What requests need of their connection. */
export interface RequestPort {
  readonly isOpen: boolean;
  readonly write: (packet: Buffer) => void;
  /** Ends the connection when what was written last stays without its answer. @returns a function that ends the waiting */
  readonly startTimer: (awaited: AnswerKind) => () => void;
}

type AnswerKind = "SUBACK" | "UNSUBACK";

/** A request that was sent and is not answered. */
interface Waiting {
  readonly awaited: AnswerKind;
  /** Filters that it names. */
  readonly filters: number;
  /** `undefined` when the connection ended first. */
  readonly settle: (codes: number[] | undefined) => void;
}

const pingreq = encodeControlPacket({ cmd: "pingreq" });

/** What a client asks of the server on one connection, each with its answer. */
export class Requests {
  readonly #peer: string;
  readonly #port: RequestPort;
  readonly #waiting = new Map<number, Waiting>();
  /** PINGREQs that were sent, and those that were answered. */
  #pingsSent = 0;
  #pingsAnswered = 0;
  /** Who waits for the answer to which of them, in their order. */
  readonly #confirmations: { readonly ping: number; readonly settle: (isAnswered: boolean) => void }[] = [];
  #nextId = firstControlPacketId;

  /** @param peer the broker, as messages name it */
  constructor(peer: string, port: RequestPort) {
    this.#peer = peer;
    this.#port = port;
  }

  /** Sends PINGREQ as a sign of life. Nobody waits for its answer: while nothing is read there may be thousands of them. */
  ping(): void {
    if (!this.#port.isOpen) return;
    this.#pingsSent++;
    this.#port.write(pingreq);
  }

  /**
   * Sends PINGREQ: its answer comes behind all that the server has read.
   * @returns whether it came; `false` when the connection ended first
   */
  async confirm(): Promise<boolean> {
    if (!this.#port.isOpen) return false;
    return new Promise((settle) => {
      this.ping();
      this.#confirmations.push({ ping: this.#pingsSent, settle });
    });
  }

  /** Subscribes with Retain As Published and Retain Handling 1, and waits for the SUBACK. */
  async subscribe(subscriptions: readonly Subscription[], identifier: number | undefined): Promise<number[]> {
    const messageId = this.#takeId();
    const asked = subscriptions.map(({ filter, qos }) => ({ topic: filter, qos, nl: false, rap: true, rh: 1 }));
    const properties = identifier === undefined ? {} : { properties: { subscriptionIdentifier: identifier } };
    const packet: Packet = { cmd: "subscribe", messageId, subscriptions: asked, ...properties };
    return this.#ask("SUBACK", messageId, packet, asked.length);
  }

  /** Unsubscribes and waits for the UNSUBACK. */
  async unsubscribe(filters: readonly string[]): Promise<number[]> {
    const messageId = this.#takeId();
    const packet: Packet = { cmd: "unsubscribe", messageId, unsubscriptions: [...filters] };
    return this.#ask("UNSUBACK", messageId, packet, filters.length);
  }

  /**
   * Takes a SUBACK or an UNSUBACK. One with too few codes is left to who asked.
   * @throws {ProtocolError} when nobody waits for it, or it has a code for more filters than there are
   */
  onAnswer(kind: AnswerKind, { packetId, codes }: Answer): void {
    const waiting = this.#waiting.get(packetId);
    if (waiting?.awaited !== kind)
      throw protocolError(`${kind} with packet identifier ${packetId}, which nobody waits for`);
    if (codes.length > waiting.filters)
      throw protocolError(`${kind} with ${codes.length} reason codes for ${waiting.filters} filters`);
    this.#waiting.delete(packetId);
    waiting.settle(codes);
  }

  /** Takes a PINGRESP. @throws {ProtocolError} when nobody waits for it */
  onPingresp(): void {
    if (this.#pingsAnswered === this.#pingsSent) throw protocolError("PINGRESP, which nobody waits for");
    this.#pingsAnswered++;
    if (this.#confirmations[0]?.ping === this.#pingsAnswered) this.#confirmations.shift()?.settle(true);
  }

  /** The connection has ended: nothing is answered any more. */
  end(): void {
    for (const { settle } of this.#waiting.values()) settle(undefined);
    this.#waiting.clear();
    for (const { settle } of this.#confirmations.splice(0)) settle(false);
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId = id === lastControlPacketId ? firstControlPacketId : id + 1;
    return id;
  }

  /** @returns the reason code of each filter */
  async #ask(awaited: AnswerKind, messageId: number, packet: Packet, filters: number): Promise<number[]> {
    return new Promise((resolve, reject) => {
      if (!this.#port.isOpen) {
        reject(new ConnectionError(`${this.#peer} is not connected`, { retry: "soon" }));
        return;
      }
      this.#port.write(encodeControlPacket(packet));
      const stopTimer = this.#port.startTimer(awaited);
      const settle: Waiting["settle"] = (codes) => {
        stopTimer();
        if (codes !== undefined) resolve(codes);
        else reject(new ConnectionError(`${this.#peer} ended before its ${awaited}`, { retry: "soon" }));
      };
      this.#waiting.set(messageId, { awaited, filters, settle });
    });
  }
}
