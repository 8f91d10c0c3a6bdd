import { quote, type ConnectionError } from "../contract/errors.ts";
import type { Owing } from "./destination/stall-watch.ts";
import type { SpoolQueue } from "../disk/spool.ts";
import { describeDeadLetter, encodeDeadLetter, hasGoneRound, type DeadLetterNotes } from "../rewrite/dead-letter.ts";
import { topicOfEntry, type Entry } from "./entry.ts";
import type { ForwarderOptions, SourceLimits, SourcePort } from "./ports.ts";
import { copiesForDisk } from "./queue-status.ts";
import { SourceDeadLetters } from "./source/source-dead-letters.ts";
import type { SourceSession } from "./source/source-side.ts";

/** Bytes of dead letters that wait for a disk that fails, before those that came with QoS 0 are given up. */
const maxLateBytes = 1024 * 1024;

/** Part of the dataflow's memory that dead letters for the source may take before what is on the disk waits there. */
const deadLetterShare = 1 / 4;

/** What a message that can't be delivered does to the dataflow. */
export interface UndeliverableEvents {
  /** It was given up, or is kept elsewhere: the source may be told. */
  readonly onDone: (entry: Entry) => void;
  /** It has become a dead letter, to be sent to the destination before all others. */
  readonly onDeadLetter: (entry: Entry) => void;
  /** There are few enough dead letters on their way to the source again. */
  readonly onRoom: () => void;
  /** It stops the dataflow. */
  readonly onStop: (reason: string) => void;
}

type Options = Pick<
  ForwarderOptions,
  | "undeliverable"
  | "deadLetters"
  | "qos"
  | "counters"
  | "onTrouble"
  | "schedule"
  | "wallTime"
  | "now"
  | "refusalTimeoutMs"
  | "maxInflightBytes"
>;

/** Does with messages that can't be delivered what the dataflow's policy says. */
export class Undeliverable {
  readonly #options: Options;
  readonly #events: UndeliverableEvents;
  readonly #toSource: SourceDeadLetters;
  #disk: SpoolQueue | undefined;
  /** Dead letters on their way to the disk. */
  #written = 0;

