import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import path from "node:path";

import { readStartSync } from "../../bounded-file.ts";
import { spoolFile, type QueueState } from "../protocol.ts";

/** What a queue held after the last commit. */
export interface Mark {
  readonly lastSequence: number;
  readonly messages: number;
}

/**
 * A second witness of what was committed, in a file of its own: a log that was cut off or a database that was deleted looks
 * like one in which less was ever written. It is written after each commit and not flushed: after a power cut it may know
 * less than the database, never more.
 */
export class Marks {
  readonly #file: string;
  readonly #queues = new Map<string, Mark>();
  #descriptor: number | undefined;
  #length = 0;
  /** Number of the last commit; 0 when nothing is known. */
  readonly commits: number;

  /** Reads what an earlier process left. */
  constructor(folder: string) {
    this.#file = path.join(folder, `${spoolFile}-marks`);
    const stored = readMarks(this.#file);
    this.commits = stored.commits;
    this.#length = stored.length;
    for (const [name, mark] of Object.entries(stored.queues)) this.#queues.set(name, mark);
  }

  get queues(): ReadonlyMap<string, Mark> {
    return this.#queues;
  }

  /** Notes a commit. Never throws: without marks a loss goes unnoticed, and nothing else. */
  write(commits: number, states: Readonly<Record<string, Pick<QueueState, "lastSequence" | "messages">>>): void {
    for (const [name, { lastSequence, messages }] of Object.entries(states))
      this.#queues.set(name, { lastSequence, messages });
    const queues = Object.fromEntries(
      [...this.#queues].map(([name, { lastSequence, messages }]) => [name, [lastSequence, messages]]),
    );
    const text = JSON.stringify({ commits, queues }).padEnd(this.#length);
    this.#length = text.length;
    try {
      this.#descriptor ??= openForWriting(this.#file);
      writeSync(this.#descriptor, text, 0);
    } catch {
      this.close();
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

interface StoredMarks {
  readonly commits: number;
  readonly queues: Readonly<Record<string, readonly [lastSequence: number, messages: number]>>;
}

/** Far more than the marks of a thousand dataflows take. */
const maxMarksBytes = 4_194_304;

function readMarks(file: string) {
  let length = 0;
  try {
    const bytes = readStartSync(file, maxMarksBytes + 1);
    // Nobody here has written so much, and each commit would write as much again.
    if (bytes.length > maxMarksBytes) rmSync(file);
    else length = bytes.length;
    const { commits, queues } = JSON.parse(bytes.toString("utf8")) as StoredMarks;
    const marks = Object.entries(queues).map(
      ([name, [lastSequence, messages]]) => [name, { lastSequence, messages }] as const,
    );
    return { commits, length, queues: Object.fromEntries(marks) };
  } catch {
    // There is none, or a power cut has torn it: the next ones are written over the whole of it.
    return { commits: 0, length, queues: {} };
  }
}

/** Opens it as it is: on a full volume a file that was cut to nothing might not get its room back. */
function openForWriting(file: string): number {
  try {
    return openSync(file, "r+");
  } catch {
    return openSync(file, "w", 0o600);
  }
}
