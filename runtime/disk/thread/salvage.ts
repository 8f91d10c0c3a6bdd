import type { DatabaseSync, StatementSync } from "node:sqlite";

import { tableOf } from "./database.ts";
import { isPassing } from "./failures.ts";
import type { DeadLetter, Loss, QueueState, WriteRequest } from "../protocol.ts";
import type { SpoolStore } from "./store.ts";
import { readRow, type StoredRow } from "./stored-row.ts";

/** What is known of the files that are replaced. */
export interface Salvage {
  /** Reads the old files; `undefined` when nothing can be read. */
  readonly from: DatabaseSync | undefined;
  readonly to: SpoolStore;
  /** What the queues held, as far as it is known. */
  readonly expected: ReadonlyMap<string, Partial<QueueState> & Pick<QueueState, "lastSequence" | "messages">>;
  /** Whether a message is not to be copied: it was removed, or is written again anyway. */
  readonly isUnwanted: (queue: string, sequence: number) => boolean;
  /** What happened, for whom something is lost. */
  readonly reason: string;
}

/** Bytes that are copied in one commit. */
const copyBytes = 1024 * 1024;
/** Ranges of a table that may turn out to be unreadable before the rest is given up. */
const maxFailures = 20_000;

/**
 * Copies to a new spool what can be read of an old one; returns what is lost, by queue.
 * @throws when the new one can't be written for now: what is left to copy is not lost
 */
export function salvage(work: Salvage): Map<string, Loss> {
  const losses = new Map<string, Loss>();
  const names = new Set([...work.expected.keys(), ...readNames(work.from)]);
  for (const name of names) {
    const known = work.expected.get(name) ?? readState(work.from, name);
    const copier = new Copier(work.to, name);
    const problem = work.from === undefined ? undefined : copyQueue(work, work.from, name, copier);
    const messages = (known?.messages ?? 0) - copier.copied;
    if (messages <= 0) continue;
    losses.set(name, { messages, reason: problem === undefined ? work.reason : `${work.reason}; ${problem}` });
  }
  return losses;
}

/** Returns why the rest was not copied. @throws as {@link salvage} does */
function copyQueue(work: Salvage, from: DatabaseSync, name: string, copier: Copier): string | undefined {
  const state = work.expected.get(name) ?? readState(from, name);
  try {
    for (const stored of readRows(from, name, state?.lastSequence)) {
      const row = readRow(stored);
      // One that is not wanted does not count: it was removed, or was not reported as committed.
      if (row.damage === undefined && !work.isUnwanted(name, row.sequence)) copier.add(row);
    }
    for (const letter of readDeadLetters(from, name)) copier.addDeadLetter(letter);
    copier.finish(state?.filters ?? readState(from, name)?.filters, state?.lastSequence ?? 0);
    return undefined;
  } catch (cause) {
    if (isPassing(cause)) throw cause;
    return `what can be read could not all be copied (${cause instanceof Error ? cause.message : String(cause)})`;
  }
}

/** Writes rows to a queue, a portion at a time. */
class Copier {
  copied = 0;
  readonly #to: SpoolStore;
  readonly #queue: string;
  #rows: ReturnType<typeof readRow>[] = [];
  #bytes = 0;
  #deadLetters: DeadLetter[] = [];

  constructor(to: SpoolStore, queue: string) {
    this.#to = to;
    this.#queue = queue;
  }

  add(row: ReturnType<typeof readRow>): void {
    this.#rows.push(row);
    this.#bytes += row.packetBytes;
    if (this.#bytes >= copyBytes) this.#write({});
  }

  addDeadLetter(letter: DeadLetter): void {
    this.#deadLetters.push(letter);
    this.#bytes += letter.payload.length;
    if (this.#bytes >= copyBytes) this.#write({});
  }

  finish(filters: readonly string[] | undefined, lastSequence: number): void {
    this.#write(filters === undefined ? {} : { filters });
    this.#to.continueAfter(this.#queue, lastSequence);
  }

  #write(more: Partial<WriteRequest>): void {
    const rows = this.#rows;
    const packets = Buffer.concat(rows.map(({ packet }) => packet));
    const request = { rows, packets, removed: [], deadLetters: this.#deadLetters, batch: 0, ...more };
    this.#to.write([{ kind: "write", queue: this.#queue, clockMs: this.#to.clockNowMs, ...request }]);
    this.copied += rows.length;
    this.#rows = [];
    this.#deadLetters = [];
    this.#bytes = 0;
  }
}

/** Every row that can be read: around a damaged page the range is halved until only that page is left out. */
function* readRows(from: DatabaseSync, name: string, last: number | undefined): Generator<StoredRow> {
  const table = tableOf(name);
  const read = attempt(() => from.prepare(`SELECT * FROM ${table} WHERE sequence BETWEEN ? AND ? ORDER BY sequence`));
  if (read === undefined) return;
  const newest = attempt(() => from.prepare(`SELECT max(sequence) AS last FROM ${table}`).get()?.["last"]);
  const end = Math.max(last ?? 0, typeof newest === "number" ? newest : 0);
  yield* scan(read, 1, end, { failures: maxFailures });
}

function* scan(read: StatementSync, first: number, last: number, budget: { failures: number }): Generator<StoredRow> {
  let next = first;
  try {
    for (const found of read.iterate(first, last)) {
      const row = found as unknown as StoredRow;
      next = row.sequence + 1;
      yield row;
    }
    return;
  } catch {
    // Halved below.
  }
  if (next >= last || budget.failures-- <= 0) return;
  const middle = next + Math.floor((last - next) / 2);
  yield* scan(read, next, middle, budget);
  yield* scan(read, middle + 1, last, budget);
}

function* readDeadLetters(from: DatabaseSync, dataflow: string): Generator<DeadLetter> {
  const read = attempt(() => from.prepare("SELECT * FROM dead_letter WHERE dataflow = ? ORDER BY id"));
  if (read === undefined) return;
  const found = read.iterate(dataflow);
  for (;;) {
    const next = attempt(() => found.next());
    if (next === undefined || next.done === true) return;
    const { time, reason, topic, destination_topic: destinationTopic, properties, payload } = next.value;
    if (!ArrayBuffer.isView(payload)) continue;
    const texts = { time, reason, topic, destinationTopic, properties };
    yield {
      ...(Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, String(value)])) as typeof texts &
        Record<keyof typeof texts, string>),
      payload: payload,
    };
  }
}

function readNames(from: DatabaseSync | undefined): string[] {
  const rows = attempt(() => from?.prepare("SELECT name FROM queue").all()) ?? [];
  return rows.map(({ name }) => String(name));
}

function readState(
  from: DatabaseSync | undefined,
  name: string,
): Pick<QueueState, "lastSequence" | "messages" | "filters"> | undefined {
  const row = attempt(() => from?.prepare("SELECT * FROM queue WHERE name = ?").get(name));
  if (row === undefined) return undefined;
  const filters = attempt(() => JSON.parse(String(row["filters"])) as string[] | null) ?? undefined;
  return { lastSequence: Number(row["last_sequence"]), messages: Number(row["messages"]), filters };
}

/** What a damaged file gives, or nothing. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
