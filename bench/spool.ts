import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { parseArgs } from "node:util";

import { format, resolveConfig } from "prettier";

import { describeMachine, watchOthers } from "./measure/machine.ts";
import { defaultCacheFolder, requireProgram } from "./peers/installation.ts";
import { mosquittoRemedy, mosquittoVersion } from "./peers/mosquitto.ts";
import { rotated } from "./scenarios/candidates.ts";
import { artemis } from "./spool/artemis.ts";
import { compileSlowSync, fioVersion } from "./spool/disk.ts";
import { mosquitto } from "./spool/mosquitto.ts";
import { renderSpoolPage } from "./spool/page.ts";
import { diskPeerNames, type DiskPeer, type RunningDiskPeer } from "./spool/peer.ts";
import type { Restart, SpoolMeasurement, SpoolPeerRecord, SpoolRecord } from "./spool/record.ts";
import { relay } from "./spool/relay.ts";
import { measureRestarts } from "./spool/restart.ts";
import { limitIn, measureRound } from "./spool/round.ts";

/**
 * Measures the spool beside other disk queues and beside what the disk alone does, and writes `benchmark-spool.md`. `--part` is
 * for machines that are quiet for minutes only: each part adds to the figures of the one before (dist/bench/spool.json), and
 * the last one writes the page.
 *
 * Run: `npm run bench:spool [-- --rounds N --messages N --backlog N --delays 0,2000 --part in-out,restart --peer NAMES --add]`
 */
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    messages: { type: "string", default: "100000" },
    backlog: { type: "string", default: "1000000" },
    restarts: { type: "string", default: "3" },
    /** Microseconds that each sync takes longer. */
    delays: { type: "string", default: "0,2000,10000" },
    part: { type: "string", default: "in-out,restart" },
    peer: { type: "string", default: diskPeerNames.join(",") },
    add: { type: "boolean", default: false },
    output: { type: "string", default: "dist/bench" },
  },
});
const [rounds, messages, backlog] = [Number(values.rounds), Number(values.messages), Number(values.backlog)];
const parts = values.part.split(",");
const syncDelays = parts.includes("in-out") ? values.delays.split(",").map(Number) : [];
const payloadBytes = 128;
const window = 1000;
const shape = { topic: "load/oslo/line-1", payloadBytes, qos: 1 as const };
const data = path.resolve("dist/bench/spool.json");

const peers: SpoolPeerRecord[] = [];
const measurements: SpoolMeasurement[] = [];
const restarts: Restart[] = [];
let load = 0;

const startedAt = new Date().toISOString();
await mkdir(path.dirname(data), { recursive: true });
// Not in the folder for temporary files, which may be in memory.
const folder = await mkdtemp(path.resolve("dist/bench/spool-"));
const shareOfOthers = watchOthers();
try {
  const installed = await install(
    [relay, artemis, mosquitto].filter(({ name }) => values.peer.split(",").includes(name)),
  );
  const slowSync = await compileSlowSync(folder);
  for (const syncDelay of syncDelays) await measureInOut(installed, syncDelay, slowSync(syncDelay));
  if (parts.includes("restart")) {
    const route = { folder: path.join(folder, "restart"), window, env: {} };
    await measureRestarts(route, shape, { messages: backlog, rounds: Number(values.restarts) }, (restart) => {
      restarts.push(restart);
      console.error(`  restart ${JSON.stringify(restart)}`);
    });
  }
  await report(await describeRun());
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function install(all: readonly DiskPeer[]): Promise<DiskPeer[]> {
  const installed: DiskPeer[] = [];
  for (const peer of all) {
    const { name, title, remark } = peer;
    try {
      peers.push({ name, title, remark, version: await peer.install(defaultCacheFolder()) });
      installed.push(peer);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      peers.push({ name, title, remark, reason });
      console.error(`${title}: can't be had: ${reason}`);
    }
  }
  return installed;
}

/** All programs run side by side, and take turns. */
async function measureInOut(
  installed: readonly DiskPeer[],
  syncDelay: number,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  console.error(`syncs that take ${syncDelay} µs more`);
  const running = new Map<DiskPeer, RunningDiskPeer>();
  try {
    for (const peer of installed) {
      const own = path.join(folder, `${peer.name}-${syncDelay}`);
      running.set(peer, await peer.start({ folder: own, window, env }));
    }
    // The first round warms them up, and is not counted.
    for (let round = -1; round < rounds; round++)
      for (const [peer, started] of rotated([...running], Math.max(0, round)))
        try {
          await measureOne({ peer: peer.name, syncDelay, round }, started, env);
        } catch (cause) {
          running.delete(peer);
          await started.stop();
          fail(peer, syncDelay, cause);
        }
  } finally {
    await Promise.all([...running.values()].map((started) => started.stop()));
  }
}

async function measureOne(
  which: Pick<SpoolMeasurement, "peer" | "syncDelay" | "round">,
  started: RunningDiskPeer,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const figures = await measureRound(started, { shape, number: ++load, count: messages }, limitIn(folder, env));
  const measurement = { ...which, ...figures };
  console.error(`  ${JSON.stringify(measurement, shorten)}`);
  if (which.round >= 0) measurements.push(measurement);
}

function shorten(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(4)) : value;
}

