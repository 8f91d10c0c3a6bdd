import path from "node:path";

import { clientIdOf, messageOf, packetIdAt, PacketType, reasonOf, typeOf } from "./packets.ts";
import type { ProxyEvents } from "./proxy.ts";
import { SpoolReader } from "./spool-reader.ts";

/** Topics that messages go round. */
export const topicCount = 5;
/** Dataflows: `flow` takes all topics but the last, `side` the last. */
export const dataflows = ["flow", "side"] as const;

export type FlowName = (typeof dataflows)[number];

export function flowOf(message: number): FlowName {
  return message % topicCount === topicCount - 1 ? "side" : "flow";
}

/** Reason codes that proxies put in the place of a success. */
const quotaExceeded = 0x97;
const payloadFormatInvalid = 0x99;
const firstFailure = 0x80;
const connackCodes = [0x87, 0x88, 0x89, 0x97] as const;

/** What happened to a message, as bits. */
const Mark = { accepted: 1, seen: 2, acknowledged: 4, delivered: 8, sent: 16, settled: 32 } as const;

/** What became of a schedule's messages. */
export interface Verdict {
  /** Acknowledged by the relay to its source, while neither the destination nor the disk had it. */
  readonly early: readonly number[];
  /** Acknowledged by the relay, and at the end neither delivered nor on the disk. */
  readonly lost: readonly number[];
  /** Sent for the first time behind a later message of its topic. */
  readonly outOfOrder: readonly number[];
  /** Sent once more than all that was outstanding at faults accounts for. */
  readonly unexplained: readonly number[];
  /** Taken by the source's broker, and neither delivered nor lost by a broker that said so. */
  readonly missing: readonly number[];
  /** Messages that the source's broker acknowledged to the publisher. */
  readonly accepted: number;
  /** Of those, the ones that it lost with a session, as its own log says. */
  readonly discarded: number;
  /** Messages that the relay acknowledged. */
  readonly acknowledged: number;
  /** Messages that the relay acknowledged from the disk. */
  readonly fromDisk: number;
  readonly delivered: number;
  /** Messages that are dead letters on the disk. */
  readonly deadLetters: number;
  /** PUBLISHes to the destination beyond the first of each message. */
  readonly duplicates: number;
  /** Times that a fault left a message outstanding that was sent already, or is to be sent: as many duplicates at most. */
  readonly outstanding: number;
}

/** What is known of one connection to the destination. */
interface DestinationConnection {
  readonly clientId: string;
  /** Messages sent and not acknowledged, by packet identifier. */
  readonly pending: Map<number, number>;
  /** The messages that were acknowledged last, as many as the relay may have in flight. */
  readonly acknowledged: number[];
  answers: number;
  sent: number;
}

export interface LedgerOptions {
  readonly messages: number;
  readonly spoolFolder: string;
  /** Most messages that the relay has in flight to its destination. */
  readonly window: number;
}

