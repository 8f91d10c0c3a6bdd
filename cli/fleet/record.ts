import { createHash, randomUUID } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";

import * as v from "valibot";

import { describeError } from "../../runtime/contract/errors.ts";
import type { Fleet } from "./sites.ts";

/** Folder beside the file of sites; it belongs into .gitignore. */
export const recordFolder = ".mqtt-dataflow";

const state = v.picklist(["waiting", "running", "done", "failed", "locked", "cancelled", "unhealthy"]);

const schema = v.object({
  version: v.literal(1),
  startedAt: v.string(),
  /** Of what is deployed: the sites, their settings and the program. */
  digest: v.string(),
  sites: v.record(v.string(), v.object({ state, at: v.string() })),
});

/** What an `up` has done so far. */
export type RolloutRecord = v.InferOutput<typeof schema>;
export type RecordedState = v.InferOutput<typeof state>;

/** The record of one run, written anew at each step, so that a run that is killed leaves where it was. */
export interface RunningRecord {
  /** Path of the file, for messages. */
  readonly file: string;
  /** Sites that the run which this one resumes has deployed. */
  readonly doneBefore: ReadonlySet<string>;
  mark(site: string, state: RecordedState): void;
  /** Lets others run. What is recorded stays. */
  close(): void;
}

/** Another run has the fleet. */
export class FleetBusyError extends Error {
  override readonly name = "FleetBusyError";
}

/**
 * Starts a record, and keeps other runs on this machine out. What runs elsewhere is kept out by the locks of the stacks.
 * @param resumed the record to go on with
 * @throws {FleetBusyError} while another process of this machine deploys the fleet
 */
export function startRecord(
  fleet: Fleet,
  sites: readonly string[],
  digest: string,
  resumed: RolloutRecord | undefined,
): RunningRecord {
  const folder = path.join(fleet.folder, recordFolder);
  mkdirSync(folder, { recursive: true });
  const release = takeLock(path.join(folder, `${nameOf(fleet)}.lock`));
  const file = recordFile(fleet);
  const now = () => new Date().toISOString();
  const isDone = (site: string) => resumed?.sites[site]?.state === "done";
  const waiting = { state: "waiting" as const, at: now() };
  const record: RolloutRecord = {
    version: 1,
    startedAt: now(),
    digest,
    sites: {
      ...resumed?.sites,
      ...Object.fromEntries(sites.map((site) => [site, isDone(site) ? (resumed?.sites[site] ?? waiting) : waiting])),
    },
  };
  const write = () => {
    const whole = `${file}.${randomUUID()}`;
    writeFileSync(whole, `${JSON.stringify(record, undefined, 2)}\n`);
    renameSync(whole, file);
  };
  write();
  return {
    file,
    doneBefore: new Set(sites.filter(isDone)),
    mark: (site, marked) => {
      record.sites[site] = { state: marked, at: now() };
      write();
    },
    close: release,
  };
}

/** The record of the last run; `undefined` when there is none, or none that can be read. */
export function readRecord(fleet: Fleet): RolloutRecord | undefined {
  try {
    const read = v.safeParse(schema, JSON.parse(readFileSync(recordFile(fleet), "utf8")));
    return read.success ? read.output : undefined;
  } catch {
    return undefined; // there is none, or what wrote it was killed on a machine that lost it
  }
}

function recordFile(fleet: Fleet): string {
  return path.join(fleet.folder, recordFolder, `${nameOf(fleet)}.json`);
}

/** Several files of sites may be in one folder. */
function nameOf({ file }: Pick<Fleet, "file">): string {
  return `${path.basename(file)}-up`;
}

/** @returns what gives the lock back */
function takeLock(file: string): () => void {
  const own = `${process.pid} ${hostname()}`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const descriptor = openSync(file, "wx");
      writeSync(descriptor, own);
      closeSync(descriptor);
      return () => rmSync(file, { force: true });
    } catch (cause) {
      if ((cause as { code?: unknown }).code !== "EEXIST") throw cause;
      const holder = readLock(file);
      if (attempt > 0 || isAlive(holder)) throw busy(file, holder, cause);
      // Its process is gone, killed as a rule: the lock says nothing any more.
      rmSync(file, { force: true });
    }
  }
}

function readLock(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    return describeError(cause); // given back in the meantime
  }
}

function isAlive(holder: string): boolean {
  const [pid = "", host] = holder.split(" ");
  if (host !== hostname() || !/^\d+$/.test(pid)) return true;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (cause) {
    return (cause as { code?: unknown }).code === "EPERM";
  }
}

function busy(file: string, holder: string, cause: unknown): FleetBusyError {
  const [pid = "", host = ""] = holder.split(" ");
  const text = `${file}: process ${pid} on ${host} deploys this fleet; wait for it, or delete this file when that process is gone`;
  return new FleetBusyError(text, { cause });
}

/** Puts texts under one digest: the same for the same texts in the same order. */
export function digestOf(texts: Iterable<string | Buffer>): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest("hex");
}
