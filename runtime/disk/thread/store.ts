import path from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";

import { elapsedMs, type MachineTime } from "./clock.ts";
import { lockFolder, maxLogBytes, openDatabase } from "./database.ts";
import { packRows, type PackedRows } from "../packed-rows.ts";
import { spoolFile, type Loss, type QueueState, type Row, type WriteRequest } from "../protocol.ts";
import { QueueTable } from "./queue-table.ts";
import { pageBytes } from "../row-size.ts";
import type { ReadBounds } from "./row-reader.ts";
import { isInRuns, runsOf, type Run } from "./runs.ts";
import { readRow } from "./stored-row.ts";

/** Messages that are no longer needed, by queue. */
export type Removals = ReadonlyMap<string, readonly number[]>;

/**
 * The spool's database: one file, one table of messages for each dataflow. Blocks while it writes, so it lives in a
 * thread of its own.
 *
 * Each {@link write} commits with fsync (`synchronous=FULL`) before it returns, whole or not at all.
 */
export class SpoolStore {
  readonly database: DatabaseSync;
  #lock: DatabaseSync;
  readonly #queues = new Map<string, QueueTable>();
  readonly #machineTime: () => MachineTime;
  /** Time of the spool's clock when it was opened: it stands still while the machine is off, at worst. */
  readonly clockMs: number;
  /** Number of the last commit. */
  #commits: number;
  #clock: { readonly clockMs: number; readonly at: MachineTime };
  /** What was removed since the database took over the log: without the log it would be there again. */
  readonly #removed = new Map<string, Run[]>();
  readonly #pages: StatementSync;
  readonly #freePages: StatementSync;
  readonly #storeClock: StatementSync;
  readonly #logPages: StatementSync;
  readonly #takeOver: StatementSync;

