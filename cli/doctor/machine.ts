import { closeSync, fsyncSync, openSync, readdirSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";
import path from "node:path";

import type { RelayConfig } from "../../runtime/contract/config.ts";
import { needsDisk } from "../../runtime/contract/config/dataflow.ts";
import { memoryNeeds, memoryProblem, planMemory } from "../../runtime/contract/memory.ts";
import { spoolVolumeFactor } from "../../runtime/contract/spool-volume.ts";
import { findMemoryLimit } from "../../runtime/memory/limit.ts";
import { describeClock, judgeClock, type ClockSign } from "./clock.ts";
import { Reporter, textOf, type Report } from "./finding.ts";

const about = "this machine";
const mebibyte = 1024 * 1024;

/** Says whether there is as much memory as the dataflows need: by the relay's own plan. */
export function checkMemory({ relay, dataflows }: RelayConfig, report: Report): void {
  const reporter = new Reporter(about, report);
  const { bytes, from } = findMemoryLimit(relay.maxMemoryBytes);
  const needs = memoryNeeds(dataflows);
  const path = from === "configuration" ? "relay.maxMemoryBytes" : `the memory of this ${from}`;
  const problem = memoryProblem(path, bytes, needs);
  if (problem !== undefined) {
    const { remedy } = problem;
    reporter.problem("memory", "too-little-memory", `${problem.path} ${problem.problem}`, { remedy });
    return;
  }
  const plan = planMemory(bytes, needs);
  const shares = "shares" in plan ? [...plan.shares.values()] : [];
  const least =
    shares.length === 0 ? "" : `; a dataflow may hold ${inMebibytes(Math.min(...shares))} of messages at least`;
  reporter.good("memory", `${inMebibytes(bytes)} (${from})${least}`);
}

/** Below this a volume counts as full, in bytes: the spool's own log and reserve take as much. */
const fullBytes = 16 * mebibyte;
/** What is written to see whether anything can be. */
const trialBytes = 65_536;
/** Of statfs: NFS, SMB, CIFS, SMB 2. @see linux/magic.h */
const networkFileSystems: readonly number[] = [0x6969, 0x517b, 0xff534d42, 0xfe534d42];

/** Says whether the spool's folder can be written, and has the room that the queues may take. */
export function checkDisk({ dataflows, relay }: RelayConfig, spoolPath: string | undefined, report: Report): void {
  const spooling = Object.values(dataflows).filter(
    (dataflow) => dataflow.mode === "Enabled" && needsDisk(dataflow.relay),
  );
  if (spooling.length === 0) return;
  const reporter = new Reporter(about, report);
  const folder = spoolPath ?? relay.spoolPath;
  const wantedBytes = Math.ceil(
    spooling.reduce((sum, { relay: { spool } }) => sum + spool.maxBytes, 0) * spoolVolumeFactor,
  );
  try {
    const { bavail, blocks, bsize, type } = statfsSync(folder);
    const [freeBytes, totalBytes] = [bavail * bsize, blocks * bsize];
    writeTrial(folder);
    if (networkFileSystems.includes(type)) {
      const text = `${folder} is on a network file system, on which a spool can lose messages`;
      reporter.problem("disk", "disk-unusable", text, { remedy: "give it a volume of this machine" });
    }
    reportRoom({ folder, freeBytes, totalBytes, wantedBytes, usedBytes: bytesIn(folder) }, reporter);
  } catch (cause) {
    reportUnusable(folder, cause, reporter);
  }
}

interface Room {
  readonly folder: string;
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** What the queues may take, and what the spool takes already. */
  readonly wantedBytes: number;
  readonly usedBytes: number;
}

function reportRoom({ folder, freeBytes, totalBytes, wantedBytes, usedBytes }: Room, reporter: Reporter): void {
  const text = `${folder} has ${inMebibytes(freeBytes)} free of ${inMebibytes(totalBytes)}, and the disk queues may take ${inMebibytes(wantedBytes)}`;
  const remedy = `give a volume of ${inMebibytes(wantedBytes)} or more, or lower spool.maxBytes`;
  if (freeBytes < fullBytes) reporter.problem("disk", "disk-full", text, { remedy: `free some room, or ${remedy}` });
  else if (freeBytes + usedBytes < wantedBytes) reporter.warning("disk", "disk-too-small", text, { remedy });
  else reporter.good("disk", text);
}

function reportUnusable(folder: string, cause: unknown, reporter: Reporter): void {
  const { code } = cause as NodeJS.ErrnoException;
  const text = `${folder}: ${textOf(cause, "")}`;
  if (code === "ENOSPC" || code === "EDQUOT") {
    const remedy =
      "free some room, or give a larger volume: until then nothing more is acknowledged once memory is full";
    reporter.problem("disk", "disk-full", text, { remedy });
  } else if (code === "ENOENT") {
    reporter.problem("disk", "disk-unusable", text, {
      remedy: "mount the volume there, or give its folder with --spool",
    });
  } else {
    reporter.problem("disk", "disk-unusable", text, { remedy: "let the relay's user write there" });
  }
}

/** @throws what the file system says when nothing can be written */
function writeTrial(folder: string): void {
  const file = path.join(folder, `.doctor-${process.pid}`);
  const descriptor = openSync(file, "wx", 0o600);
  try {
    writeSync(descriptor, Buffer.alloc(trialBytes));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
    rmSync(file, { force: true });
  }
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    const found = statSync(path.join(folder, name), { throwIfNoEntry: false });
    return sum + (found?.isFile() === true ? found.size : 0);
  }, 0);
}

/** Says how this machine's clock compares with others'; the one that is farthest off counts. */
export function checkClock(signs: readonly ClockSign[], report: Report): void {
  const reporter = new Reporter(about, report);
  const worst = [...signs].sort((a, b) => Math.abs(b.aheadMs) - Math.abs(a.aheadMs))[0];
  if (worst === undefined) {
    const remedy = "give --time-server with an NTP server of your network";
    reporter.unknown("clock", "nothing here tells the right time", remedy);
    return;
  }
  const text = `this machine's clock is ${describeClock(worst)}`;
  const remedy = "correct the clock: tokens and certificates are judged by it";
  const state = judgeClock(worst);
  if (state === "good") reporter.good("clock", text);
  else if (state === "warning") reporter.warning("clock", "clock-wrong", text, { remedy });
  else reporter.problem("clock", "clock-wrong", text, { remedy });
}

function inMebibytes(bytes: number): string {
  return `${Math.floor(bytes / mebibyte)} MiB`;
}
