import type { DropReason, SessionEnd } from "./events.ts";

/** Counters since the broker started, and what there is now. */
export interface BrokerStats {
  /** Sessions, offline ones included. */
  readonly sessions: number;
  /** Sessions with a connection. */
  readonly connected: number;
  readonly retained: number;
  /** Messages that wait or are in flight, over all sessions. */
  readonly queued: number;
  /** CONNECTs that were accepted. */
  readonly connects: number;
  /** PUBLISHes that were accepted. */
  readonly published: number;
  /** PUBLISHes that were sent to clients, redeliveries included. */
  readonly delivered: number;
  readonly redelivered: number;
  /** PUBACKs from clients that acknowledged a message. */
  readonly acknowledged: number;
  /** PUBACKs for a packet identifier that was not in flight. */
  readonly unknownPubacks: number;
  /** PUBACKs that overtook that of an earlier PUBLISH. @see MQTT 5.0 [MQTT-4.6.0-2] */
  readonly outOfOrderPubacks: number;
  /** Sessions ended because their queue was full. */
  readonly overflowed: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly sessionsEnded: Readonly<Record<SessionEnd, number>>;
  /**
   * What was refused, and connections that the broker ended, by packet and reason code: `{ "CONNACK 0x87": 1, "PUBACK 0x90": 2, "TLS": 1 }`.
   */
  readonly refused: Readonly<Record<string, number>>;
}

type Counter =
  "connects" | "published" | "delivered" | "redelivered" | "acknowledged" | "unknownPubacks" | "outOfOrderPubacks";

/** What there is now; the broker counts it when it is asked. */
export type Gauges = Pick<BrokerStats, "sessions" | "connected" | "retained" | "queued">;

/** Counts what happens. */
export class Statistics {
  readonly #counters: Record<Counter, number> = {
    connects: 0,
    published: 0,
    delivered: 0,
    redelivered: 0,
    acknowledged: 0,
    unknownPubacks: 0,
    outOfOrderPubacks: 0,
  };
  readonly #dropped: Record<DropReason, number> = { expired: 0, tooLarge: 0, clientOffline: 0 };
  readonly #ended: Record<SessionEnd, number> = { expired: 0, cleanStart: 0, SessionOverflow: 0, forgotten: 0 };
  readonly #refused: Record<string, number> = {};

  count(counter: Counter): void {
    this.#counters[counter] += 1;
  }

  countDrop(why: DropReason): void {
    this.#dropped[why] += 1;
  }

  countSessionEnd(why: SessionEnd): void {
    this.#ended[why] += 1;
  }

  /** Counts a refusal; the reason code is absent when the refusal comes before MQTT. */
  countRefusal(packet: string, reasonCode?: number): void {
    const key = reasonCode === undefined ? packet : `${packet} 0x${reasonCode.toString(16).padStart(2, "0")}`;
    this.#refused[key] = (this.#refused[key] ?? 0) + 1;
  }

  snapshot(gauges: Gauges): BrokerStats {
    return {
      ...gauges,
      ...this.#counters,
      overflowed: this.#ended.SessionOverflow,
      dropped: { ...this.#dropped },
      sessionsEnded: { ...this.#ended },
      refused: { ...this.#refused },
    };
  }
}