/** Its figures end here; the page says why. */
function fail({ name, title }: DiskPeer, syncDelay: number, cause: unknown): void {
  const reason = `with syncs ${syncDelay} µs longer: ${cause instanceof Error ? cause.message : String(cause)}`;
  const index = peers.findIndex((peer) => peer.name === name);
  const record = peers[index];
  if (record !== undefined) peers[index] = { ...record, reason };
  console.error(`${title}: ${reason}`);
}

async function describeRun(): Promise<SpoolRecord> {
  const broker = await mosquittoVersion(requireProgram("mosquitto", mosquittoRemedy), folder);
  const machine = describeMachine(broker, shareOfOthers());
  const versions = { ...machine.versions, fio: await fioVersion() };
  const command = ["npm run bench:spool", ...(process.argv.length > 2 ? ["--", ...process.argv.slice(2)] : [])].join(
    " ",
  );
  const run = { startedAt, command, rounds, messages, payloadBytes, window, syncDelays };
  return { ...run, machine: { ...machine, versions }, peers, measurements, restarts };
}

async function report(record: SpoolRecord): Promise<void> {
  const whole = values.add && existsSync(data) ? joinRecords(await readBefore(), record) : record;
  await writeFile(data, `${JSON.stringify(whole, null, 1)}\n`);
  const page = path.resolve(values.output, "benchmark-spool.md");
  await mkdir(path.dirname(page), { recursive: true });
  await writeFile(page, await format(renderSpoolPage(whole), { ...(await resolveConfig(page)), parser: "markdown" }));
  console.error(`written: ${page}`);
}

/** Two parts of one run, on one machine; the first one says how large it is. */
function joinRecords(before: SpoolRecord, record: SpoolRecord): SpoolRecord {
  const othersShare = Math.max(before.machine.othersShare, record.machine.othersShare);
  return {
    ...before,
    command: `${before.command}; ${record.command}`,
    machine: { ...record.machine, othersShare },
    peers: joinPeers(before.peers, record.peers),
    syncDelays: [...new Set([...before.syncDelays, ...record.syncDelays])],
    measurements: [...before.measurements, ...record.measurements],
    restarts: [...before.restarts, ...record.restarts],
  };
}

/** A program that failed in one part has failed. */
function joinPeers(before: readonly SpoolPeerRecord[], later: readonly SpoolPeerRecord[]): SpoolPeerRecord[] {
  const joined = new Map(before.map((peer) => [peer.name, peer]));
  for (const peer of later) if (peer.reason !== undefined || !joined.has(peer.name)) joined.set(peer.name, peer);
  return [...joined.values()];
}

async function readBefore(): Promise<SpoolRecord> {
  return ((await import(data, { with: { type: "json" } })) as { default: SpoolRecord }).default;
}
