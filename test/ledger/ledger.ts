import { existsSync } from "node:fs";
import path from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";

import { PublishView } from "../../runtime/mqtt/publish.ts";
import type { Direction, PacketFilter } from "./proxy.ts";

const publish = 3;
const puback = 4;
const connack = 2;

/** Digits that each payload begins with. */
export const digits = 8;

/** What became of a schedule's messages. */
export interface Verdict {
  /** Acknowledged by the relay to its source, while neither the destination nor the disk had it. */
  readonly early: readonly number[];
  /** Acknowledged by the relay, and at the end neither delivered nor on the disk. */
  readonly lost: readonly number[];
  /** Sent for the first time behind a later message of its topic. */
  readonly outOfOrder: readonly number[];
  /** Messages that came to the relay. */
  readonly seen: number;
  readonly acknowledged: number;
  readonly delivered: number;
  /** PUBLISHes to the destination beyond the first of each message. */
  readonly duplicates: number;
  /** Messages that were acknowledged from the disk. */
  readonly fromDisk: number;
}

/**
 * Watches both sides of a relay on the wire, and judges each acknowledgement at the moment when the relay sends it: the
 * destination has to have taken the message, or the disk has to have it, before.
 */
export class Ledger {
  readonly #disk: DiskReader;
  readonly #view = new PublishView();
  /** Message by connection and packet identifier. */
  readonly #atSource = new Map<string, number>();
  readonly #atDestination = new Map<string, number>();
  readonly #seen = new Map<number, number>();
  readonly #acknowledged = new Set<number>();
  readonly #delivered = new Set<number>();
  readonly #sent = new Set<number>();
  readonly #lastByTopic = new Map<string, number>();
  readonly #early: number[] = [];
  readonly #outOfOrder: number[] = [];
  #duplicates = 0;
  #fromDisk = 0;
  /** Faults of the brokers that the proxies play: the next so many packets are not as the broker sent them. */
  readonly faults = { dropPubacks: 0, refusePubacks: 0, refuseConnects: 0 };

  constructor(spoolFolder: string) {
    this.#disk = new DiskReader(path.join(spoolFolder, "spool.sqlite"));
  }

  /** For the proxy between the relay and its source. */
  readonly source: PacketFilter = (packet, direction, connection) => {
    const type = typeOf(packet);
    if (type === publish && direction === "toRelay") {
      const view = this.#view.readPacket(packet);
      const number = numberOf(view);
      if (number !== undefined) {
        this.#atSource.set(`${connection}/${view.packetId}`, number);
        if (!this.#seen.has(number)) this.#seen.set(number, this.#seen.size);
      }
    } else if (type === puback && direction === "toBroker") {
      this.#judge(this.#atSource.get(`${connection}/${packet.readUInt16BE(2)}`));
    }
    return this.#refuseConnect(packet, direction);
  };

  /** For the proxy between the relay and its destination. */
  readonly destination: PacketFilter = (packet, direction, connection) => {
    const type = typeOf(packet);
    if (type === publish && direction === "toBroker") this.#onSent(this.#view.readPacket(packet), connection);
    if (type !== puback || direction !== "toRelay") return this.#refuseConnect(packet, direction);
    if (this.faults.dropPubacks > 0) {
      this.faults.dropPubacks--;
      return undefined;
    }
    if (this.faults.refusePubacks > 0) {
      this.faults.refusePubacks--;
      return Buffer.from([0x40, 3, packet[2] ?? 0, packet[3] ?? 0, 0x97]);
    }
    const number = this.#atDestination.get(`${connection}/${packet.readUInt16BE(2)}`);
    if (number !== undefined) this.#delivered.add(number);
    return packet;
  };

  /** Messages that came to the relay and have not arrived. */
  get outstanding(): number {
    let count = 0;
    for (const number of this.#seen.keys()) if (!this.#delivered.has(number)) count++;
    return count;
  }

  /** Messages that came to the relay. */
  get seen(): number {
    return this.#seen.size;
  }

  get progress(): number {
    return this.#delivered.size + this.#acknowledged.size + this.#seen.size;
  }

  /** The judgement, once nothing moves any more. */
  close(): Verdict {
    const onDisk = this.#disk.numbersNow();
    this.#disk.close();
    return {
      early: this.#early,
      lost: [...this.#acknowledged].filter((number) => !this.#delivered.has(number) && !onDisk.has(number)),
      outOfOrder: this.#outOfOrder,
      seen: this.#seen.size,
      acknowledged: this.#acknowledged.size,
      delivered: this.#delivered.size,
      duplicates: this.#duplicates,
      fromDisk: this.#fromDisk,
    };
  }

  #judge(number: number | undefined): void {
    if (number === undefined) return;
    this.#acknowledged.add(number);
    if (this.#delivered.has(number)) return;
    if (this.#disk.has(number)) this.#fromDisk++;
    else this.#early.push(number);
  }

  #onSent(view: PublishView, connection: number): void {
    const number = numberOf(view);
    if (number === undefined) return;
    this.#atDestination.set(`${connection}/${view.packetId}`, number);
    if (this.#sent.has(number)) {
      this.#duplicates++;
      return;
    }
    this.#sent.add(number);
    const order = this.#seen.get(number) ?? 0;
    const last = this.#lastByTopic.get(view.topic) ?? -1;
    if (order < last) this.#outOfOrder.push(number);
    this.#lastByTopic.set(view.topic, Math.max(order, last));
  }

  #refuseConnect(packet: Buffer, direction: Direction): Buffer {
    if (typeOf(packet) !== connack || direction !== "toRelay" || this.faults.refuseConnects === 0) return packet;
    this.faults.refuseConnects--;
    return Buffer.from([0x20, 3, 0, 0x88, 0]);
  }
}

function typeOf(packet: Buffer): number {
  return (packet[0] ?? 0) >> 4;
}

function numberOf({ bytes, propertiesEnd }: PublishView): number | undefined {
  const text = bytes.toString("latin1", propertiesEnd, propertiesEnd + digits);
  return /^[0-9]{8}$/.test(text) ? Number(text) : undefined;
}

/** Reads the relay's spool while the relay writes it. Only what is committed can be seen. */
class DiskReader {
  readonly #file: string;
  #database: DatabaseSync | undefined;
  #read: StatementSync | undefined;
  readonly #known = new Set<number>();
  #last = 0;
  readonly #view = new PublishView();

  constructor(file: string) {
    this.#file = file;
  }

  /** Whether a message is or was on the disk. */
  has(number: number): boolean {
    if (!this.#known.has(number)) this.#readOn();
    return this.#known.has(number);
  }

  /** What is on the disk at this time. */
  numbersNow(): ReadonlySet<number> {
    this.#last = 0;
    this.#known.clear();
    this.#readOn();
    return this.#known;
  }

  close(): void {
    this.#database?.close();
  }

  #readOn(): void {
    if (this.#read === undefined && !this.#open()) return;
    for (const row of this.#read?.iterate(this.#last) ?? []) {
      const { sequence, packet } = row as unknown as { sequence: number; packet: Uint8Array };
      this.#last = sequence;
      const number = numberOf(this.#view.readPacket(Buffer.from(packet)));
      if (number !== undefined) this.#known.add(number);
    }
  }

  #open(): boolean {
    if (!existsSync(this.#file)) return false;
    this.#database ??= new DatabaseSync(this.#file, { readOnly: true });
    try {
      this.#read = this.#database.prepare(
        'SELECT sequence, packet FROM "queue/flow" WHERE sequence > ? ORDER BY sequence',
      );
      return true;
    } catch {
      return false; // the table is not there yet
    }
  }
}
