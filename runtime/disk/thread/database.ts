import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import { lockFile } from "./spool-files.ts";

/** Version of the tables, in SQLite's own field for it. */
export const schemaVersion = 2;

/** The log is cut to this length when it begins anew; while commits go on it is longer by one of them at most. */
export const maxLogBytes = 4 * 1024 * 1024;

/** All or nothing: a process that is killed while it makes the tables leaves a file that the next one can open. */
const schema = `
BEGIN IMMEDIATE;
CREATE TABLE queue (
  name TEXT PRIMARY KEY, last_sequence INTEGER NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL,
  letter_bytes INTEGER NOT NULL, filters TEXT, used_bytes INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE clock (
  clock_ms REAL NOT NULL, wall_ms REAL NOT NULL, uptime_ms REAL NOT NULL, boot_id TEXT NOT NULL,
  commits INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY, dataflow TEXT NOT NULL, time TEXT NOT NULL, reason TEXT NOT NULL, topic TEXT NOT NULL,
  destination_topic TEXT NOT NULL, properties TEXT NOT NULL, payload BLOB NOT NULL
) STRICT;
CREATE TABLE loss (dataflow TEXT NOT NULL, messages INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
PRAGMA user_version = ${schemaVersion};
COMMIT;
`;

/** The columns of a queue's table. */
export const queueColumns =
  "sequence INTEGER PRIMARY KEY, arrived_ms REAL NOT NULL, input_topic TEXT, checksum INTEGER NOT NULL, packet BLOB NOT NULL, is_dead_letter INTEGER NOT NULL DEFAULT 0";

/** Name of a queue's table. A dataflow's name has only letters, digits and "-" by the configuration's rule; quoted all the same. */
export function tableOf(queue: string): string {
  return `"queue/${queue.replaceAll('"', '""')}"`;
}

/** A spool that this relay can't use until the operator has done something, though nothing may be wrong with its files. */
export class UnusableSpoolError extends Error {
  override readonly name = "UnusableSpoolError";
  readonly code = "RELAY_SPOOL_UNUSABLE";
}

/** Keeps every other process out; the kernel lets go of the lock however this one ends. */
export function lockFolder(folder: string): DatabaseSync {
  const lock = new DatabaseSync(path.join(folder, lockFile));
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    throw error;
  }
  return lock;
}

/** Opens a spool's database, with its tables. */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    // Others may read while the relay runs, such as `sqlite3 spool.sqlite "SELECT * FROM dead_letter"`.
    database.exec("PRAGMA busy_timeout = 2000");
    const { user_version: version } = database.prepare("PRAGMA user_version").get() as { user_version: number };
    // Before anything is changed: the journal's mode is in the file too.
    if (![0, 1, schemaVersion].includes(version))
      throw new UnusableSpoolError(`it is of version ${version}, and this relay reads version ${schemaVersion}`);
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    // The store takes the log over by itself, for it has to know when.
    database.exec(`PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = ${maxLogBytes}`);
    if (version === 0) database.exec(schema);
    else if (version === 1) migrate(database);
    // On a read-only volume SQLite opens it for reading, and that connection never writes: found by a change, taken back.
    database.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${schemaVersion}; ROLLBACK`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** From version 1, which did not know dead letters among messages, the bytes of pages, commits and losses. */
function migrate(database: DatabaseSync): void {
  const names = database.prepare("SELECT name FROM queue").all() as { name: string }[];
  const addFlag = names.map(
    ({ name }) => `ALTER TABLE ${tableOf(name)} ADD COLUMN is_dead_letter INTEGER NOT NULL DEFAULT 0;`,
  );
  const scan = `SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE aggregate = TRUE AND dbstat.name = 'queue/' || queue.name`;
  try {
    database.exec(`BEGIN IMMEDIATE;
      ${addFlag.join("\n")}
      ALTER TABLE queue ADD COLUMN used_bytes INTEGER NOT NULL DEFAULT 0;
      UPDATE queue SET used_bytes = (${scan});
      ALTER TABLE clock ADD COLUMN commits INTEGER NOT NULL DEFAULT 0;
      CREATE TABLE loss (dataflow TEXT NOT NULL, messages INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
      PRAGMA user_version = ${schemaVersion};
      COMMIT`);
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
