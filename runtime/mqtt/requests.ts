import { ConnectionError } from "../contract/errors.ts";
import {
  encodeControlPacket,
  firstControlPacketId,
  lastControlPacketId,
  type ISubackPacket,
  type IUnsubackPacket,
  type Packet,
} from "./control-packets.ts";

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
  readonly startTimer: (awaited: "SUBACK" | "UNSUBACK") => () => void;
}

type Answer = ISubackPacket | IUnsubackPacket;

const pingreq = encodeControlPacket({ cmd: "pingreq" });

/** What a client asks of the server on one connection, each with its answer. */
export class Requests {
  readonly #peer: string;
  readonly #port: RequestPort;
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>();
  /** Who waits for the answers to PINGREQ, in their order. */
  readonly #pings: ((isAnswered: boolean) => void)[] = [];
  #nextId = firstControlPacketId;

  /** @param peer the broker, as messages name it */
  constructor(peer: string, port: RequestPort) {
    this.#peer = peer;
    this.#port = port;
  }

  /**
   * Sends PINGREQ: its answer comes behind all that the server has read.
   * @returns whether it came; `false` when the connection ended first
   */
  async ping(): Promise<boolean> {
    if (!this.#port.isOpen) return false;
    return new Promise((resolve) => {
      this.#pings.push(resolve);
      this.#port.write(pingreq);
    });
  }

  /** Subscribes with Retain As Published and Retain Handling 1, and waits for the SUBACK. */
  async subscribe(subscriptions: readonly Subscription[], identifier: number | undefined): Promise<number[]> {
    const messageId = this.#takeId();
    const asked = subscriptions.map(({ filter, qos }) => ({ topic: filter, qos, nl: false, rap: true, rh: 1 }));
    const properties = identifier === undefined ? {} : { properties: { subscriptionIdentifier: identifier } };
    const packet: Packet = { cmd: "subscribe", messageId, subscriptions: asked, ...properties };
    return this.#ask("SUBACK", messageId, packet);
  }

  /** Unsubscribes and waits for the UNSUBACK. */
  async unsubscribe(filters: readonly string[]): Promise<number[]> {
    const messageId = this.#takeId();
    return this.#ask("UNSUBACK", messageId, { cmd: "unsubscribe", messageId, unsubscriptions: [...filters] });
  }

  /** Takes a SUBACK or an UNSUBACK. */
  onAnswer(answer: Answer): void {
    const messageId = answer.messageId ?? 0;
    const settle = this.#waiting.get(messageId);
    this.#waiting.delete(messageId);
    settle?.(answer);
  }

  onPingresp(): void {
    this.#pings.shift()?.(true);
  }

  /** The connection has ended: nothing is answered any more. */
  end(): void {
    for (const settle of this.#waiting.values()) settle(undefined);
    this.#waiting.clear();
    for (const settle of this.#pings.splice(0)) settle(false);
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId = id === lastControlPacketId ? firstControlPacketId : id + 1;
    return id;
  }

  /** @returns the reason code of each filter */
  async #ask(awaited: "SUBACK" | "UNSUBACK", messageId: number, packet: Packet): Promise<number[]> {
    return new Promise((resolve, reject) => {
      if (!this.#port.isOpen) {
        reject(new ConnectionError(`${this.#peer} is not connected`, { retry: "soon" }));
        return;
      }
      this.#port.write(encodeControlPacket(packet));
      const stopTimer = this.#port.startTimer(awaited);
      this.#waiting.set(messageId, (answer) => {
        stopTimer();
        if (answer !== undefined) resolve(answer.granted as number[]);
        else reject(new ConnectionError(`${this.#peer} ended before its ${awaited}`, { retry: "soon" }));
      });
    });
  }
}
