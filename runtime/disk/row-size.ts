import type { DeadLetter } from "./protocol.ts";

/*
 * How many bytes a row takes in the file. SQLite stores rows in pages of 4096 bytes: a row of more than half a page has one
 * of its own, and the rest of a row that no page holds goes to overflow pages.
 */

/** SQLite's default, and that of every spool. */
export const pageBytes = 4096;
/** What a page's header leaves for rows. */
const usableBytes = pageBytes - 8;
/** Largest row that is stored in one page, and the least of a larger one that stays in it. @see https://www.sqlite.org/fileformat2.html#b_tree_pages */
const [largestLocal, leastLocal] = [4061, 489];
/** Content of an overflow page. */
const overflowBytes = pageBytes - 4;
/** Sequence, time, checksum, flag, and the headers of row and columns. */
const rowOverhead = 32;

/**
 * Bytes that a row takes among others of its size, rounded up.
 * @param contentBytes bytes of its packet and texts
 */
export function rowSize(contentBytes: number): number {
  const cell = contentBytes + rowOverhead;
  if (cell <= largestLocal) return Math.ceil(pageBytes / Math.max(1, Math.floor(usableBytes / cell)));
  const rest = leastLocal + ((cell - leastLocal) % overflowBytes);
  const local = rest <= largestLocal ? rest : leastLocal;
  const rowsInPage = Math.max(1, Math.floor(usableBytes / local));
  return Math.ceil(pageBytes / rowsInPage) + Math.ceil((cell - local) / overflowBytes) * pageBytes;
}

/** Bytes that a dead letter takes in the file, about. */
export function deadLetterSize({ properties, payload, reason, topic, destinationTopic }: DeadLetter): number {
  const texts = [properties, reason, topic, destinationTopic];
  return rowSize(texts.reduce((sum, text) => sum + Buffer.byteLength(text), payload.length));
}
