import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

import { requireProgram } from "../peers/installation.ts";

const run = promisify(execFile);
const pageBytes = 4096;
/** What fio writes over and over, as a log is written over. */
const ringBytes = 4 * 1024 * 1024;
const fioRemedy = "get it with: apt-get install fio";

/** What a program has asked of the disk. */
export interface DiskWork {
  readonly syncs: number;
  readonly bytes: number;
}

/** Bytes that a process has had written to disks. @see proc(5), /proc/pid/io: write_bytes */
export function readWrittenBytes(pid: number): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? 0);
}

/** Compiles what makes syncs slower; returns the environment for a delay. */
export async function compileSlowSync(folder: string): Promise<(microseconds: number) => Record<string, string>> {
  const compiler = requireProgram("gcc", "get it with: apt-get install gcc libc6-dev");
  const library = path.join(folder, "slow-sync.so");
  const source = path.join(import.meta.dirname, "slow-sync.c");
  await run(compiler, ["-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"]);
  return (microseconds) =>
    microseconds === 0 ? {} : { LD_PRELOAD: library, SLOW_SYNC_MICROSECONDS: String(microseconds) };
}

/** @throws {Error} when fio is not there */
export async function fioVersion(): Promise<string> {
  const { stdout } = await run(requireProgram("fio", fioRemedy), ["--version"]);
  return stdout.trim().replace(/^fio-/, "");
}

/**
 * Seconds that the disk takes for the same bytes with the same number of syncs and nothing else: writes of one size, each
 * followed by fdatasync, over a file of 4 MiB again and again, as over a write-ahead log.
 */
export async function measureLimit(
  folder: string,
  { syncs, bytes }: DiskWork,
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const block = Math.min(ringBytes, Math.max(1, Math.round(bytes / syncs / pageBytes)) * pageBytes);
  const size = Math.max(1, Math.floor(ringBytes / block)) * block;
  const { stdout } = await run(
    requireProgram("fio", fioRemedy),
    [
      "--name=limit",
      `--filename=${path.join(folder, "limit.bin")}`,
      "--ioengine=psync",
      "--rw=write",
      "--fdatasync=1",
      "--overwrite=1",
      "--fallocate=none",
      `--bs=${block}`,
      `--size=${size}`,
      `--io_size=${syncs * block}`,
      "--thread",
      "--output-format=json",
    ],
    { env: { ...process.env, ...env } },
  );
  const report = JSON.parse(stdout.slice(stdout.indexOf("{"))) as {
    readonly jobs: readonly { readonly write: { readonly runtime: number }; readonly job_runtime: number }[];
  };
  return (report.jobs[0]?.job_runtime ?? 0) / 1000;
}
