import type { Clock } from "../clock.ts";
import type { Limits } from "../limits.ts";
import { isExpired, messageBytes, remainingExpirySeconds } from "../message.ts";
import type { Message } from "../message.ts";
import { encodePublish } from "../packet/publish.ts";
import { Fifo } from "./fifo.ts";
import { TokenBucket } from "./token-bucket.ts";

/** A message on its way to one session. */
export interface Delivery {
  readonly message: Message;
  readonly qos: number;
  readonly retain: boolean;
  readonly subscriptionIdentifiers: readonly number[];
  /** The shared subscription that chose this session, such as `$share/relay/a/#`. */
  readonly sharedFilter?: string;
  /** 0 until it was sent for the first time with QoS 1; then fixed, so that a redelivery carries the same one. */
  packetIdentifier: number;
}

/** The connected client, as the queue needs it. */
export interface Receiver {
  /** The client's Receive Maximum. */
  readonly receiveMaximum: number;
  /** The client's Maximum Packet Size in bytes. */
  readonly maxPacketBytes: number;
  /** Whether the socket holds so much unsent that more should wait; {@link DeliveryQueue.drain} is called afterwards. */
  isCongested(): boolean;
  /** Whether a fault makes the broker overrun the Receive Maximum. */
  isReceiveMaximumIgnored(): boolean;
  send(packet: Buffer): void;
}

/** What becomes of deliveries, for counters and events. */
export interface DeliveryNotices {
  sent(delivery: Delivery, isRedelivery: boolean): void;
  dropped(delivery: Delivery, why: "expired" | "tooLarge"): void;
}

export type Acknowledgement = { kind: "acknowledged"; delivery: Delivery; isInOrder: boolean } | { kind: "unknown" };

const maxPacketIdentifier = 65_535;

/**
 * The messages of one session in their order: those in flight, then those that wait. At most the client's Receive
 * Maximum is in flight. After {@link detach} the unacknowledged ones wait again, first in line, with their packet
 * identifiers. Never throws.
 */
export class DeliveryQueue {
  readonly #waiting = new Fifo<Delivery>();
  readonly #inflight = new Map<number, Delivery>();
  #waitingBytes = 0;
  #inflightBytes = 0;
  #lastIdentifier = 0;
  #receiver: Receiver | undefined;
  #rateTimer: NodeJS.Timeout | undefined;
  readonly #bucket: TokenBucket;

  readonly #limits: () => Limits;
  readonly #clock: Clock;
  readonly #notices: DeliveryNotices;

  constructor(limits: () => Limits, clock: Clock, notices: DeliveryNotices) {
    this.#limits = limits;
    this.#clock = clock;
    this.#notices = notices;
    this.#bucket = new TokenBucket(limits().maxDeliveriesPerSecond, clock.nowMs(), clock.secondMs);
  }

  get waitingMessages(): number {
    return this.#waiting.length;
  }

  get inflightMessages(): number {
    return this.#inflight.size;
  }

