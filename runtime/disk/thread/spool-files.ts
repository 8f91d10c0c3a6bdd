import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
  type Stats,
} from "node:fs";
import path from "node:path";

import { spoolFile } from "../protocol.ts";

/** Held by one process at a time. */
export const lockFile = "lock.sqlite";
/** What SQLite keeps beside the database: the write-ahead log and its index. */
const companions = ["", "-wal", "-shm"] as const;
const asideMark = ".damaged-";

/** Payloads are nobody else's business. */
const [ownerOnly, ownerOnlyFolder] = [0o600, 0o700];

/**
 * Makes what is missing of the folder and its files, for their owner alone; SQLite gives its log the mode of the database.
 * A file that is there is never opened: closing it would free the locks that this process has on it.
 */
export function prepareFiles(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: ownerOnlyFolder });
  for (const name of [lockFile, ...databaseFiles, `${spoolFile}-marks`, `${spoolFile}-reserve`]) {
    const file = path.join(folder, name);
    if (existsSync(file)) restrict(file);
    else if (name === lockFile || name === spoolFile) closeSync(openSync(file, "wx", ownerOnly));
  }
}

function restrict(file: string): void {
  try {
    if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, ownerOnly);
  } catch {
    // It is another user's, who let us in; opening it tells whether that is enough.
  }
}

/** Tells which files are at these paths: device and inode of each. */
export function identify(folder: string, names: readonly string[] = databaseFiles): string {
  return names.map((name) => identityOf(statSync(path.join(folder, name), { throwIfNoEntry: false }))).join(" ");
}

/** The files of a database as they are at one moment. */
export interface FilesSeen {
  /** As {@link identify} says. */
  readonly identity: string;
  /** Bytes of the database and its log. */
  readonly sizes: readonly number[];
}

/** Looks at the files of the database. */
export function lookAt(folder: string): FilesSeen {
  const seen = databaseFiles.map((name) => statSync(path.join(folder, name), { throwIfNoEntry: false }));
  const [database, log] = seen;
  return { identity: seen.map(identityOf).join(" "), sizes: [database?.size ?? 0, log?.size ?? 0] };
}

function identityOf(stats: Stats | undefined): string {
  return stats === undefined ? "none" : `${stats.dev}:${stats.ino}`;
}

const databaseFiles = companions.map((companion) => spoolFile + companion);

/**
 * Names the database that is being replaced, from before it gets its other name until the new one is whole: a process that
 * is killed in between leaves new files with part of what can be read.
 */
const markerFile = `${spoolFile}-replacing`;

/** Name of the database whose replacement was begun and not finished; `undefined` when there is none. */
export function readUnfinished(folder: string): string | undefined {
  const file = path.join(folder, markerFile);
  return existsSync(file) ? path.join(folder, path.basename(readFileSync(file, "utf8").trim())) : undefined;
}

/** Begins a replacement; returns the path that the old database is to get. */
export function beginReplacement(folder: string, nowMs: number): string {
  const aside = `${spoolFile}${asideMark}${new Date(nowMs).toISOString().replaceAll(":", "-")}`;
  const file = path.join(folder, markerFile);
  writeFileSync(`${file}-new`, aside, { mode: ownerOnly });
  renameSync(`${file}-new`, file);
  return path.join(folder, aside);
}

/** The new database is whole, or there is no old one. */
export function endReplacement(folder: string): void {
  rmSync(path.join(folder, markerFile), { force: true });
}

/**
 * Gives the database and its log another name, the database last; whatever is there after that belongs to a new one that was
 * not finished, and is removed. Tells whether there is a database under the other name.
 */
export function setAside(folder: string, aside: string): boolean {
  if (existsSync(aside)) removeDatabase(folder);
  for (const companion of companions.toReversed()) {
    const file = path.join(folder, spoolFile + companion);
    if (existsSync(file)) renameSync(file, aside + companion);
  }
  return existsSync(aside);
}

/** Removes a database with its log. */
export function removeDatabase(folder: string): void {
  for (const companion of companions) rmSync(path.join(folder, spoolFile + companion), { force: true });
}

/** Databases that were damaged and kept. */
export function countAside(folder: string): number {
  try {
    return readdirSync(folder).filter((name) => name.includes(asideMark) && !/-(?:wal|shm)$/.test(name)).length;
  } catch {
    return 0; // no folder, no file
  }
}

/** Bytes that this user may still write to the folder's volume. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/**
 * Bytes of the volume that are kept for deletions and for opening the spool. Beyond the log's pages a deletion needs none:
 * the log is at most as long as {@link maxLogBytes}, and the database has to grow by no more when it takes the log over.
 */
export const reserveBytes = 8 * 1024 * 1024;
const reserveChunk = Buffer.alloc(256 * 1024);

/** A file that takes room on the volume until it is given back. */
export class Reserve {
  readonly #folder: string;
  readonly #file: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#file = path.join(folder, `${spoolFile}-reserve`);
  }

  get isWhole(): boolean {
    return statSync(this.#file, { throwIfNoEntry: false })?.size === reserveBytes;
  }

  /** Gives its room back; tells whether there was any. */
  release(): boolean {
    const isThere = existsSync(this.#file);
    rmSync(this.#file, { force: true });
    return isThere;
  }

  /** Takes its room again. @throws when the volume does not have it, and so many bytes beside it */
  make(otherBytes: number): void {
    if (this.isWhole) return;
    this.release();
    const needed = reserveBytes + otherBytes;
    if (freeBytes(this.#folder) < needed) throw new VolumeFullError(this.#folder, needed);
    const file = openSync(this.#file, "wx", ownerOnly);
    try {
      // Zeros that are written take room; a length that is set does not.
      for (let bytes = 0; bytes < reserveBytes; bytes += reserveChunk.length) writeSync(file, reserveChunk);
    } catch (cause) {
      this.release();
      throw cause;
    } finally {
      closeSync(file);
    }
  }
}

/** There is too little room for what is to be written. */
export class VolumeFullError extends Error {
  override readonly name = "VolumeFullError";
  readonly code = "ENOSPC";

  constructor(folder: string, neededBytes: number) {
    super(`the volume of ${folder} is full: it has less than ${neededBytes} bytes left; make room, or enlarge it`);
  }
}
