import path from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { crc32 } from "node:zlib";

import { elapsedMs, type MachineTime } from "./clock.ts";
import { spoolFile, type DeadLetter, type QueueState, type Row, type WriteRequest } from "./protocol.ts";

/** Version of the tables, in SQLite's own field for it. */
const schemaVersion = 1;

/** All or nothing: a process that is killed while it makes the tables leaves a file that the next one can open. */
const schema = `
BEGIN IMMEDIATE;
CREATE TABLE queue (
  name TEXT PRIMARY KEY, last_sequence INTEGER NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL,
  letter_bytes INTEGER NOT NULL, filters TEXT
) STRICT;
CREATE TABLE clock (
  clock_ms REAL NOT NULL, wall_ms REAL NOT NULL, uptime_ms REAL NOT NULL, boot_id TEXT NOT NULL
) STRICT;
CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY, dataflow TEXT NOT NULL, time TEXT NOT NULL, reason TEXT NOT NULL, topic TEXT NOT NULL,
  destination_topic TEXT NOT NULL, properties TEXT NOT NULL, payload BLOB NOT NULL
) STRICT;
PRAGMA user_version = ${schemaVersion};
COMMIT;
`;

/** A damaged spool: what is in it can't be trusted. */
export class DamagedSpoolError extends Error {
  override readonly name = "DamagedSpoolError";
  readonly code = "RELAY_SPOOL_DAMAGED";
}

interface Queue {
  state: QueueState;
  readonly insert: StatementSync;
  readonly remove: StatementSync;
  readonly read: StatementSync;
}

/**
 * The spool's database: one file, one table of messages for each dataflow. Blocks while it writes, so it lives in a
 * thread of its own.
 *
 * Each {@link write} commits with fsync (`synchronous=FULL`) before it returns, whole or not at all.
 */
export class SpoolStore {
  readonly #database: DatabaseSync;
  readonly #lock: DatabaseSync;
  readonly #queues = new Map<string, Queue>();
  readonly #machineTime: () => MachineTime;
  /** Time of the spool's clock when it was opened: it stands still while the machine is off, at worst. */
  readonly clockMs: number;

  /**
   * Opens the spool of a folder, which has to exist.
   * @throws when it can't be opened, another process has it open, or it is of another version
   */
  constructor(folder: string, machineTime: () => MachineTime) {
    this.#machineTime = machineTime;
    this.#lock = lockFolder(folder);
    try {
      this.#database = openDatabase(path.join(folder, spoolFile));
      this.clockMs = this.#readClock();
    } catch (error) {
      this.#lock.close();
      throw error;
    }
  }

