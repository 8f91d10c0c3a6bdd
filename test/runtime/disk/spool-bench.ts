import { cpSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

import { spoolFile, type Loss, type Row } from "../../../runtime/disk/protocol.ts";
import { Spool, type QueueEvents, type SpoolQueue } from "../../../runtime/disk/spool.ts";
import { createLog } from "../../../runtime/report/log.ts";
import { patientMs, untilTrue } from "../../support/patience.ts";

/** A queue as a dataflow uses it, which keeps in mind what it was told. */
export class Client implements QueueEvents {
  readonly queue: SpoolQueue;
  /** Sequence of the last message that is safe. */
  committed = 0;
  /** Each portion of rows that was asked for. */
  readonly portions: (readonly Row[])[] = [];
  readonly losses: Loss[] = [];
  readonly broken: string[] = [];
  timesWorking = 0;

  constructor(spool: Spool, name = "flow") {
    this.queue = spool.queue(name, this);
    if (this.queue.loss !== undefined) this.losses.push(this.queue.loss);
  }

  onCommitted = (sequence: number): void => {
    if (sequence > 0) this.committed = sequence;
  };
  onRows = (rows: readonly Row[]): void => void this.portions.push(rows);
  onWorks = (): void => {
    this.timesWorking++;
  };
  onLoss = (loss: Loss): void => void this.losses.push(loss);
  onBroken = (reason: string): void => void this.broken.push(reason);

  /** Appends messages of so many bytes; each begins with its number and a space. */
  append(count: number, bytes = 100): void {
    for (let left = count; left > 0; left--) {
      const text = `${this.queue.lastSequence + 1} `;
      this.queue.append(Buffer.from(text.padEnd(bytes, ".")), performance.now(), undefined);
    }
  }

  async untilCommitted(sequence: number): Promise<void> {
    await untilTrue(`commit ${sequence}`, () => this.committed >= sequence);
  }

  /** Reads one portion. */
  async read(after = 0, maxMessages = 10_000): Promise<readonly Row[]> {
    const before = this.portions.length;
    this.queue.read(after, maxMessages, 64 * 1024 * 1024);
    await untilTrue("rows", () => this.portions.length > before);
    return this.portions.at(-1) ?? [];
  }

  /** Reads all that there is. */
  async readSequences(): Promise<number[]> {
    const sequences: number[] = [];
    for (;;) {
      const rows = await this.read(sequences.at(-1) ?? 0);
      if (rows.length === 0) return sequences;
      sequences.push(...rows.map(({ sequence }) => sequence));
    }
  }
}

/** The spool with its thread in a folder, opened again and again. */
export class SpoolBench {
  readonly folder: string;
  readonly lines: Record<string, unknown>[] = [];
  readonly #opened = new Set<Spool>();
  #kills = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  async open(dataflows: readonly string[] = ["flow"]): Promise<Spool> {
    const log = createLog("info", { write: (line) => this.lines.push(JSON.parse(line) as Record<string, unknown>) });
    const spool = new Spool(this.folder, log);
    this.#opened.add(spool);
    const problem = await spool.open(dataflows);
    if (problem !== undefined) throw new Error(problem);
    return spool;
  }

  async close(spool: Spool): Promise<void> {
    this.#opened.delete(spool);
    await spool.close(AbortSignal.timeout(patientMs(5000)));
  }

  /** What a killed process leaves: the files as they are. The next one opens the copy. */
  async kill(spool: Spool): Promise<void> {
    const copy = `${this.folder}-${++this.#kills}`;
    cpSync(this.folder, copy, { recursive: true });
    await this.close(spool);
    rmSync(this.folder, { recursive: true });
    renameSync(copy, this.folder);
  }

  async closeAll(): Promise<void> {
    for (const spool of [...this.#opened]) await this.close(spool);
  }

  async untilTrouble(spool: Spool): Promise<string> {
    await untilTrue("trouble", () => spool.trouble !== undefined);
    return spool.trouble ?? "";
  }

  async untilWell(spool: Spool): Promise<void> {
    await untilTrue("the end of the trouble", () => spool.trouble === undefined);
  }

  /** What another process sees on the disk. */
  sequencesOnDisk(queue = "flow"): number[] {
    const database = new DatabaseSync(path.join(this.folder, spoolFile), { readOnly: true });
    const rows = database.prepare(`SELECT sequence FROM "queue/${queue}" ORDER BY sequence`).all();
    database.close();
    return rows.map(({ sequence }) => Number(sequence));
  }

  /** Damaged databases that were kept, without what belongs to them. */
  get databasesAside(): string[] {
    return this.filesAside.filter((name) => !/-(?:wal|shm)$/.test(name));
  }

  get filesAside(): string[] {
    return readdirSync(this.folder).filter((name) => name.includes(".damaged-"));
  }
}

export const range = (first: number, last: number): number[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