  /**
   * Opens the spool of a folder, which has to exist.
   * @param lock of the folder, where this process has it
   * @throws when it can't be opened, another process has it open, or it is of another version
   */
  constructor(folder: string, machineTime: () => MachineTime, lock?: DatabaseSync) {
    this.#machineTime = machineTime;
    this.#lock = lock ?? lockFolder(folder);
    let database: DatabaseSync | undefined;
    try {
      database = openDatabase(path.join(folder, spoolFile));
      this.database = database;
      this.#pages = database.prepare("PRAGMA page_count");
      this.#freePages = database.prepare("PRAGMA freelist_count");
      this.#storeClock = database.prepare(
        "INSERT OR REPLACE INTO clock (rowid, clock_ms, wall_ms, uptime_ms, boot_id, commits) VALUES (1, ?, ?, ?, ?, ?)",
      );
      this.#logPages = database.prepare("PRAGMA wal_checkpoint(NOOP)");
      this.#takeOver = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
      const { clockMs, commits } = this.#readClock();
      this.clockMs = clockMs;
      this.#clock = { clockMs, at: machineTime() };
      this.#commits = commits;
    } catch (error) {
      database?.close();
      if (lock === undefined) this.#lock.close();
      throw error;
    }
  }

  /** What each queue that was ever written holds. */
  get queues(): Readonly<Record<string, QueueState>> {
    const names = this.database.prepare("SELECT name FROM queue UNION SELECT dataflow FROM loss").all() as {
      name: string;
    }[];
    return Object.fromEntries(
      names.map(({ name }) => {
        const queue = this.#queue(name);
        const loss = queue.readLoss();
        const state = { ...queue.state, oldestMs: queue.readOldest() };
        return [name, loss === undefined ? state : { ...state, loss }];
      }),
    );
  }

  /** The lock of its folder. */
  get lock(): DatabaseSync {
    return this.#lock;
  }

  replaceLock(lock: DatabaseSync): void {
    this.#lock.close();
    this.#lock = lock;
  }

  get commits(): number {
    return this.#commits;
  }

  /** What a queue holds by now. */
  stateOf(name: string): QueueState {
    return this.#queue(name).state;
  }

  /** Whether a message was removed and the log alone knows of it. */
  wasJustRemoved(queue: string, sequence: number): boolean {
    return isInRuns(this.#removed.get(queue) ?? [], sequence);
  }

  /** Makes changes of any number of queues at once: all are on the disk when it returns, or none when it throws. */
  write(requests: readonly WriteRequest[]): void {
    this.#transact(() => {
      const names = [...new Set(requests.map(({ queue }) => queue))];
      let used = this.#countUsed();
      // All of a queue at once: pages are counted between two queues only.
      for (const name of names) {
        const queue = this.#queue(name);
        for (const request of requests) if (request.queue === name) queue.apply(request);
        used = this.#settleUsed(queue, used);
      }
      // Their pages are no queue's.
      for (const { queue, deadLetters } of requests) this.#queue(queue).addDeadLetters(deadLetters);
      for (const name of names) this.#queue(name).writeState();
      this.#clock = { clockMs: requests.at(-1)?.clockMs ?? 0, at: this.#machineTime() };
    });
    for (const { queue, removed } of requests) this.#noteRemoved(queue, removed);
    this.#boundLog();
  }

  /** Removes messages and does nothing else, which needs no room beyond the log's. */
  remove(removals: Removals): void {
    this.#transact(() => {
      let used = this.#countUsed();
      for (const [name, sequences] of removals) {
        const queue = this.#queue(name);
        queue.remove(sequences);
        used = this.#settleUsed(queue, used);
        queue.writeState();
      }
    });
    for (const [name, sequences] of removals) this.#noteRemoved(name, sequences);
  }

  /** Writes something, to find out whether the disk works. */
  probe(): void {
    this.#transact(() => undefined);
  }

  /** Remembers what damage has taken, until the dataflow has counted it; `commits` is to be above that of the lost files. */
  recordLosses(losses: ReadonlyMap<string, Loss>, commits = this.#commits): void {
    this.#commits = Math.max(this.#commits, commits);
    this.#transact(() => {
      const insert = this.database.prepare("INSERT INTO loss (dataflow, messages, reason) VALUES (?, ?, ?)");
      for (const [dataflow, { messages, reason }] of losses) insert.run(dataflow, messages, reason);
    });
  }

  /** Gives new messages of a queue numbers above this one. */
  continueAfter(name: string, lastSequence: number): void {
    const queue = this.#queue(name);
    if (queue.state.lastSequence >= lastSequence) return;
    this.#transact(() => {
      queue.state = { ...queue.state, lastSequence };
      queue.writeState();
    });
  }

  /** Time of the spool's clock. */
  get clockNowMs(): number {
    return this.#clock.clockMs + elapsedMs(this.#clock.at, this.#machineTime());
  }

  /** Sets the clock of a new file to that of the one before. */
  setClock(clockMs: number): void {
    this.#clock = { clockMs, at: this.#machineTime() };
  }

  /**
   * Lets the database take the log over, so that the next commit begins it anew and needs no room for it. Where that can't be
   * done it is tried again later: what is in the log is committed all the same.
   */
  takeLogOver(): void {
    try {
      const done = this.#takeOver.get() as { log: number; checkpointed: number };
      if (done.log === done.checkpointed) this.#removed.clear();
    } catch {
      // The volume is full, or fails: the next commit finds that out too, and has somebody to tell.
    }
  }

  /**
   * Reads messages behind `after`, oldest first: at least one if there is one, and no more than both bounds allow. One that
   * is not what was written says so.
   */
  read(name: string, after: number, { maxMessages, maxBytes }: ReadBounds): Row[] {
    const rows: Row[] = [];
    let bytes = 0;
    for (const stored of this.#queue(name).rowsBehind(after)) {
      const row = readRow(stored);
      bytes += row.packetBytes + (row.inputTopic?.length ?? 0);
      if (rows.length > 0 && bytes > maxBytes) break;
      rows.push(row);
      // Here, and not when the next one has been read: it may be large.
      if (rows.length >= maxMessages) break;
    }
    return rows;
  }

  /** As {@link read}, for the other thread. */
  readPacked(name: string, after: number, bounds: ReadBounds): PackedRows {
    return this.#queue(name).reader.read(after, bounds) ?? packRows(this.read(name, after, bounds));
  }

  /** Bytes of the first message behind `after`; 0 without one. */
  firstBytes(name: string, after: number): number {
    return this.#queue(name).firstBytes(after);
  }

  /** Closes the database, which may be closed already, and gives the folder's lock back where it is not handed on. */
  close(keepsLock = false): void {
    if (this.database.isOpen) this.database.close();
    if (!keepsLock) this.#lock.close();
  }

  #queue(name: string): QueueTable {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue = new QueueTable(this.database, name);
    this.#queues.set(name, queue);
    return queue;
  }

  #transact(act: () => void): void {
    this.database.exec("BEGIN IMMEDIATE");
    try {
      act();
      this.#writeClock();
      this.database.exec("COMMIT");
    } catch (error) {
      this.#rollBack();
      throw error;
    }
    this.#commits++;
  }

  #countUsed(): number {
    const { page_count: pages } = this.#pages.get() as { page_count: number };
    const { freelist_count: free } = this.#freePages.get() as { freelist_count: number };
    return (pages - free) * pageBytes;
  }

  /** Counts for a queue the pages that it took or gave since `before`; returns what is used now. */
  #settleUsed(queue: QueueTable, before: number): number {
    const used = this.#countUsed();
    queue.state = { ...queue.state, usedBytes: Math.max(0, queue.state.usedBytes + used - before) };
    return used;
  }

  #noteRemoved(name: string, sequences: readonly number[]): void {
    if (sequences.length === 0) return;
    const removed = this.#removed.get(name) ?? [];
    for (const run of runsOf(sequences)) removed.push(run);
    this.#removed.set(name, removed);
  }

  #boundLog(): void {
    const { log } = this.#logPages.get() as { log: number };
    if (log * pageBytes >= maxLogBytes) this.takeLogOver();
  }

  #readClock(): { readonly clockMs: number; readonly commits: number } {
    const row = this.database.prepare("SELECT * FROM clock").get() as unknown as StoredClock | undefined;
    if (row === undefined) return { clockMs: 0, commits: 0 };
    const { clock_ms: clockMs, wall_ms: wallMs, uptime_ms: uptimeMs, boot_id: bootId, commits } = row;
    return { clockMs: clockMs + elapsedMs({ wallMs, uptimeMs, bootId }, this.#machineTime()), commits };
  }

  #writeClock(): void {
    const now = this.#machineTime();
    const { wallMs, uptimeMs, bootId } = now;
    const clockMs = this.#clock.clockMs + elapsedMs(this.#clock.at, now);
    this.#storeClock.run(clockMs, wallMs, uptimeMs, bootId, this.#commits + 1);
  }

  #rollBack(): void {
    // Read anew: a table that was made in what is rolled back is gone with it.
    this.#queues.clear();
    if (this.database.isTransaction) this.database.exec("ROLLBACK");
  }
}

interface StoredClock {
  readonly clock_ms: number;
  readonly wall_ms: number;
  readonly uptime_ms: number;
  readonly boot_id: string;
  readonly commits: number;
}