  /** What each queue that was ever written holds. */
  get queues(): Readonly<Record<string, QueueState>> {
    const names = this.#database.prepare("SELECT name FROM queue").all() as { name: string }[];
    return Object.fromEntries(
      names.map(({ name }) => [name, { ...this.#queue(name).state, oldestMs: this.#readOldest(name) }]),
    );
  }

  #readOldest(name: string): number | undefined {
    const [first] = this.#queue(name).read.iterate(0);
    return (first as unknown as StoredRow | undefined)?.arrived_ms;
  }

  /** Makes changes of any number of queues at once: all are on the disk when it returns, or none when it throws. */
  write(requests: readonly WriteRequest[]): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      for (const request of requests) {
        this.#apply(this.#queue(request.queue), request);
      }
      for (const name of new Set(requests.map(({ queue }) => queue))) this.#writeState(name);
      this.#writeClock(requests.at(-1)?.clockMs ?? 0);
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /**
   * Reads messages behind `after`, oldest first: at least one if there is one, and no more than both bounds allow.
   * @throws {DamagedSpoolError} when a message is not what was written
   */
  read(name: string, after: number, { maxMessages, maxBytes }: { maxMessages: number; maxBytes: number }): Row[] {
    const rows: Row[] = [];
    let bytes = 0;
    for (const found of this.#queue(name).read.iterate(after)) {
      const row = found as unknown as StoredRow;
      bytes += row.packet.length;
      if (rows.length > 0 && (rows.length >= maxMessages || bytes > maxBytes)) break;
      if (crc32(row.packet) !== row.checksum)
        throw new DamagedSpoolError(`message ${row.sequence} of dataflow "${name}" is damaged`);
      const { sequence, arrived_ms: arrivedMs, input_topic: inputTopic, packet } = row;
      rows.push({ sequence, arrivedMs, inputTopic: inputTopic ?? undefined, packet, packetBytes: packet.length });
    }
    return rows;
  }

  close(): void {
    this.#database.close();
    this.#lock.close();
  }

  #queue(name: string): Queue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    // A name has only letters, digits and "-" by the configuration's rule; quoted all the same.
    const table = `"queue/${name.replaceAll('"', '""')}"`;
    this.#database.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (sequence INTEGER PRIMARY KEY, arrived_ms REAL NOT NULL, input_topic TEXT, checksum INTEGER NOT NULL, packet BLOB NOT NULL) STRICT`,
    );
    const queue: Queue = {
      state: this.#readState(name),
      insert: this.#database.prepare(
        `INSERT INTO ${table} (sequence, arrived_ms, input_topic, checksum, packet) VALUES (?, ?, ?, ?, ?)`,
      ),
      remove: this.#database.prepare(`DELETE FROM ${table} WHERE sequence = ? RETURNING length(packet) AS bytes`),
      read: this.#database.prepare(`SELECT * FROM ${table} WHERE sequence > ? ORDER BY sequence`),
    };
    this.#queues.set(name, queue);
    return queue;
  }

  #apply(queue: Queue, { queue: name, rows, packets, removed, deadLetters, filters }: WriteRequest): void {
    let { lastSequence, messages, bytes, deadLetterBytes } = queue.state;
    let start = 0;
    for (const { sequence, arrivedMs, inputTopic, packetBytes } of rows) {
      const packet = packets.subarray(start, (start += packetBytes));
      queue.insert.run(sequence, arrivedMs, inputTopic ?? null, crc32(packet), packet);
      lastSequence = sequence;
      messages++;
      bytes += packetBytes;
    }
    for (const sequence of removed) {
      const row = queue.remove.get(sequence) as { bytes: number } | undefined;
      if (row === undefined) continue;
      messages--;
      bytes -= row.bytes;
    }
    for (const deadLetter of deadLetters) deadLetterBytes += this.#addDeadLetter(name, deadLetter);
    queue.state = { lastSequence, messages, bytes, deadLetterBytes, filters: filters ?? queue.state.filters };
  }

  #addDeadLetter(queue: string, deadLetter: DeadLetter): number {
    const { time, reason, topic, destinationTopic, properties, payload } = deadLetter;
    this.#database
      .prepare(
        "INSERT INTO dead_letter (dataflow, time, reason, topic, destination_topic, properties, payload) VALUES (?, ?, ?, ?, ?, ?, ?)",
      )
      .run(queue, time, reason, topic, destinationTopic, properties, payload);
    return payload.length + properties.length;
  }

  #readState(name: string): QueueState {
    const row = this.#database.prepare("SELECT * FROM queue WHERE name = ?").get(name) as unknown as
      StoredState | undefined;
    if (row === undefined) return { lastSequence: 0, messages: 0, bytes: 0, deadLetterBytes: 0, filters: undefined };
    const filters = row.filters === null ? undefined : (JSON.parse(row.filters) as string[]);
    const { last_sequence: lastSequence, messages, bytes, letter_bytes: deadLetterBytes } = row;
    return { lastSequence, messages, bytes, deadLetterBytes, filters };
  }

  #writeState(name: string): void {
    const { lastSequence, messages, bytes, deadLetterBytes, filters } = this.#queue(name).state;
    this.#database
      .prepare(
        "INSERT OR REPLACE INTO queue (name, last_sequence, messages, bytes, letter_bytes, filters) VALUES (?, ?, ?, ?, ?, ?)",
      )
      .run(
        name,
        lastSequence,
        messages,
        bytes,
        deadLetterBytes,
        filters === undefined ? null : JSON.stringify(filters),
      );
  }

  #readClock(): number {
    const row = this.#database.prepare("SELECT * FROM clock").get() as unknown as StoredClock | undefined;
    if (row === undefined) return 0;
    const { clock_ms: clockMs, wall_ms: wallMs, uptime_ms: uptimeMs, boot_id: bootId } = row;
    return clockMs + elapsedMs({ wallMs, uptimeMs, bootId }, this.#machineTime());
  }

  #writeClock(clockMs: number): void {
    const { wallMs, uptimeMs, bootId } = this.#machineTime();
    this.#database
      .prepare("INSERT OR REPLACE INTO clock (rowid, clock_ms, wall_ms, uptime_ms, boot_id) VALUES (1, ?, ?, ?, ?)")
      .run(clockMs, wallMs, uptimeMs, bootId);
  }

  #rollBack(): void {
    // Read anew: a table that was made in what is rolled back is gone with it.
    this.#queues.clear();
    if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
  }
}

interface StoredRow {
  readonly sequence: number;
  readonly arrived_ms: number;
  readonly input_topic: string | null;
  readonly checksum: number;
  readonly packet: Uint8Array;
}

interface StoredState {
  readonly last_sequence: number;
  readonly messages: number;
  readonly bytes: number;
  readonly letter_bytes: number;
  readonly filters: string | null;
}

interface StoredClock {
  readonly clock_ms: number;
  readonly wall_ms: number;
  readonly uptime_ms: number;
  readonly boot_id: string;
}

/** Keeps every other process out; the kernel lets go of the lock however this one ends. */
function lockFolder(folder: string): DatabaseSync {
  const lock = new DatabaseSync(path.join(folder, "lock.sqlite"));
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    throw error;
  }
  return lock;
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    // Others may read while the relay runs, such as `sqlite3 spool.sqlite "SELECT * FROM dead_letter"`.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000");
    const { user_version: version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
    if (version === 0) database.exec(schema);
    else if (version !== schemaVersion)
      throw new DamagedSpoolError(`it is of version ${version}, and this relay reads version ${schemaVersion}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