  constructor(options: Options, events: UndeliverableEvents) {
    this.#options = options;
    this.#events = events;
    this.#toSource = new SourceDeadLetters({
      onDone: (entry) => {
        this.#onKept(entry);
      },
      onRefused: (entry, reason) => {
        this.refuse(entry, `the source refused the dead letter for good: ${reason}`);
      },
      onRoom: events.onRoom,
      onUnconfirmed: ({ sourceId }) => {
        if (sourceId !== 0) options.counters.unconfirmed++;
      },
      onRejected: (entry, reason) => {
        options.onTrouble({
          kind: "rejected",
          reason: `the source refuses the dead letter: ${reason}`,
          topic: topicOfEntry(entry),
        });
      },
      schedule: options.schedule,
      now: options.now,
      refusalTimeoutMs: options.refusalTimeoutMs,
      mostBytes: options.maxInflightBytes * deadLetterShare,
    });
  }

  /** Dead letters that are on their way. */
  get pending(): number {
    return this.#toSource.length + this.#written;
  }

  /** Those of them that the source has to confirm. */
  get toSource(): number {
    return this.#toSource.length;
  }

  /** What the source has to confirm next. */
  get owedBySource(): Owing | undefined {
    return this.#toSource.owing;
  }

  /** Whether so many wait for the source that no more are to be made of what can wait elsewhere. */
  get isFull(): boolean {
    return this.#toSource.isFull;
  }

  /** Bytes that they take in memory. */
  get pendingBytes(): number {
    return this.#toSource.bytes + (this.#disk?.pendingDeadLetterBytes ?? 0) * copiesForDisk;
  }

  /** Dead letters may be written to the disk: where the plan says so, and where nobody takes them. */
  useDisk(queue: SpoolQueue): void {
    this.#disk = queue;
  }

  attachSource(source: SourcePort, limits: SourceLimits): void {
    this.#toSource.attach(source, limits);
  }

  /** The session redelivers what it was not told of: dead letters of that which were not sent are made anew. */
  forgetRedelivered(session: SourceSession): void {
    this.#toSource.forgetRedelivered(session);
  }

  detachSource(error?: ConnectionError): void {
    this.#toSource.detach(error);
  }

  onSourcePuback(packetId: number, reasonCode: number): void {
    this.#toSource.onPuback(packetId, reasonCode);
  }

  /**
   * Takes a message that can't be delivered.
   *
   * @param hasTopic whether a destination topic could be made for it
   */
  refuse(entry: Entry, reason: string, hasTopic = true): void {
    const { undeliverable, onTrouble } = this.#options;
    entry.trace?.onTrouble("undeliverable", reason);
    const topic = hasTopic ? topicOfEntry(entry) : (entry.publish.inputTopic ?? topicOfEntry(entry));
    if (undeliverable === "Discard") this.#discard(entry, reason, topic);
    else if (undeliverable === "DeadLetter" && this.#waitsForNobody(entry)) this.#loseDeadLetter(entry, reason, topic);
    else if (undeliverable === "DeadLetter" && this.#makeDeadLetter(entry, reason, hasTopic))
      onTrouble({ kind: "dead_letter", reason, topic });
    else if (undeliverable === "DeadLetter" && hasGoneRound(entry.publish))
      this.#discard(
        entry,
        `${reason}; it has been a dead letter so often that it must be going round in a loop`,
        topic,
      );
    else {
      const remedy = remedyOf(undeliverable);
      this.#events.onStop(`a message with topic ${quote(topic)} can't be delivered: ${reason}; ${remedy}`);
    }
  }

  #discard(entry: Entry, reason: string, topic: string): void {
    this.#options.counters.lost.undeliverable++;
    this.#options.onTrouble({ kind: "undeliverable", reason, topic });
    this.#events.onDone(entry);
  }

  #loseDeadLetter(entry: Entry, reason: string, topic: string): void {
    this.#options.counters.lost.qos0_no_room++;
    const why = `${reason}; the disk takes no dead letters, and QoS 0 waits for nobody`;
    this.#options.onTrouble({ kind: "qos0_no_room", reason: why, topic });
    this.#events.onDone(entry);
  }

  /** The destination has taken a dead letter. */
  onKept(): void {
    this.#options.counters.deadLettered++;
  }

  #onKept(entry: Entry): void {
    this.onKept();
    this.#events.onDone(entry);
  }

  /** Tells whether the dead letter has somewhere to go. */
  #makeDeadLetter(entry: Entry, reason: string, hasTopic: boolean): boolean {
    const { deadLetters: plan, wallTime, qos } = this.#options;
    const topic = entry.publish.inputTopic ?? topicOfEntry(entry);
    const notes = { dataflow: plan.dataflow, reason, topic, time: wallTime() };
    // One that its destination refuses goes to the disk, where there is one, and so does one that goes round in a loop.
    const isKept = plan.publish === undefined || entry.isDeadLetter || hasGoneRound(entry.publish);
    if (plan.publish === undefined || isKept) return this.#write(entry, notes, hasTopic, plan.maxBytes);
    const { side, topic: to } = plan.publish;
    entry.publish = encodeDeadLetter(entry.publish, notes, { topic: to, qos: side === "source" ? 1 : qos });
    entry.isDeadLetter = true;
    if (side === "source") this.#toSource.send(entry);
    else this.#events.onDeadLetter(entry);
    return true;
  }

  /** Whether a dead letter would wait for a disk that fails, behind many others, and its source keeps nothing for it. */
  #waitsForNobody(entry: Entry): boolean {
    const { trouble, pendingDeadLetterBytes = 0 } = this.#disk ?? {};
    if (trouble === undefined || pendingDeadLetterBytes <= maxLateBytes) return false;
    const isForDisk = this.#options.deadLetters.publish === undefined || entry.isDeadLetter;
    return isForDisk && entry.sourceId === 0 && entry.sequence === 0;
  }

  #write(entry: Entry, notes: DeadLetterNotes, hasTopic: boolean, maxBytes: number): boolean {
    const disk = this.#disk;
    if (disk === undefined || disk.takenBytes + entry.publish.length > maxBytes) return false;
    this.#written++;
    disk.addDeadLetter(describeDeadLetter(entry.publish, notes, hasTopic), () => {
      this.#written--;
      this.#onKept(entry);
    });
    entry.dropPacket(); // the dead letter has all of it
    return true;
  }
}

/** What to do about a message that stops the dataflow: with `DeadLetter` there was no room for it, or nobody took it. */
function remedyOf(policy: Options["undeliverable"]): string {
  return policy === "DeadLetter"
    ? 'make room for dead letters (relay.spool.maxBytes, or remove those on the disk), have their topic accepted, or set undeliverableMessages to "Discard"'
    : 'correct it, or set undeliverableMessages to "DeadLetter" or "Discard"';
}
