import path from "node:path";

import { ConnectionLosses } from "./connection-losses.ts";
import { clientIdOf, PacketType, publishOf, reasonOf, typeOf, type Publish } from "./packets.ts";
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

/** The dataflow of a client identifier. */
export function flowOfClient(clientId: string): FlowName {
  return clientId.startsWith("side") ? "side" : "flow";
}

/** Reason codes that proxies put in the place of a success. */
const quotaExceeded = 0x97;
const payloadFormatInvalid = 0x99;
const firstFailure = 0x80;
const connackCodes = [0x87, 0x88, 0x89, 0x97] as const;
/** With QoS 0 a relay keeps so many messages of a dataflow while its destination is away: doc/adr/0002-delivery.md. */
const maxWaitingQos0 = 10_000;
/** A connection is replaced within this time after another one was opened for it. */
const replacedWithinMs = 8000;

/** What happened to a message, as bits. */
const Mark = {
  accepted: 1,
  seen: 2,
  acknowledged: 4,
  delivered: 8,
  sent: 16,
  settled: 32,
  rejected: 64,
  noRoom: 128,
} as const;

/** What became of a schedule's messages. */
export interface Verdict {
  /** Acknowledged by the relay to its source, while neither the destination nor the disk had it. */
  readonly early: readonly number[];
  /** Acknowledged by the relay, and at the end neither delivered nor on the disk, where no fault explains it. */
  readonly lost: readonly number[];
  /** Sent for the first time behind a later message of its topic. */
  readonly outOfOrder: readonly number[];
  /** Sent once more than all that was outstanding at faults accounts for. */
  readonly unexplained: readonly number[];
  /** Owed by the source's broker, or with QoS 0 sent by it, and neither delivered nor lost in a way that is explained. */
  readonly missing: readonly number[];
  /** Messages that the source's broker acknowledged to the publisher. */
  readonly accepted: number;
  /** Of those, the ones that it lost with a session, as its own log says, or that it had nobody for with QoS 0. */
  readonly discarded: number;
  /** Messages that the relay acknowledged. */
  readonly acknowledged: number;
  /** Messages that the relay acknowledged from the disk. */
  readonly fromDisk: number;
  readonly delivered: number;
  /** Messages that are dead letters on the disk, or were refused for good where there are no dead letters. */
  readonly deadLetters: number;
  /** Messages of a dataflow with QoS 0 that a fault explains the loss of. */
  readonly lostWithQos0: number;
  /** PUBLISHes to the destination beyond the first of each message. */
  readonly duplicates: number;
  /** Times that a fault left a message outstanding that was sent already, or is to be sent: as many duplicates at most. */
  readonly outstanding: number;
  /** PUBLISHes from the source that an earlier filter of the session brought besides the wanted one. */
  readonly copies: number;
}

/** What is known of one connection to the source. */
interface SourceConnection {
  readonly clientId: string;
  readonly flow: FlowName;
  /** Messages that came and are not acknowledged, by packet identifier. */
  readonly pending: Map<number, number>;
  /** Place of the latest of its messages that was sent on: all before it were read. */
  lastSentOrder: number;
  isOpen: boolean;
}

/** What is known of one connection to the destination. */
interface DestinationConnection {
  readonly clientId: string;
  readonly instance: number;
  /** Messages sent and not acknowledged, by packet identifier. */
  readonly pending: Map<number, number>;
  /** The messages that were acknowledged last, as many as the relay may have in flight. */
  readonly acknowledged: number[];
  answers: number;
  sent: number;
  /** Whether the relay has ended it, with DISCONNECT or without, and nothing had happened to it. */
  isPlanned: boolean;
  /** Whether its broker has sent DISCONNECT. */
  isDismissed: boolean;
}

/** What is known of one instance of the relay. */
interface InstanceBook {
  readonly disk: SpoolReader;
  readonly credits: Uint8Array;
  /** Times that a message came which its sender did not mark as sent before. */
  readonly firsts: Uint8Array;
  /** The process of today; 0 for none. */
  process: number;
  isKilled: boolean;
}

