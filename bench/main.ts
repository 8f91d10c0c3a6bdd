import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { format, resolveConfig } from "prettier";

import { BrokerClient } from "./load/broker-client.ts";
import { startBrokers } from "./measure/brokers.ts";
import { describeMachine, watchOthers } from "./measure/machine.ts";
import { readOptions, usage, type Options } from "./options.ts";
import { allPeers } from "./peers/all.ts";
import { defaultCacheFolder, requireProgram } from "./peers/installation.ts";
import { mosquittoRemedy, mosquittoVersion } from "./peers/mosquitto.ts";
import type { InstalledPeer, PeerName } from "./peers/peer.ts";
import { judgeBars } from "./report/bars.ts";
import { formatInterval, formatNumber, formatTime } from "./report/numbers.ts";
import { renderPage } from "./report/page.ts";
import { drawPicture } from "./report/picture.ts";
import { candidatesOf, candidateTitle, intervalOf, type PeerRecord, type RunRecord } from "./report/run-record.ts";
import { allScenarios } from "./scenarios/all.ts";
import { figureNames, type Bench, type Failure, type Measurement } from "./scenarios/scenario.ts";

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (cause) {
    console.error(`${cause instanceof Error ? cause.message : String(cause)}\n\n${usage}`);
    return 2;
  }
  const mosquitto = requireProgram("mosquitto", mosquittoRemedy);
  const { installed, records } = await installPeers(options);
  if (options.isInstallOnly) return 0;
  const version = await mosquittoVersion(mosquitto, tmpdir());
  console.error(`expected to take ${formatTime(expectedSeconds(options))}`);
  const shareOfOthers = watchOthers();
  const startedAt = new Date();
  const { measurements, failures } = await measure(options, mosquitto, installed);
  const record: RunRecord = {
    startedAt: startedAt.toISOString(),
    seconds: (Date.now() - startedAt.getTime()) / 1000,
    command: ["npm run bench", ...(args.length === 0 ? [] : ["--", ...args])].join(" "),
    machine: describeMachine(version, shareOfOthers()),
    size: options.size,
    peers: records,
    measurements,
    failures,
  };
  await writeReport(options.output, record);
  printBars(record);
  return 0;
}

async function installPeers({
  peers,
  mayInstall,
}: Options): Promise<{ installed: Map<PeerName, InstalledPeer>; records: PeerRecord[] }> {
  const installed = new Map<PeerName, InstalledPeer>();
  const records: PeerRecord[] = [];
  for (const name of peers) {
    const peer = allPeers[name];
    const { title, remark } = peer;
    try {
      const { version, prepare } = await peer.install(defaultCacheFolder(), mayInstall);
      installed.set(name, { version, prepare });
      records.push({ name, title, remark, version });
      console.error(`${title} ${version}`);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      records.push({ name, title, remark, reason });
      console.error(`${title}: can't be installed: ${reason}`);
    }
  }
  return { installed, records };
}

function expectedSeconds({ scenarios, size, peers }: Pick<Options, "scenarios" | "size" | "peers">): number {
  return scenarios.reduce((sum, scenario) => sum + scenario.expectedSeconds(size, peers), 0);
}

async function measure(
  { scenarios, size, peers }: Options,
  mosquitto: string,
  installed: ReadonlyMap<PeerName, InstalledPeer>,
): Promise<{ measurements: Measurement[]; failures: Failure[] }> {
  const measurements: Measurement[] = [];
  const failures: Failure[] = [];
  let loads = 0;
  for (const scenario of scenarios) {
    const expected = formatTime(expectedSeconds({ scenarios: [scenario], size, peers }));
    console.error(`\n${scenario.name}: ${scenario.title} (${expected})`);
    // Brokers of their own for each scenario: what one leaves in a session or a queue is none of the next one.
    const folder = await mkdtemp(path.join(tmpdir(), "mqtt-dataflow-bench-"));
    const brokers = await startBrokers(mosquitto, folder);
    const publisher = await BrokerClient.connect(brokers.source.plain.port, "publisher");
    const bench: Bench = {
      size,
      folder,
      brokers,
      publisher,
      installed,
      nextLoad: () => ++loads,
      record: (measurement) => {
        measurements.push(measurement);
        printMeasurement(measurement);
      },
      fail: (failure) => {
        failures.push(failure);
        console.error(`  ${failure.candidate}: ${failure.reason}`);
      },
    };
    try {
      await scenario.run(bench);
    } finally {
      publisher.close();
      await Promise.all([brokers.source.stop(), brokers.destination.stop()]);
      await rm(folder, { recursive: true });
    }
  }
  return { measurements, failures };
}

function printMeasurement({ candidate, round, figures }: Measurement): void {
  const shown = figureNames.flatMap((name) => {
    const value = figures[name];
    return value === undefined ? [] : [`${name} ${formatNumber(value)}`];
  });
  console.error(`  round ${round + 1}  ${candidate.padEnd(13)} ${shown.join("  ")}`);
}

async function writeReport(folder: string, record: RunRecord): Promise<void> {
  // The raw figures first: they are for whoever judges or draws them again, and no page of the documentation.
  const data = path.resolve("dist/bench");
  await mkdir(data, { recursive: true });
  await writeFile(path.join(data, "benchmark.json"), `${JSON.stringify(record, null, 1)}\n`);
  await mkdir(folder, { recursive: true });
  const page = path.join(folder, "benchmark.md");
  const text = renderPage(record, allScenarios, "benchmark.svg");
  await writeFile(page, await format(text, { ...(await resolveConfig(page)), parser: "markdown" }));
  await writeFile(path.join(folder, "benchmark.svg"), drawPicture(record));
  console.error(`\nwritten: ${page}`);
}

function printBars(record: RunRecord): void {
  for (const { name, title } of allScenarios) {
    const candidates = candidatesOf(record, name);
    if (candidates.length > 0) console.log(`\n${title}`);
    for (const candidate of candidates) {
      const figures = figureNames.flatMap((figure) => {
        const interval = intervalOf(record, name, candidate, figure);
        return interval === undefined ? [] : [`${figure} ${formatInterval(interval)}`];
      });
      console.log(`  ${candidateTitle(record, candidate).padEnd(26)} ${figures.join("  ")}`);
    }
  }
  console.log("\nBars");
  for (const { bar, measured, verdict, isClose } of judgeBars(record)) {
    const limit = `${bar.kind} ${formatNumber(bar.limit)}${bar.unit === "" ? "" : ` ${bar.unit}`}`;
    const note = isClose ? " (close: the interval lies on both sides)" : "";
    console.log(`  ${verdict.padEnd(12)} ${bar.text}: ${formatInterval(measured, bar.unit)}; ${limit}${note}`);
  }
}

process.exitCode = await main(process.argv.slice(2));
