import type { DatabaseSync, StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";

import { tableOf } from "./database.ts";
import { packHeaders, type PackedRows } from "../packed-rows.ts";
import type { RowHeader } from "../protocol.ts";

/** No more messages than both of these, but one at least. */
export interface ReadBounds {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

type StoredHeader = readonly [
  sequence: number,
  arrivedMs: number,
  /** Of a topic that may be long: texts are read only of those rows that fit into the bounds. `null` without one. */
  topicBytes: number | null,
  isDeadLetter: number,
  checksum: number,
  packetBytes: number,
];

/**
 * Reads many rows of a queue with a few statements: their headers, their topics, and their packets in one piece. A buffer for each packet costs
 * more than all else of a read.
 */
export class RowReader {
  readonly #headers: StatementSync;
  readonly #topics: StatementSync;
  readonly #packets: StatementSync;

  constructor(database: DatabaseSync, queue: string) {
    const table = tableOf(queue);
    this.#headers = database.prepare(
      `SELECT sequence, arrived_ms, octet_length(input_topic), is_dead_letter, checksum, length(packet) FROM ${table} WHERE sequence > ? ORDER BY sequence LIMIT ?`,
    );
    this.#headers.setReturnArrays(true);
    this.#topics = database.prepare(
      `SELECT input_topic FROM ${table} WHERE sequence BETWEEN ? AND ? ORDER BY sequence`,
    );
    this.#topics.setReturnArrays(true);
    // SQLite joins texts only, and changes no byte of what it takes for a text: zeros and what is no UTF-8 stay.
    this.#packets = database.prepare(
      `SELECT CAST(group_concat(CAST(packet AS TEXT), '') AS BLOB) AS packets FROM (SELECT packet FROM ${table} WHERE sequence BETWEEN ? AND ? ORDER BY sequence)`,
    );
  }

  /**
   * Messages behind `after`, oldest first; `undefined` where one of them is not what was written, or there are not several: they
   * have to be read one by one then.
   */
  read(after: number, { maxMessages, maxBytes }: ReadBounds): PackedRows | undefined {
    const stored = within(maxBytes, this.#headers.all(after, maxMessages) as unknown as StoredHeader[]);
    const [first, last] = [stored[0], stored.at(-1)];
    if (first === undefined || last === undefined || first === last) return undefined;
    const { packets } = this.#packets.get(first[0], last[0]) as { packets: Uint8Array<ArrayBuffer> };
    if (!isAsWritten(stored, packets)) return undefined;
    const topics = this.#readTopics(stored, first[0], last[0]);
    return { ...packHeaders(stored.map((header, row) => toHeader(header, topics[row]))), packets };
  }

  #readTopics(stored: readonly StoredHeader[], first: number, last: number): readonly (string | undefined)[] {
    if (stored.every(([, , topicBytes]) => topicBytes === null)) return [];
    const rows = this.#topics.all(first, last) as unknown as [topic: unknown][];
    return rows.map(([topic]) => (typeof topic === "string" ? topic : undefined));
  }
}

/** The first rows, as far as the bound in bytes allows. */
function within(maxBytes: number, rows: readonly StoredHeader[]): readonly StoredHeader[] {
  let bytes = 0;
  const end = rows.findIndex(([, , topicBytes, , , packetBytes], row) => {
    bytes += packetBytes + (topicBytes ?? 0);
    return bytes > maxBytes && row > 0;
  });
  return end < 0 ? rows : rows.slice(0, end);
}

function isAsWritten(rows: readonly StoredHeader[], packets: unknown): packets is Uint8Array {
  if (!ArrayBuffer.isView(packets)) return false;
  const bytes = packets as Uint8Array;
  let start = 0;
  for (const [, arrivedMs, , , checksum, packetBytes] of rows) {
    if (!Number.isFinite(arrivedMs)) return false;
    if (crc32(bytes.subarray(start, (start += packetBytes))) !== checksum) return false;
  }
  return start === bytes.length;
}

function toHeader(
  [sequence, arrivedMs, , isDeadLetter, , packetBytes]: StoredHeader,
  inputTopic: string | undefined,
): RowHeader {
  return { sequence, arrivedMs, inputTopic, packetBytes, isDeadLetter: isDeadLetter === 1 };
}