export interface LedgerOptions {
  readonly messages: number;
  /** The spool of each instance. */
  readonly spoolFolders: readonly string[];
  /** Most messages that the relay has in flight to its destination. */
  readonly window: number;
  readonly qos: Readonly<Record<"source" | "destination", number>>;
  /** Dataflows that may acknowledge from the disk. */
  readonly spooled: Readonly<Record<FlowName, boolean>>;
  /** Whether a message that was refused for good has to be on the disk. */
  readonly hasDeadLetters: boolean;
  /** Time that the relay has, when it ends a connection itself, to hand over what it has acknowledged. */
  readonly drainTimeoutMs: number;
}

/**
 * Watches both sides of a relay on the wire, and judges each acknowledgement at the moment when the relay sends it: the
 * destination has to have taken the message, or the disk has to have it, before.
 *
 * Each message has *credits* with each instance: how often it may still send it. One for each time that its source sends
 * it (a copy that only an earlier filter of the session brings has none), one for each connection that ended before its
 * PUBACK was passed on (or, where it was, before anything shows that the relay has read it), one for each refusal, and,
 * for a process that was started anew, one for each time that its disk has it and nothing else.
 *
 * With QoS 0 at the destination there is no PUBACK: what was acknowledged or came has to be seen by the proxy, unless it
 * went with a connection that broke. With QoS 0 at the source nothing is owed that the proxy has not passed on.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #books: readonly InstanceBook[];
  readonly #marks: Uint8Array;
  readonly #order: Uint32Array;
  /** Times that the publisher has sent a message. */
  readonly #published: Uint8Array;
  /** The process, the connection and the client that a message came to: to the first two last, to the client first. */
  readonly #process: Uint16Array;
  readonly #cameOn: Uint32Array;
  readonly #cameTo: string[];
  #processes = 0;
  /** How often each came to a relay. */
  readonly #comings: number[] = [];
  /** The next place in the order, and messages that came. */
  #seen = 0;
  #came = 0;
  readonly #counts = {
    accepted: 0,
    acknowledged: 0,
    fromDisk: 0,
    delivered: 0,
    duplicates: 0,
    outstanding: 0,
    copies: 0,
  };
  readonly #sources = new Map<number, SourceConnection>();
  readonly #toDestination = new Map<number, DestinationConnection>();
  readonly #losses = new ConnectionLosses();
  /** Place of the latest message that was sent, by the client that it came to and its topic. */
  readonly #lastOrder = new Map<string, number>();
  readonly #faulty = { early: [] as number[], outOfOrder: [] as number[], unexplained: [] as number[] };
  /** Acknowledged before anything had it, which is right only where another copy comes on the same connection. */
  readonly #maybeEarly = new Map<number, number>();
  /** A session that its broker lost, the last connection that cannot have got another one, and its first message. */
  readonly #lostSessions = new Map<FlowName, { lastWithout: number; from: number }>();
  /** Messages that may have gone with a session. */
  readonly #discards: Record<FlowName, Range[]> = { flow: [], side: [] };
  /** Messages that were published while filters or instances changed: each filter may bring them. */
  readonly #changes: Range[] = [];
  #replacingSinceMs = -Infinity;
  #explainedAtRest: ReadonlySet<number> | undefined;
  #strictFrom = Infinity;
  #publishedBelow = 0;
  /** AUTHs that the relay has sent. */
  auths = 0;
  /** Faults of the brokers that the proxies play: the next so many packets are not as they were sent. */
  readonly faults = {
    dropPubacks: 0,
    dropSourcePubacks: 0,
    refusePubacks: 0,
    rejectPubacks: 0,
    refuseConnects: 0,
    dropAuths: 0,
  };

  constructor(options: LedgerOptions) {
    const { messages, spoolFolders } = options;
    this.#options = options;
    this.#books = spoolFolders.map((folder) => ({
      disk: new SpoolReader(path.join(folder, "spool.sqlite"), dataflows),
      credits: new Uint8Array(messages),
      firsts: new Uint8Array(messages),
      process: 0,
      isKilled: false,
    }));
    this.#marks = new Uint8Array(messages);
    this.#order = new Uint32Array(messages);
    this.#published = new Uint8Array(messages);
    this.#process = new Uint16Array(messages);
    this.#cameOn = new Uint32Array(messages);
    this.#cameTo = new Array<string>(messages).fill("");
  }

  /** For an instance's way through the proxy between the relay and its source. */
  source(instance: number): ProxyEvents {
    return {
      filter: ({ bytes, start, body }, direction, connection) => {
        const type = typeOf(bytes, start);
        if (direction === "toRelay") {
          if (type === PacketType.publish) this.#onCame(publishOf(bytes, start, body), instance, connection);
          if (type === PacketType.suback) this.#onSubscribed(connection);
          if (type === PacketType.auth && this.#take("dropAuths")) return false;
          return this.#refuseConnect(bytes, start, body);
        }
        if (type === PacketType.connect) this.#onSourceConnect(clientIdOf(bytes, body), connection);
        if (type === PacketType.auth) this.auths++;
        if (type !== PacketType.puback) return true;
        this.#judge(this.#takePending(bytes.readUInt16BE(body), connection), instance, connection);
        return !this.#take("dropSourcePubacks");
      },
      onEnd: (connection) => {
        const ended = this.#sources.get(connection);
        if (ended !== undefined) ended.isOpen = false;
      },
    };
  }

  /** For an instance's way through the proxy between the relay and its destination. */
  destination(instance: number): ProxyEvents {
    return {
      filter: ({ bytes, start, body, end }, direction, connection) => {
        const type = typeOf(bytes, start);
        if (direction === "toRelay") {
          if (type === PacketType.puback) return this.#onAnswer(bytes, body, end, connection);
          if (type === PacketType.disconnect) this.#onDismissed(connection);
          if (type === PacketType.auth && this.#take("dropAuths")) return false;
          return this.#refuseConnect(bytes, start, body);
        }
        if (type === PacketType.connect) this.#onDestinationConnect(clientIdOf(bytes, body), instance, connection);
        if (type === PacketType.publish) this.#onSent(publishOf(bytes, start, body), instance, connection);
        if (type === PacketType.auth) this.auths++;
        const to = this.#toDestination.get(connection);
        if (type === PacketType.disconnect && to !== undefined) to.isPlanned = (bytes[body] ?? 0) === 0 || end === body;
        return true;
      },
      onEnd: (connection, isByRelay) => {
        const ended = this.#toDestination.get(connection);
        if (ended !== undefined) ended.isPlanned ||= isByRelay && !ended.isDismissed && !this.#mayBreak(instance);
        this.#onDestinationEnd(connection);
      },
    };
  }

  /** The publisher sends a message, perhaps once more. */
  notePublished(message: number): void {
    this.#published[message]!++;
    this.#publishedBelow = Math.max(this.#publishedBelow, message + 1);
  }

  /** Messages that were sent at least once. */
  get published(): number {
    return this.#publishedBelow;
  }

  /** The source's broker has taken a message from the publisher. */
  noteAccepted(message: number): void {
    if (this.#has(message, Mark.accepted)) return;
    this.#set(message, Mark.accepted);
    this.#counts.accepted++;
  }

  /** The source's broker has lost the sessions, and with them what waited in them, from one message on. */
  noteSessionLost(flows: readonly FlowName[], connectionsSoFar: number, from = 0): void {
    for (const flow of flows) {
      const before = this.#lostSessions.get(flow);
      this.#lostSessions.set(flow, { lastWithout: connectionsSoFar, from: Math.min(before?.from ?? from, from) });
    }
  }

  /** Filters or instances change from here on: what is published until {@link noteSettled} may come once by each filter. */
  noteChange(): void {
    if (this.#changes.at(-1)?.to === Infinity) return;
    // Those that were published last may wait in the publisher's own window, or on their way.
    this.#changes.push({ from: Math.max(0, this.#publishedBelow - underWay), to: Infinity });
  }

  noteSettled(): void {
    const last = this.#changes.at(-1);
    if (last?.to === Infinity) last.to = this.#publishedBelow;
  }

  /** An instance's process has started. */
  noteProcessStart(instance: number): void {
    this.#bookOf(instance).process = ++this.#processes;
  }

  /** An instance's process has ended, and all that it sent was read. What only its memory had is gone. */
  noteProcessEnd(instance: number): void {
    const book = this.#bookOf(instance);
    book.process = 0;
    book.isKilled = false;
    book.credits.fill(0);
    const left = book.disk.startAnew();
    for (const message of left) this.#grant(message, book);
    if (this.#options.qos.destination === 1) return;
    const onDisk = new Set(left);
    this.#losses.noteProcessEnd(instance, (message) => !onDisk.has(message) && this.#mayHaveGone(message));
  }

  /** An instance is killed: what it wrote may never leave the machine. */
  noteKilled(instance: number): void {
    this.#bookOf(instance).isKilled = true;
  }

  /** A connection to the destination is being replaced, on a link that may take long for what waits. */
  noteReplacing(): void {
    this.#replacingSinceMs = performance.now();
  }

  /** A stop took as long as a relay has for it: what it had not handed over then is lost with QoS 0. */
  noteLateStop(instance: number): void {
    this.#losses.forgive(instance);
  }

  /** Closes a spool's file: it is about to be changed. */
  closeDisk(instance: number): void {
    this.#bookOf(instance).disk.close();
  }

  /** From here on nothing happens any more, so that every message arrives with QoS 0 too. */
  noteCalm(): void {
    this.#strictFrom = this.#publishedBelow;
  }

  /** Messages of dataflows with a spool that came and are not acknowledged, with an instance that is there. */
  get unacknowledged(): number {
    let count = 0;
    for (const { pending, flow, isOpen } of this.#sources.values())
      if (isOpen && this.#options.spooled[flow]) count += pending.size;
    return count;
  }

  /** Messages that came and are neither delivered nor known to be lost: about what the disk may have to hold. */
  get undelivered(): number {
    return this.#came - this.#counts.delivered;
  }

  /** What is owed and has not arrived, without what is explained; `undefined` where there is nothing. */
  get incomplete(): string | undefined {
    const explained = this.#explainedLosses();
    for (let message = 0; message < this.#publishedBelow; message++)
      if (this.#isMissing(message) && !explained.has(message)) return `message ${message} is missing`;
    // Of what went with a connection some may yet wait on the disk.
    if (this.#books.some(({ disk, process }) => process !== 0 && disk.isWaiting)) return "messages wait on the disk";
    if (this.#counts.accepted !== this.#publishedBelow) return "the publisher has no PUBACK for some";
    return undefined;
  }

  /** Grows whenever anything happens. */
  get progress(): number {
    const { accepted, acknowledged, delivered, duplicates } = this.#counts;
    return accepted + acknowledged + delivered + duplicates + this.#seen;
  }

  /** Nothing moves any more: what is explained now stays so, and the end of the last processes explains nothing. */
  noteRest(): void {
    this.#explainedAtRest = this.#explainedLosses();
  }

  /** The judgement, once nothing moves any more. */
  close(): Verdict {
    const onDisk = new Set(this.#books.flatMap(({ disk }) => [...disk.startAnew()]));
    const letters = new Set(this.#books.flatMap(({ disk }) => [...disk.letters]));
    const explained = this.#explainedAtRest ?? this.#explainedLosses();
    for (const message of this.#maybeEarly.keys()) {
      this.#faulty.early.push(message);
      this.#set(message, Mark.acknowledged);
    }
    this.#maybeEarly.clear();
    const missing: number[] = [];
    const lost: number[] = [];
    let [discarded, lostWithQos0, refused] = [0, 0, 0];
    for (let message = 0; message < this.#options.messages; message++) {
      if (this.#has(message, Mark.rejected) && !this.#has(message, Mark.delivered)) refused++;
      if (this.#isKept(message) || onDisk.has(message) || letters.has(message)) continue;
      if (explained.has(message)) lostWithQos0++;
      else if (this.#has(message, Mark.acknowledged)) lost.push(message);
      else if (this.#isMissing(message)) missing.push(message);
      else if (this.#has(message, Mark.accepted)) discarded++;
    }
    const deadLetters = this.#options.hasDeadLetters ? letters.size : refused;
    return { ...this.#counts, ...this.#faulty, lost, missing, discarded, lostWithQos0, deadLetters };
  }

  /** Whether an instance may break a connection itself: it was killed, or had no more time to replace one. */
  #mayBreak(instance: number): boolean {
    const replacingMs = performance.now() - this.#replacingSinceMs;
    const isLate = replacingMs >= this.#options.drainTimeoutMs && replacingMs < replacedWithinMs;
    return this.#bookOf(instance).isKilled || isLate;
  }

  #bookOf(instance: number): InstanceBook {
    return this.#books[instance]!;
  }

  #has(message: number, mark: number): boolean {
    return ((this.#marks[message] ?? 0) & mark) !== 0;
  }

  #set(message: number, mark: number): void {
    this.#marks[message]! |= mark;
  }

  /** Whether a message has found its end without the disk. */
  #isKept(message: number): boolean {
    return this.#has(message, Mark.delivered) || (!this.#options.hasDeadLetters && this.#has(message, Mark.rejected));
  }

  /** The relay may send a message once, or once more. */
  #grant(message: number, { credits }: InstanceBook): void {
    if (this.#has(message, Mark.sent) || (credits[message] ?? 0) > 0) this.#counts.outstanding++;
    credits[message]!++;
  }

  #take(fault: keyof Ledger["faults"]): boolean {
    if (this.faults[fault] === 0) return false;
    this.faults[fault]--;
    return true;
  }

  /** Whether a message should have arrived or be kept somewhere; whether its loss is explained is another question. */
  #isMissing(message: number): boolean {
    if (!this.#has(message, Mark.accepted) || this.#isKept(message) || !this.#isOwed(message)) return false;
    return !this.#isOnDisk(message);
  }

  #isOwed(message: number): boolean {
    if (this.#options.qos.source === 0) return message >= this.#strictFrom || this.#has(message, Mark.seen);
    if (this.#has(message, Mark.acknowledged) || !isIn(message, this.#discards[flowOf(message)])) return true;
    // What a process that is there has had in hand and sent, it has to deliver, whatever its source has forgotten.
    return this.#has(message, Mark.sent) && this.#isAlive(message);
  }

  /** Whether a message is a dead letter, or waits on the disk of an instance that is not there any more. */
  #isOnDisk(message: number): boolean {
    return this.#books.some(({ disk, process }) => disk.hasLetter(message) || (process === 0 && disk.has(message)));
  }

  /** Whether the process is there that a message came to last. */
  #isAlive(message: number): boolean {
    return this.#books.some(({ process }) => process !== 0 && process === this.#process[message]);
  }

  /** Messages whose loss with QoS 0 is explained: by an end that came before they could be handed over. */
  #explainedLosses(): ReadonlySet<number> {
    const { qos } = this.#options;
    const explained = new Set<number>();
    if (qos.source === 1 && qos.destination === 1) return explained;
    if (qos.destination === 0)
      for (const message of this.#losses.explained((message) => this.#mayHaveGone(message))) explained.add(message);
    if (qos.source === 1) return explained;
    for (let message = 0; message < Math.min(this.#publishedBelow, this.#strictFrom); message++)
      if (this.#has(message, Mark.seen) && !this.#isKept(message) && this.#isExplained(message)) explained.add(message);
    return explained;
  }

  /** Whether nobody has a message any more, had it been written to a connection: one that is not acknowledged comes again. */
  #mayHaveGone(message: number): boolean {
    return !this.#isKept(message) && (this.#options.qos.source === 0 || this.#has(message, Mark.acknowledged));
  }

  #isExplained(message: number): boolean {
    if (this.#has(message, Mark.noRoom) || !this.#isAlive(message)) return true;
    const came = this.#sources.get(this.#cameOn[message] ?? 0);
    // It may not have been read before its connection ended, unless one behind it was.
    return came?.isOpen === false && (this.#order[message] ?? 0) > came.lastSentOrder;
  }

  #onSourceConnect(clientId: string, connection: number): void {
    const flow = flowOfClient(clientId);
    this.#sources.set(connection, { clientId, flow, pending: new Map(), lastSentOrder: -1, isOpen: true });
  }

  #onCame({ qos, isDup, packetId, message }: Publish, instance: number, connection: number): void {
    const book = this.#bookOf(instance);
    const from = this.#sources.get(connection);
    if (qos > 0) from?.pending.set(packetId, message);
    this.#comings[message] = (this.#comings[message] ?? 0) + 1;
    if (!isDup) book.firsts[message]!++;
    if (this.#maybeEarly.get(message) === connection) this.#maybeEarly.delete(message);
    // Each time that it was published brings it once by the filters that are wanted.
    const isCopy = !isDup && (book.firsts[message] ?? 0) > (this.#published[message] ?? 0);
    if (isCopy) this.#counts.copies++;
    if (!isCopy || isIn(message, this.#changes)) this.#grant(message, book);
    // It comes again when the PUBACK of the copy before was lost behind the proxy: nothing is known of this one yet.
    this.#marks[message]! &= ~Mark.settled;
    this.#process[message] = book.process;
    this.#cameOn[message] = connection;
    if (this.#has(message, Mark.seen)) {
      // What went with a connection takes its place behind what came meanwhile when it comes again.
      if (this.#options.qos.destination === 0 && !this.#has(message, Mark.sent)) this.#order[message] = this.#seen++;
      return;
    }
    this.#set(message, Mark.seen);
    this.#came++;
    if (qos === 0 && this.undelivered > maxWaitingQos0) this.#set(message, Mark.noRoom);
    this.#order[message] = this.#seen++;
    this.#cameTo[message] = from?.clientId ?? "";
    this.#losses.noteCame(message, instance, flowOf(message));
  }

  #onSubscribed(connection: number): void {
    const flow = this.#sources.get(connection)?.flow;
    const lost = flow === undefined ? undefined : this.#lostSessions.get(flow);
    if (flow === undefined || lost === undefined || connection <= lost.lastWithout) return;
    this.#lostSessions.delete(flow);
    this.#discards[flow].push({ from: lost.from, to: this.#publishedBelow });
  }

  #takePending(packetId: number, connection: number): number | undefined {
    const pending = this.#sources.get(connection)?.pending;
    const message = pending?.get(packetId);
    pending?.delete(packetId);
    return message;
  }

  #judge(message: number | undefined, instance: number, connection: number): void {
    if (message === undefined) return;
    const isKnown = this.#isKept(message);
    const isOnDisk = !isKnown && this.#bookOf(instance).disk.has(message);
    const hasToWait = !isKnown && !isOnDisk && this.#options.qos.destination === 1;
    if (hasToWait && this.#changes.length > 0) {
      // A copy that an earlier filter brought is not for the destination; the wanted one is there, or comes.
      const isAnotherThere = [...(this.#sources.get(connection)?.pending.values() ?? [])].includes(message);
      if (!isAnotherThere) this.#maybeEarly.set(message, connection);
      return;
    }
    if (!this.#has(message, Mark.acknowledged)) this.#counts.acknowledged++;
    this.#set(message, Mark.acknowledged);
    if (hasToWait) this.#faulty.early.push(message);
    if (isOnDisk) this.#counts.fromDisk++;
    // Without a spool it can have learnt that it may acknowledge from the destination's PUBACK alone.
    if (isKnown && !this.#options.spooled[flowOf(message)]) this.#set(message, Mark.settled);
  }

  #onDestinationConnect(clientId: string, instance: number, connection: number): void {
    // A client that connects again has given up its connection before, seen here or not.
    for (const [number, other] of this.#toDestination) if (other.clientId === clientId) this.#onDestinationEnd(number);
    const nothing = { pending: new Map(), acknowledged: [], answers: 0, sent: 0, isPlanned: false, isDismissed: false };
    this.#toDestination.set(connection, { clientId, instance, ...nothing });
  }

  #onDismissed(connection: number): void {
    const to = this.#toDestination.get(connection);
    if (to !== undefined) to.isDismissed = true;
  }

  #onDestinationEnd(connection: number): void {
    const ended = this.#toDestination.get(connection);
    if (ended === undefined) return;
    this.#toDestination.delete(connection);
    const { instance, isPlanned, clientId } = ended;
    this.#losses.noteEnd({ connection, instance, flow: flowOfClient(clientId), isPlanned });
    const book = this.#bookOf(instance);
    for (const message of ended.pending.values()) this.#grant(message, book);
    // With so many sent, the relay has read all answers but the last ones: no more than it may have in flight.
    const unread = ended.answers - Math.max(0, ended.sent - this.#options.window);
    const last = unread > 0 ? ended.acknowledged.slice(-unread) : [];
    const maybeUnread = last.filter((message) => !this.#has(message, Mark.settled));
    for (const message of maybeUnread) this.#grant(message, book);
  }

  #onSent({ qos, packetId, message }: Publish, instance: number, connection: number): void {
    const to = this.#toDestination.get(connection);
    const { credits } = this.#bookOf(instance);
    if (to !== undefined && qos > 0) {
      to.pending.set(packetId, message);
      to.sent++;
    }
    if ((credits[message] ?? 0) > 0) credits[message]!--;
    else this.#faulty.unexplained.push(message);
    const came = this.#sources.get(this.#cameOn[message] ?? 0);
    const order = this.#order[message] ?? 0;
    if (came !== undefined) came.lastSentOrder = Math.max(came.lastSentOrder, order);
    if (qos === 0) this.#onDelivered(message);
    if (this.#has(message, Mark.sent)) {
      this.#counts.duplicates++;
      return;
    }
    this.#set(message, Mark.sent);
    this.#losses.noteSent(message, connection);
    this.#judgeOrder(message, order, instance);
  }

  #isOfEarlierProcess(message: number, instance: number): boolean {
    return this.#process[message] !== this.#bookOf(instance).process;
  }

  /** Messages of a topic leave in the order in which they came, those that came to one client and its own instance. */
  #judgeOrder(message: number, order: number, instance: number): void {
    const client = this.#cameTo[message] ?? "";
    if (!client.includes(`-${instance}-`)) return;
    const key = `${client}/${message % topicCount}`;
    const last = this.#lastOrder.get(key) ?? -1;
    // With QoS 0 it may have been sent before, on a connection that broke: it comes once more from the source or from the disk,
    // behind others, which is better than not at all.
    const isAgain =
      this.#options.qos.destination === 0 &&
      ((this.#comings[message] ?? 0) > 1 || this.#isOfEarlierProcess(message, instance));
    // It is no measure for others either: the copy that is sent may be the one that came first.
    if (isAgain) return;
    if (order < last) this.#faulty.outOfOrder.push(message);
    else this.#lastOrder.set(key, order);
  }

  #onDelivered(message: number): void {
    if (!this.#has(message, Mark.delivered)) this.#counts.delivered++;
    this.#set(message, Mark.delivered);
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
    if (code >= firstFailure && code !== payloadFormatInvalid) {
      this.#grant(message, this.#bookOf(to.instance));
      return answer;
    }
    to.acknowledged.push(message);
    if (to.acknowledged.length > 2 * this.#options.window) to.acknowledged.splice(0, this.#options.window);
    if (code === payloadFormatInvalid) this.#set(message, Mark.rejected);
    else this.#onDelivered(message);
    return answer;
  }

  #refuseConnect(bytes: Buffer, start: number, body: number): boolean | Buffer {
    if (typeOf(bytes, start) !== PacketType.connack || (bytes[body + 1] ?? 0) >= firstFailure) return true;
    const code = connackCodes[this.faults.refuseConnects % connackCodes.length] ?? quotaExceeded;
    return this.#take("refuseConnects") ? Buffer.from([0x20, 3, 0, code, 0]) : true;
  }
}

/** Messages from one up to another, without it. */
interface Range {
  readonly from: number;
  to: number;
}

/** Messages that the publisher may have under way. */
export const underWay = 200;

function isIn(message: number, ranges: readonly Range[]): boolean {
  return ranges.some(({ from, to }) => message >= from && message < to);
}
