import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import type { Mark } from "./marks.ts";
import { salvage } from "./salvage.ts";
import { readUnfinished } from "./spool-files.ts";
import type { SpoolStore } from "./store.ts";

export type IsUnwanted = (queue: string, sequence: number) => boolean;

/** A replacement that was begun. */
export interface Unfinished {
  readonly reason: string;
  /** Whether the files at the spool's paths were not those that this process had open, which it can still read. */
  readonly isGone: boolean;
  /** Where the files that were at the spool's paths are to be kept; empty before that is known. */
  aside: string;
}

/** Where the messages come from and go to. */
export interface Copying {
  readonly fresh: SpoolStore;
  /** What this process had open; closed where it is damaged. */
  readonly old: SpoolStore | undefined;
  /** Whether a message is written again anyway. */
  readonly isPending: IsUnwanted;
  /** What the marks know of: the number of the last commit, and what the queues held. */
  readonly commits: number;
  readonly expected: ReadonlyMap<string, Mark>;
  /** Those who are told of a loss whose extent nothing tells. */
  readonly dataflows: readonly string[];
}

/** What an earlier process has begun and not finished. */
export function findUnfinished(folder: string): Unfinished | undefined {
  const aside = readUnfinished(folder);
  if (aside === undefined) return undefined;
  return {
    reason: "its files were damaged, and an earlier process did not copy them to their end",
    isGone: false,
    aside,
  };
}

/**
 * Copies what can be read of the old files to the new ones, and records there what can't.
 * @throws when the new ones can't be written for now
 */
export function copyMessages(unfinished: Unfinished, copying: Copying): void {
  const { aside, isGone } = unfinished;
  const { fresh, old, expected, commits, dataflows, isPending } = copying;
  const from = isGone ? old?.database : openReadOnly(aside);
  try {
    if (old !== undefined) fresh.setClock(old.clockNowMs);
    const isUnwanted: IsUnwanted = (queue, sequence) =>
      isPending(queue, sequence) || (!isGone && old?.wasJustRemoved(queue, sequence) === true);
    const reason = `${unfinished.reason}${aside === "" ? "" : `; the old files are kept as ${aside}`}`;
    const losses = salvage({ from, to: fresh, expected, isUnwanted, reason });
    if (old === undefined)
      for (const name of dataflows) if (!expected.has(name)) losses.set(name, { messages: 0, reason });
    fresh.recordLosses(losses, Math.max(commits, old?.commits ?? 0) + 1);
  } finally {
    if (!isGone) from?.close();
  }
}

/** Opens what may be no database; without changing it, since it is kept as it is. */
function openReadOnly(file: string): DatabaseSync | undefined {
  if (file === "") return undefined;
  try {
    const database = new DatabaseSync(path.resolve(file), { readOnly: true, defensive: false });
    // Reads a file that ends too early as far as it goes.
    database.exec("PRAGMA writable_schema = ON");
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
    return database;
  } catch {
    return undefined;
  }
}
