import { existsSync, mkdirSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

import { readMachineTime } from "./clock.ts";
import { lockFolder } from "./database.ts";
import { describeSqlite, isBusy, isDamage } from "./failures.ts";
import { Marks, type Mark } from "./marks.ts";
import { bytesOf } from "./pending-writes.ts";
import type { Loss, QueueState, StoredCounts, WriteRequest } from "../protocol.ts";
import { copyMessages, findUnfinished, type IsUnwanted, type Unfinished } from "./replacement.ts";
import {
  beginReplacement,
  endReplacement,
  freeBytes,
  identify,
  lockFile,
  lookAt,
  prepareFiles,
  removeDatabase,
  Reserve,
  setAside,
  VolumeFullError,
  type FilesSeen,
} from "./spool-files.ts";
import { SpoolStore, type Removals } from "./store.ts";

/** The files at the spool's paths are not those that this process has open. */
export class FilesGoneError extends Error {
  override readonly name = "FilesGoneError";
  readonly code = "RELAY_SPOOL_GONE";
}

/** The files have become shorter, and not by this process. */
export class FilesCutError extends Error {
  override readonly name = "FilesCutError";
  readonly code = "RELAY_SPOOL_CUT";
}

/** The spool goes on in new files. */
export interface Replacement {
  readonly reason: string;
  /** Name of the old database, which was kept; empty when there is none. */
  readonly aside: string;
}

/**
 * The spool's database and what is around it in its folder: the reserve, the marks and the lock. Knows whether the files are
 * still those that it has open, and goes on in new ones where they are not, or are damaged.
 */
export class SpoolFolder {
  readonly folder: string;
  readonly #dataflows: readonly string[];
  readonly #reserve: Reserve;
  readonly #onProgress: () => void;
  #marks: Marks | undefined;
  #opened: SpoolStore | undefined;
  /** Which files are open, as {@link identify} says, and how long this process has left them. */
  #files = "";
  #sizes: readonly number[] = [];
  #lock = "";
  #unfinished: Unfinished | undefined;

  /**
   * @param dataflows those that use it: a loss whose extent nothing tells is reported to each of them
   * @param onProgress called again and again while much is copied
   */
  constructor(folder: string, dataflows: readonly string[], onProgress: () => void) {
    this.folder = folder;
    this.#onProgress = onProgress;
    this.#dataflows = dataflows;
    this.#reserve = new Reserve(folder);
  }

  /** Why the files have to be replaced, where that was begun and could not be finished. */
  get unfinished(): string | undefined {
    return this.#unfinished?.reason;
  }

  get isReadable(): boolean {
    return this.#opened?.database.isOpen === true;
  }

  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  get store(): SpoolStore {
    if (this.#opened === undefined) throw new Error("the spool is not open");
    return this.#opened;
  }

  /**
   * Opens the database. On a full volume the reserve makes room for that. One that is damaged is kept under another name, and
   * the spool goes on in a new one.
   * @throws when it can't be opened, another process has it open, or it is of another version
   */
  open(): Replacement | undefined {
    this.#marks ??= new Marks(this.folder);
    this.#unfinished ??= findUnfinished(this.folder);
    if (this.#unfinished !== undefined) return this.replace("", () => false);
    prepareFiles(this.folder);
    let store: SpoolStore | undefined;
    try {
      store = this.#openStore();
      const states = store.queues; // reads all that has to be readable
      this.#use(store);
      this.#findMissingCommits(store, states);
      return undefined;
    } catch (cause) {
      // Its lock would keep the next attempt out.
      store?.close();
      this.#opened = undefined;
      if (!isDamage(cause)) throw cause;
      return this.replace(describeSqlite(cause), () => false);
    }
  }

  #openStore(lock?: DatabaseSync): SpoolStore {
    try {
      return new SpoolStore(this.folder, readMachineTime, lock);
    } catch (cause) {
      if (isDamage(cause) || isBusy(cause) || !this.#reserve.release()) throw cause;
      return new SpoolStore(this.folder, readMachineTime, lock);
    }
  }

  #use(store: SpoolStore): void {
    this.#opened = store;
    this.#files = identify(this.folder);
    this.#lock = identify(this.folder, [lockFile]);
    this.#noteSizes();
  }

  #noteSizes(): void {
    this.#sizes = lookAt(this.folder).sizes;
  }

  /** The marks know of commits that the database does not: it was cut off, deleted, or replaced by an older one. */
  #findMissingCommits(store: SpoolStore, states: Readonly<Record<string, QueueState>>): void {
    const { commits = 0, queues = new Map<string, never>() } = this.#marks ?? {};
    if (commits <= store.commits) return;
    const reason = `the files of ${this.folder} hold less than was committed: they were cut off, deleted, or replaced by older ones`;
    const losses = new Map<string, Loss>();
    for (const [name, mark] of queues) {
      const found = states[name];
      const missing = found === undefined ? mark.messages : mark.lastSequence - found.lastSequence;
      const messages = Math.min(missing, mark.messages);
      if (messages > 0) losses.set(name, { messages, reason });
      store.continueAfter(name, mark.lastSequence);
    }
    store.recordLosses(losses, commits);
    this.#marks?.write(store.commits, store.queues);
    this.#noteSizes();
  }

  /** @throws {FilesGoneError | FilesCutError} when somebody has deleted, moved, replaced or shortened the files */
  assertThere(): void {
    if (this.#opened === undefined) return;
    const { sizes } = this.#assertSame();
    if (sizes.some((size, index) => size < (this.#sizes[index] ?? 0)))
      throw new FilesCutError(`the files of ${this.folder} were cut off while they were in use`);
  }

  #assertSame(): FilesSeen {
    const seen = lookAt(this.folder);
    if (seen.identity !== this.#files)
      throw new FilesGoneError(`the files of ${this.folder} were deleted, moved or replaced while they were in use`);
    return seen;
  }

  /** Takes the lock again where its file is gone, so that no other relay opens the folder. @throws when one has it open */
  keepLock(): void {
    if (this.#opened === undefined || identify(this.folder, [lockFile]) === this.#lock) return;
    this.#opened.replaceLock(lockFolder(this.folder));
    this.#lock = identify(this.folder, [lockFile]);
  }

  /** Takes the reserve's room, before these are written. @throws when the volume does not have it beside them */
  holdReserve(requests: readonly WriteRequest[]): void {
    this.#reserve.make(neededBytes(requests));
  }

  /** Gives the reserve back and makes the log's room usable, so that messages can be removed on a full volume. */
  releaseReserve(): void {
    if (!this.#reserve.release()) return;
    this.#opened?.takeLogOver();
    this.#noteSizes();
  }

  /**
   * Commits changes; returns what the changed queues hold.
   * @throws {FilesGoneError} when the files are gone, also while it was written: it is not on the disk then
   */
  write(requests: readonly WriteRequest[]): Record<string, StoredCounts> {
    const { store } = this;
    this.assertThere();
    this.#checkRoom(requests);
    store.write(requests);
    return this.#commit(requests.map(({ queue }) => queue));
  }

  /** Removes messages. On a full volume this needs no more than the log's room. */
  remove(removals: Removals): void {
    this.assertThere();
    this.store.remove(removals);
    this.store.takeLogOver();
    this.#commit([...removals.keys()]);
  }

  /** Writes something, to find out whether the disk works. */
  probe(): void {
    this.assertThere();
    this.store.probe();
    this.#noteSizes();
  }

  #commit(names: readonly string[]): Record<string, QueueState> {
    const { store } = this;
    this.#sizes = this.#assertSame().sizes;
    const states = Object.fromEntries(names.map((name) => [name, store.stateOf(name)]));
    this.#marks?.write(store.commits, states);
    return states;
  }

  #checkRoom(requests: readonly WriteRequest[]): void {
    const bytes = neededBytes(requests);
    if (bytes > 0 && freeBytes(this.folder) < bytes) throw new VolumeFullError(this.folder, bytes);
  }

  /**
   * Goes on in new files, with what can be read of the old ones, which are kept under another name where there are any. What
   * fails is begun anew by the next call: until it has succeeded the old files are all that counts.
   * @param isPending whether a message is written again anyway
   * @throws when the new ones can't be made for now
   */
  replace(reason: string, isPending: IsUnwanted): Replacement {
    const old = this.#opened;
    const work = (this.#unfinished ??= {
      reason,
      isGone: old !== undefined && identify(this.folder) !== this.#files,
      aside: "",
    });
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const keepsLock = old !== undefined && identify(this.folder, [lockFile]) === this.#lock;
    const lock = keepsLock ? old.lock : lockFolder(this.folder);
    let fresh: SpoolStore | undefined;
    try {
      this.#reserve.release();
      if (work.isGone) this.#carryMarks();
      work.aside ||= beginReplacement(this.folder, Date.now());
      const isKept = setAside(this.folder, work.aside);
      prepareFiles(this.folder);
      fresh = this.#openStore(lock);
      this.#moveTo(fresh, old, { ...work, aside: isKept ? work.aside : "", isPending, keepsLock });
      endReplacement(this.folder);
      this.#unfinished = undefined;
      return { reason: work.reason, aside: isKept ? work.aside : "" };
    } catch (cause) {
      fresh?.close(true);
      this.#removeUnfinished(work);
      if (!keepsLock) lock.close();
      throw cause;
    }
  }

  /**
   * Takes the marks into a folder that has none, before anything is copied: what a process that is killed meanwhile has not
   * copied is counted by the next one, which can't read files that are gone.
   */
  #carryMarks(): void {
    const { commits, queues = new Map<string, Mark>() } = this.#marks ?? { commits: 0 };
    this.#marks?.close();
    this.#marks = new Marks(this.folder);
    this.#marks.write(Math.max(commits, this.#opened?.commits ?? 0), Object.fromEntries(queues));
  }

  /** Gives the room of a new database back that is not whole. What is kept of the old one stays. */
  #removeUnfinished({ aside, isGone }: Unfinished): void {
    if (aside !== "" && (isGone || existsSync(aside))) removeDatabase(this.folder);
  }

  #moveTo(
    fresh: SpoolStore,
    old: SpoolStore | undefined,
    how: Unfinished & { readonly isPending: IsUnwanted; readonly keepsLock: boolean },
  ): void {
    // Damaged pages may be in this process's memory too: the files are read anew. Deleted ones can't be opened again.
    if (!how.isGone) old?.close(how.keepsLock);
    const isPending: IsUnwanted = (queue, sequence) => {
      this.#onProgress();
      return how.isPending(queue, sequence);
    };
    const { commits = 0, queues = new Map<string, never>() } = this.#marks ?? {};
    copyMessages(how, { fresh, old, isPending, commits, expected: queues, dataflows: this.#dataflows });
    if (how.isGone) old?.close(how.keepsLock);
    this.#use(fresh);
    this.#marks?.close();
    this.#marks = new Marks(this.folder);
    this.#marks.write(fresh.commits, fresh.queues);
    this.#noteSizes();
  }

  close(): void {
    this.#opened?.close();
    this.#marks?.close();
    this.#opened = undefined;
  }
}

/** What is written goes to the log first, and from there to the database, where a row may take a page of its own. */
function neededBytes(requests: readonly WriteRequest[]): number {
  return 3 * requests.reduce((sum, request) => sum + bytesOf(request), 0);
}
