import { existsSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";

import { Framer, publishOf } from "./packets.ts";

/** Reads the relay's spool while the relay writes it, as another process: only what is committed can be seen. */
export class SpoolReader {
  readonly #file: string;
  #database: DatabaseSync | undefined;
  /** How to read on, by dataflow; `undefined` where the table is not there yet. */
  readonly #reads = new Map<string, { statement: StatementSync | undefined; last: number }>();
  readonly #known = new Set<number>();
  readonly #letters = new Set<number>();
  #letterRead: StatementSync | undefined;
  #lastLetter = 0;

  constructor(file: string, dataflows: readonly string[]) {
    this.#file = file;
    for (const dataflow of dataflows) this.#reads.set(dataflow, { statement: undefined, last: 0 });
  }

  /** Whether a message is, or was since {@link startAnew}, on the disk: to be sent, or as a dead letter. */
  has(message: number): boolean {
    if (!this.#known.has(message) && !this.#letters.has(message)) this.#readOn();
    return this.#known.has(message) || this.#letters.has(message);
  }

  /**
   * Forgets what was there, and closes the file; returns what is to be sent and on the disk at this time. A message is there
   * twice that came again before its source was told.
   */
  startAnew(): readonly number[] {
    this.close();
    this.#known.clear();
    this.#letters.clear();
    const found = this.#readOn();
    this.close();
    return found;
  }

  hasLetter(message: number): boolean {
    if (!this.#letters.has(message)) this.#readOn();
    return this.#letters.has(message);
  }

  /** Whether anything is on the disk at this time that is to be sent. */
  get isWaiting(): boolean {
    if (!existsSync(this.#file)) return false;
    this.#database ??= new DatabaseSync(this.#file, { readOnly: true });
    return [...this.#reads.keys()].some(
      (dataflow) => this.#prepare(`SELECT 1 FROM "queue/${dataflow}" LIMIT 1`)?.get() !== undefined,
    );
  }

  /** Messages that are dead letters on the disk, as far as it was read. */
  get letters(): ReadonlySet<number> {
    return this.#letters;
  }

  close(): void {
    this.#database?.close();
    this.#database = this.#letterRead = undefined;
    this.#lastLetter = 0;
    for (const read of this.#reads.values()) {
      read.statement = undefined;
      read.last = 0;
    }
  }

  #readOn(): number[] {
    const found: number[] = [];
    if (!existsSync(this.#file)) return found;
    this.#database ??= new DatabaseSync(this.#file, { readOnly: true });
    for (const [dataflow, read] of this.#reads) {
      read.statement ??= this.#prepare(
        `SELECT sequence, packet FROM "queue/${dataflow}" WHERE sequence > ? ORDER BY sequence`,
      );
      for (const row of read.statement?.iterate(read.last) ?? []) {
        const { sequence, packet } = row as unknown as { sequence: number; packet: Uint8Array };
        read.last = sequence;
        new Framer().push(Buffer.from(packet), (bytes, start, body) =>
          found.push(publishOf(bytes, start, body).message),
        );
      }
    }
    this.#letterRead ??= this.#prepare("SELECT id, payload FROM dead_letter WHERE id > ? ORDER BY id");
    for (const row of this.#letterRead?.iterate(this.#lastLetter) ?? []) {
      const { id, payload } = row as unknown as { id: number; payload: Uint8Array };
      this.#lastLetter = id;
      this.#letters.add(Buffer.from(payload).readUInt32BE());
    }
    for (const message of found) this.#known.add(message);
    return found;
  }

  #prepare(sql: string): StatementSync | undefined {
    try {
      return this.#database?.prepare(sql);
    } catch {
      return undefined; // the table is not there yet
    }
  }
}