/**
 * Watches both sides of a relay on the wire, and judges each acknowledgement at the moment when the relay sends it: the
 * destination has to have taken the message, or the disk has to have it, before.
 *
 * Each message has *credits*: how often the relay may still send it. One for each time that its source sends it, one for
 * each connection that ended before its PUBACK was passed on (or, where it was, before anything shows that the relay has
 * read it), one for each refusal, and, for a process that was started anew, one for each time that its disk has it and nothing else.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #disk: SpoolReader;
  readonly #marks: Uint8Array;
  readonly #order: Uint32Array;
  readonly #credits: Uint8Array;
  /** The relay's process that a message came to last. */
  readonly #process: Uint16Array;
  #processes = 1;
  #seen = 0;
  readonly #counts = { accepted: 0, acknowledged: 0, fromDisk: 0, delivered: 0, duplicates: 0, outstanding: 0 };
  readonly #sourceMessages = new Map<number, Map<number, number>>();
  readonly #sourceFlows = new Map<number, FlowName>();
  readonly #toDestination = new Map<number, DestinationConnection>();
  readonly #lastOrder = new Array<number>(topicCount).fill(-1);
  readonly #faulty = { early: [] as number[], outOfOrder: [] as number[], unexplained: [] as number[] };
  /** A session that its broker lost, and the last connection that cannot have got another one. */
  readonly #lostSessions = new Map<FlowName, number>();
  /** Messages below may have gone with a session. */
  readonly #discardedBelow: Record<FlowName, number> = { flow: 0, side: 0 };
  #published = 0;
  /** Faults of the brokers that the proxies play: the next so many packets are not as they were sent. */
  readonly faults = { dropPubacks: 0, dropSourcePubacks: 0, refusePubacks: 0, rejectPubacks: 0, refuseConnects: 0 };

  /** Dataflows that may acknowledge from the disk. */
  readonly spooled: Record<FlowName, boolean> = { flow: true, side: true };

  constructor(options: LedgerOptions) {
    const { messages, spoolFolder } = options;
    this.#options = options;
    this.#disk = new SpoolReader(path.join(spoolFolder, "spool.sqlite"), dataflows);
    this.#marks = new Uint8Array(messages);
    this.#order = new Uint32Array(messages);
    this.#credits = new Uint8Array(messages);
    this.#process = new Uint16Array(messages);
  }

  /** For the proxy between the relay and its source. */
  readonly source: ProxyEvents = {
    filter: ({ bytes, start, body }, direction, connection) => {
      const type = typeOf(bytes, start);
      if (direction === "toRelay") {
        if (type === PacketType.publish) this.#onCame(bytes, body, connection);
        if (type === PacketType.suback) this.#onSubscribed(connection);
        return this.#refuseConnect(bytes, start, body);
      }
      if (type === PacketType.connect) {
        this.#sourceFlows.set(connection, clientIdOf(bytes, body).startsWith("side") ? "side" : "flow");
        this.#sourceMessages.set(connection, new Map());
      }
      if (type !== PacketType.puback) return true;
      this.#judge(this.#sourceMessages.get(connection)?.get(bytes.readUInt16BE(body)));
      return !this.#take("dropSourcePubacks");
    },
    onEnd: (connection) => {
      this.#sourceMessages.delete(connection);
    },
  };

  /** For the proxy between the relay and its destination. */
  readonly destination: ProxyEvents = {
    filter: ({ bytes, start, body, end }, direction, connection) => {
      const type = typeOf(bytes, start);
      if (direction === "toRelay") {
        if (type === PacketType.puback) return this.#onAnswer(bytes, body, end, connection);
        return this.#refuseConnect(bytes, start, body);
      }
      if (type === PacketType.connect) this.#onDestinationConnect(clientIdOf(bytes, body), connection);
      if (type === PacketType.publish) this.#onSent(bytes, body, connection);
      return true;
    },
    onEnd: (connection) => {
      this.#onDestinationEnd(connection);
    },
  };

  /** The publisher has sent all messages below this one, whoever took them. */
  notePublished(count: number): void {
    this.#published = Math.max(this.#published, count);
  }

  /** The source's broker has taken a message from the publisher. */
  noteAccepted(message: number): void {
    if (this.#has(message, Mark.accepted)) return;
    this.#set(message, Mark.accepted);
    this.#counts.accepted++;
  }

  /** The source's broker has lost the sessions, and with them what waited in them. */
  noteSessionLost(flows: readonly FlowName[], connectionsSoFar: number): void {
    for (const flow of flows) this.#lostSessions.set(flow, connectionsSoFar);
  }

  /** The relay's process has ended, and all that it sent was read. What only its memory had is gone. */
  noteProcessEnd(): void {
    this.#processes++;
    this.#credits.fill(0);
    for (const message of this.#disk.startAnew()) this.#grant(message);
  }

  /** Closes the spool's file: it is about to be changed. */
  closeDisk(): void {
    this.#disk.close();
  }

  /** Messages that the source's broker took and that have not arrived, without those that it may have lost itself. */
  get isComplete(): boolean {
    for (let message = 0; message < this.#published; message++) if (this.#isMissing(message)) return false;
    return this.#counts.accepted === this.#published;
  }

  /** Grows whenever anything happens. */
  get progress(): number {
    const { accepted, acknowledged, delivered, duplicates } = this.#counts;
    return accepted + acknowledged + delivered + duplicates + this.#seen;
  }

  /** The judgement, once nothing moves any more. */
  close(): Verdict {
    const onDisk = new Set(this.#disk.startAnew());
    const letters = this.#disk.letters;
    const missing: number[] = [];
    const lost: number[] = [];
    let discarded = 0;
    for (let message = 0; message < this.#options.messages; message++) {
      const isKept = this.#has(message, Mark.delivered) || onDisk.has(message) || letters.has(message);
      if (this.#has(message, Mark.acknowledged) && !isKept) lost.push(message);
      else if (!isKept && this.#isMissing(message)) missing.push(message);
      else if (!isKept && this.#has(message, Mark.accepted)) discarded++;
    }
    return { ...this.#counts, ...this.#faulty, lost, missing, discarded, deadLetters: letters.size };
  }

  #has(message: number, mark: number): boolean {
    return ((this.#marks[message] ?? 0) & mark) !== 0;
  }

  #set(message: number, mark: number): void {
    this.#marks[message]! |= mark;
  }

  /** The relay may send a message once, or once more. */
  #grant(message: number): void {
    if (this.#has(message, Mark.sent) || (this.#credits[message] ?? 0) > 0) this.#counts.outstanding++;
    this.#credits[message]!++;
  }

  #take(fault: keyof Ledger["faults"]): boolean {
    if (this.faults[fault] === 0) return false;
    this.faults[fault]--;
    return true;
  }

  /** Whether a message should have arrived or be kept somewhere. */
  #isMissing(message: number): boolean {
    if (!this.#has(message, Mark.accepted) || this.#has(message, Mark.delivered)) return false;
    if (this.#has(message, Mark.acknowledged)) return !this.#disk.hasLetter(message);
    if (message >= this.#discardedBelow[flowOf(message)]) return true;
    // What this process has had in hand and sent, it has to deliver, whatever its source has forgotten.
    const isInHand = this.#has(message, Mark.sent) && this.#process[message] === this.#processes;
    return isInHand && !this.#disk.hasLetter(message);
  }

  #onCame(bytes: Buffer, body: number, connection: number): void {
    const message = messageOf(bytes, body);
    this.#sourceMessages.get(connection)?.set(bytes.readUInt16BE(packetIdAt(bytes, body)), message);
    this.#grant(message);
    // It comes again when the PUBACK of the copy before was lost behind the proxy: nothing is known of this one yet.
    this.#marks[message]! &= ~Mark.settled;
    this.#process[message] = this.#processes;
    if (this.#has(message, Mark.seen)) return;
    this.#set(message, Mark.seen);
    this.#order[message] = this.#seen++;
  }

  #onSubscribed(connection: number): void {
    const flow = this.#sourceFlows.get(connection);
    if (flow === undefined) return;
    const lastWithout = this.#lostSessions.get(flow);
    if (lastWithout === undefined || connection <= lastWithout) return;
    this.#lostSessions.delete(flow);
    this.#discardedBelow[flow] = this.#published;
  }

  #judge(message: number | undefined): void {
    if (message === undefined) return;
    if (!this.#has(message, Mark.acknowledged)) this.#counts.acknowledged++;
    this.#set(message, Mark.acknowledged);
    if (this.#has(message, Mark.delivered)) {
      // Without a spool it can have learnt that it may acknowledge from the destination's PUBACK alone.
      if (!this.spooled[flowOf(message)]) this.#set(message, Mark.settled);
      return;
    }
    if (this.#disk.has(message)) this.#counts.fromDisk++;
    else this.#faulty.early.push(message);
  }

  #onDestinationConnect(clientId: string, connection: number): void {
    // A client that connects again has given up its connection before, seen here or not.
    for (const [number, other] of this.#toDestination) if (other.clientId === clientId) this.#onDestinationEnd(number);
    this.#toDestination.set(connection, { clientId, pending: new Map(), acknowledged: [], answers: 0, sent: 0 });
  }

  #onDestinationEnd(connection: number): void {
    const ended = this.#toDestination.get(connection);
    if (ended === undefined) return;
    this.#toDestination.delete(connection);
    for (const message of ended.pending.values()) this.#grant(message);
    // With so many sent, the relay has read all answers but the last ones: no more than it may have in flight.
    const unread = ended.answers - Math.max(0, ended.sent - this.#options.window);
    const last = unread > 0 ? ended.acknowledged.slice(-unread) : [];
    const maybeUnread = last.filter((message) => !this.#has(message, Mark.settled));
    for (const message of maybeUnread) this.#grant(message);
  }

  #onSent(bytes: Buffer, body: number, connection: number): void {
    const message = messageOf(bytes, body);
    const to = this.#toDestination.get(connection);
    if (to !== undefined) {
      to.pending.set(bytes.readUInt16BE(packetIdAt(bytes, body)), message);
      to.sent++;
    }
    if ((this.#credits[message] ?? 0) > 0) this.#credits[message]!--;
    else this.#faulty.unexplained.push(message);
    if (this.#has(message, Mark.sent)) {
      this.#counts.duplicates++;
      return;
    }
    this.#set(message, Mark.sent);
    const order = this.#order[message] ?? 0;
    const topic = message % topicCount;
    if (order < (this.#lastOrder[topic] ?? -1)) this.#faulty.outOfOrder.push(message);
    else this.#lastOrder[topic] = order;
  }

  #onAnswer(bytes: Buffer, body: number, end: number, connection: number): boolean | Buffer {
    if (this.#take("dropPubacks")) return false;
    const to = this.#toDestination.get(connection);
    const packetId = bytes.readUInt16BE(body);
    const message = to?.pending.get(packetId);
    const code = this.#take("refusePubacks")
      ? quotaExceeded
      : this.#take("rejectPubacks")
        ? payloadFormatInvalid
        : reasonOf(bytes, body, end);
    const answer = code === reasonOf(bytes, body, end) || Buffer.from([0x40, 3, packetId >> 8, packetId & 0xff, code]);
    if (to === undefined || message === undefined) return answer;
    to.pending.delete(packetId);
    to.answers++;
    if (code >= firstFailure) {
      if (code !== payloadFormatInvalid) this.#grant(message);
      return answer;
    }
    to.acknowledged.push(message);
    if (to.acknowledged.length > 2 * this.#options.window) to.acknowledged.splice(0, this.#options.window);
    if (!this.#has(message, Mark.delivered)) this.#counts.delivered++;
    this.#set(message, Mark.delivered);
    return answer;
  }

  #refuseConnect(bytes: Buffer, start: number, body: number): boolean | Buffer {
    if (typeOf(bytes, start) !== PacketType.connack || (bytes[body + 1] ?? 0) >= firstFailure) return true;
    const code = connackCodes[this.faults.refuseConnects % connackCodes.length] ?? quotaExceeded;
    return this.#take("refuseConnects") ? Buffer.from([0x20, 3, 0, code, 0]) : true;
  }
}
