import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";

import { queueColumns, tableOf } from "./database.ts";
import { RowReader } from "./row-reader.ts";
import { runsOf } from "./runs.ts";
import type { DeadLetter, Loss, QueueState, WriteRequest } from "../protocol.ts";
import { deadLetterSize } from "../row-size.ts";
import type { StoredRow } from "./stored-row.ts";

/** One queue in the spool's database: its rows, and what is kept of it beside them. Changes belong into a transaction. */
export class QueueTable {
  state: QueueState;
  readonly reader: RowReader;
  readonly #name: string;
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #remove: StatementSync;
  readonly #removeRun: StatementSync;
  readonly #sizeOfRun: StatementSync;
  readonly #writeState: StatementSync;
  readonly #firstBytes: StatementSync;
  readonly #read: StatementSync;

  constructor(database: DatabaseSync, name: string) {
    this.#database = database;
    this.#name = name;
    const table = tableOf(name);
    database.exec(`CREATE TABLE IF NOT EXISTS ${table} (${queueColumns}) STRICT`);
    this.state = this.#readState();
    this.#insert = database.prepare(
      `INSERT INTO ${table} (sequence, arrived_ms, input_topic, checksum, packet, is_dead_letter) VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.#remove = database.prepare(`DELETE FROM ${table} WHERE sequence = ? RETURNING length(packet) AS bytes`);
    this.#removeRun = database.prepare(`DELETE FROM ${table} WHERE sequence BETWEEN ? AND ?`);
    this.#sizeOfRun = database.prepare(
      `SELECT count(*) AS messages, sum(length(packet)) AS bytes FROM ${table} WHERE sequence BETWEEN ? AND ?`,
    );
    this.#writeState = database.prepare(
      "INSERT OR REPLACE INTO queue (name, last_sequence, messages, bytes, letter_bytes, filters, used_bytes) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
    this.#firstBytes = database.prepare(
      `SELECT length(packet) AS bytes FROM ${table} WHERE sequence > ? ORDER BY sequence LIMIT 1`,
    );
    this.reader = new RowReader(database, name);
    this.#read = database.prepare(`SELECT * FROM ${table} WHERE sequence > ? ORDER BY sequence`);
  }

  rowsBehind(sequence: number): Iterable<StoredRow> {
    return this.#read.iterate(sequence) as unknown as Iterable<StoredRow>;
  }

  /** Bytes of the first message behind another one; 0 without one. */
  firstBytes(sequence: number): number {
    const row = this.#firstBytes.get(sequence) as { bytes: number | null } | undefined;
    return row?.bytes ?? 0;
  }

  /** When its oldest message came; `undefined` when it has none. */
  readOldest(): number | undefined {
    const [first] = this.rowsBehind(0);
    return first?.arrived_ms;
  }

  apply({ rows, packets, removed, filters, isLossSettled }: WriteRequest): void {
    let { lastSequence, messages, bytes } = this.state;
    let start = 0;
    for (const { sequence, arrivedMs, inputTopic, packetBytes, isDeadLetter } of rows) {
      const packet = packets.subarray(start, (start += packetBytes));
      this.#insert.run(sequence, arrivedMs, inputTopic ?? null, crc32(packet), packet, Number(isDeadLetter));
      lastSequence = sequence;
      messages++;
      bytes += packetBytes;
    }
    this.state = { ...this.state, lastSequence, messages, bytes, filters: filters ?? this.state.filters };
    this.remove(removed);
    if (isLossSettled === true) this.#database.prepare("DELETE FROM loss WHERE dataflow = ?").run(this.#name);
  }

  remove(sequences: readonly number[]): void {
    let { messages, bytes } = this.state;
    for (const [first, last] of runsOf(sequences)) {
      const gone = first === last ? this.#removeOne(first) : this.#removeAll(first, last);
      messages -= gone.messages;
      bytes -= gone.bytes;
    }
    // What a damaged row took can't be told, and an empty queue takes nothing.
    this.state = { ...this.state, messages, bytes: messages === 0 ? 0 : bytes };
  }

  #removeOne(sequence: number): Removed {
    const row = this.#remove.get(sequence) as { bytes: number | null } | undefined;
    return { messages: row === undefined ? 0 : 1, bytes: row?.bytes ?? 0 };
  }

  #removeAll(first: number, last: number): Removed {
    const { messages, bytes } = this.#sizeOfRun.get(first, last) as { messages: number; bytes: number | null };
    if (messages > 0) this.#removeRun.run(first, last);
    return { messages, bytes: bytes ?? 0 };
  }

  addDeadLetters(deadLetters: readonly DeadLetter[]): void {
    let { deadLetterBytes } = this.state;
    for (const deadLetter of deadLetters) {
      const { time, reason, topic, destinationTopic, properties, payload } = deadLetter;
      this.#database
        .prepare(
          "INSERT INTO dead_letter (dataflow, time, reason, topic, destination_topic, properties, payload) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .run(this.#name, time, reason, topic, destinationTopic, properties, payload);
      deadLetterBytes += deadLetterSize(deadLetter);
    }
    this.state = { ...this.state, deadLetterBytes };
  }

  readLoss(): Loss | undefined {
    const losses = this.#database.prepare("SELECT messages, reason FROM loss WHERE dataflow = ?").all(this.#name);
    if (losses.length === 0) return undefined;
    const messages = losses.reduce((sum, loss) => sum + Number(loss["messages"]), 0);
    return { messages, reason: [...new Set(losses.map((loss) => String(loss["reason"])))].join("; ") };
  }

  writeState(): void {
    const { lastSequence, messages, bytes, usedBytes, deadLetterBytes, filters } = this.state;
    const storedFilters = filters === undefined ? null : JSON.stringify(filters);
    this.#writeState.run(this.#name, lastSequence, messages, bytes, deadLetterBytes, storedFilters, usedBytes);
  }

  #readState(): QueueState {
    const row = this.#database.prepare("SELECT * FROM queue WHERE name = ?").get(this.#name) as unknown as
      StoredState | undefined;
    if (row === undefined)
      return { lastSequence: 0, messages: 0, bytes: 0, usedBytes: 0, deadLetterBytes: 0, filters: undefined };
    const filters = row.filters === null ? undefined : (JSON.parse(row.filters) as string[]);
    const { last_sequence: lastSequence, messages, bytes, used_bytes: usedBytes, letter_bytes: deadLetterBytes } = row;
    return { lastSequence, messages, bytes, usedBytes, deadLetterBytes, filters };
  }
}

/** What a removal has taken. */
interface Removed {
  readonly messages: number;
  readonly bytes: number;
}

interface StoredState {
  readonly last_sequence: number;
  readonly messages: number;
  readonly bytes: number;
  readonly used_bytes: number;
  readonly letter_bytes: number;
  readonly filters: string | null;
}
