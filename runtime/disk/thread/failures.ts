import { describeError } from "../../contract/errors.ts";

/**
 * SQLite's codes for a file that is damaged, is no database, or ends before what was committed to it.
 * @see https://www.sqlite.org/rescode.html: SQLITE_CORRUPT, SQLITE_NOTADB; SQLITE_IOERR_SHORT_READ, SQLITE_IOERR_CORRUPTFS
 */
const damageCodes: readonly number[] = [11, 26];
const extendedDamageCodes: readonly number[] = [522, 8458];

/** SQLITE_BUSY: another connection has the file locked. */
const busyCode = 5;

/** SQLITE_FULL, and SQLITE_IOERR_SHMSIZE: no room for the index of the log. */
const [fullCode, noIndexCode] = [13, 4874];

/** Tells whether files can't be read any more, however often it is tried. */
export function isDamage(cause: unknown): boolean {
  const code = sqliteCode(cause);
  return damageCodes.includes(code & 0xff) || extendedDamageCodes.includes(code);
}

export function isBusy(cause: unknown): boolean {
  return (sqliteCode(cause) & 0xff) === busyCode;
}

/** Tells whether there was too little room. */
export function isFull(cause: unknown): boolean {
  const code = sqliteCode(cause);
  const { code: name } = cause as { readonly code?: unknown };
  return (code & 0xff) === fullCode || code === noIndexCode || name === "ENOSPC" || name === "EDQUOT";
}

/** SQLITE_IOERR, SQLITE_READONLY, SQLITE_CANTOPEN: what a volume answers that fails for the time being. */
const volumeCodes: readonly number[] = [8, 10, 14];

/** Tells whether a write may succeed later, as it is. */
export function isPassing(cause: unknown): boolean {
  return isFull(cause) || isBusy(cause) || volumeCodes.includes(sqliteCode(cause) & 0xff);
}

/** What to say of a failure. */
export function describeSqlite(cause: unknown): string {
  const reason = describeError(cause);
  return isBusy(cause) ? `another process has the spool open (${reason})` : reason;
}

/** Extended result code of an error of SQLite; 0 for any other. */
function sqliteCode(cause: unknown): number {
  const { errcode } = cause as { readonly errcode?: unknown };
  return typeof errcode === "number" ? errcode : 0;
}