  /** Every delivery that was not acknowledged, in order. */
  unfinished(): Delivery[] {
    return [...this.#inflight.values(), ...this.#waiting.toArray()];
  }

  /** Puts a message at the end. "overflow": it did not fit, and the session has to end. */
  push(delivery: Delivery): "queued" | "overflow" {
    this.#add(delivery);
    this.drain();
    if (!this.#isOverfull()) return "queued";
    this.#dropExpired();
    return this.#isOverfull() ? "overflow" : "queued";
  }

  /** Starts sending to a client, what was in flight at the last detach first. */
  attach(receiver: Receiver): void {
    this.#receiver = receiver;
    this.drain();
  }

  /** Stops sending. What is in flight waits again; QoS 0 messages are forgotten, they are for connected clients. */
  detach(): void {
    this.#receiver = undefined;
    clearTimeout(this.#rateTimer);
    this.#rateTimer = undefined;
    this.#refill(this.unfinished().filter((delivery) => delivery.qos > 0));
    this.#inflight.clear();
    this.#inflightBytes = 0;
  }

  acknowledge(packetIdentifier: number): Acknowledgement {
    const delivery = this.#inflight.get(packetIdentifier);
    if (!delivery) return { kind: "unknown" };
    const [oldest] = this.#inflight.keys();
    this.#inflight.delete(packetIdentifier);
    this.#inflightBytes -= messageBytes(delivery.message);
    this.drain();
    return { kind: "acknowledged", delivery, isInOrder: oldest === packetIdentifier };
  }

  /** Sends what may be sent now. */
  drain(): void {
    for (let next = this.#waiting.peek(); next; next = this.#waiting.peek()) {
      const isStarted = next.packetIdentifier !== 0;
      if (!isStarted && isExpired(next.message, this.#clock)) this.#drop(next, "expired");
      else if (this.#receiver && this.#maySend(this.#receiver, next)) this.#send(this.#receiver, next);
      else return;
    }
  }

  #maySend(receiver: Receiver, delivery: Delivery): boolean {
    if (receiver.isCongested()) return false;
    if (delivery.qos > 0 && !this.#hasWindow(receiver, delivery)) return false;
    if (this.#rateTimer) return false;
    const waitMs = this.#bucket.take(this.#clock.nowMs());
    if (waitMs === 0) return true;
    this.#rateTimer = setTimeout(() => {
      this.#rateTimer = undefined;
      this.drain();
    }, waitMs);
    return false;
  }

  #hasWindow(receiver: Receiver, delivery: Delivery): boolean {
    if (receiver.isReceiveMaximumIgnored()) return this.#inflight.size < maxPacketIdentifier;
    const { maxInflightMessages, maxInflightBytes } = this.#limits();
    if (this.#inflight.size >= Math.min(receiver.receiveMaximum, maxInflightMessages)) return false;
    return this.#inflight.size === 0 || this.#inflightBytes + messageBytes(delivery.message) <= maxInflightBytes;
  }

  #send(receiver: Receiver, delivery: Delivery): void {
    const isRedelivery = delivery.packetIdentifier !== 0;
    const packetIdentifier = isRedelivery || delivery.qos === 0 ? delivery.packetIdentifier : this.#freeIdentifier();
    const { topic, keptProperties, payload } = delivery.message;
    const { qos, retain, subscriptionIdentifiers } = delivery;
    const messageExpirySeconds = remainingExpirySeconds(delivery.message, this.#clock);
    const packet = encodePublish(
      { topic, qos, retain, dup: isRedelivery, packetIdentifier, messageExpirySeconds, subscriptionIdentifiers },
      keptProperties,
      payload,
    );
    if (packet.length > receiver.maxPacketBytes) {
      this.#drop(delivery, "tooLarge"); // [MQTT-3.1.2-25]
      return;
    }
    this.#takeHead(delivery);
    if (qos > 0) {
      delivery.packetIdentifier = packetIdentifier;
      this.#inflight.set(packetIdentifier, delivery);
      this.#inflightBytes += messageBytes(delivery.message);
    }
    receiver.send(packet);
    this.#notices.sent(delivery, isRedelivery);
  }

  /** The next packet identifier that no message in flight has; there is one, because the window is no larger. */
  #freeIdentifier(): number {
    do this.#lastIdentifier = (this.#lastIdentifier % maxPacketIdentifier) + 1;
    while (this.#inflight.has(this.#lastIdentifier));
    return this.#lastIdentifier;
  }

  #isOverfull(): boolean {
    const { maxQueuedMessages, maxQueuedBytes } = this.#limits();
    return this.#waiting.length > maxQueuedMessages || this.#waitingBytes > maxQueuedBytes;
  }

  #dropExpired(): void {
    const waiting = this.#waiting.toArray();
    const isStale = (delivery: Delivery) => delivery.packetIdentifier === 0 && isExpired(delivery.message, this.#clock);
    this.#refill(waiting.filter((delivery) => !isStale(delivery)));
    for (const delivery of waiting.filter(isStale)) this.#notices.dropped(delivery, "expired");
  }

  #drop(delivery: Delivery, why: "expired" | "tooLarge"): void {
    this.#takeHead(delivery);
    this.#notices.dropped(delivery, why);
  }

  #takeHead(delivery: Delivery): void {
    this.#waiting.shift();
    this.#waitingBytes -= messageBytes(delivery.message);
  }

  #add(delivery: Delivery): void {
    this.#waiting.push(delivery);
    this.#waitingBytes += messageBytes(delivery.message);
  }

  #refill(deliveries: Delivery[]): void {
    this.#waiting.replace(deliveries);
    this.#waitingBytes = deliveries.reduce((sum, { message }) => sum + messageBytes(message), 0);
  }
}
