import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { BrokerClient } from "./load/broker-client.ts";
import { startBrokers } from "./measure/brokers.ts";
import { medianInterval } from "./measure/statistics.ts";
import { requireProgram } from "./peers/installation.ts";
import { mosquittoRemedy } from "./peers/mosquitto.ts";
import { formatNumber } from "./report/numbers.ts";

/**
 * Messages a second that the emulator takes from one plain client and hands to another (QoS 1, 128 bytes), beside mosquitto's
 * in one run. Exit code 1 when the bar is missed.
 *
 * Run: `npm run bench:emulator -- [messages a round] [rounds]`
 */
const [messages = 50_000, rounds = 7] = process.argv.slice(2).map(Number);
/** Bar: the emulator's share of mosquitto's throughput. */
const leastShare = 0.3;
const topic = "load/a";
let loads = 0;

const folder = await mkdtemp(path.join(tmpdir(), "emulator-"));
const brokers = await startBrokers(requireProgram("mosquitto", mosquittoRemedy), folder);
const emulator = await startEmulator();
try {
  const ports = { mosquitto: brokers.source.plain.port, emulator: emulator.port };
  for (const port of Object.values(ports)) await measure(port); // warm-up
  const shares: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const mosquitto = await measure(ports.mosquitto);
    const own = await measure(ports.emulator);
    shares.push(own / mosquitto);
    console.log(`mosquitto ${formatNumber(mosquitto)}, emulator ${formatNumber(own)} messages a second`);
  }
  const { median, low, high } = medianInterval(shares);
  console.log(`emulator to mosquitto: ${formatNumber(median)} (${formatNumber(low)} to ${formatNumber(high)})`);
  process.exitCode = median >= leastShare ? 0 : 1;
} finally {
  emulator.process.kill();
  await Promise.all([brokers.source.stop(), brokers.destination.stop()]);
  await rm(folder, { recursive: true });
}

/** Starts it in a process of its own, as mosquitto is one. */
async function startEmulator(): Promise<{ readonly process: ChildProcess; readonly port: number }> {
  const child = fork(path.join(import.meta.dirname, "load/emulator-main.ts"));
  const [port] = (await once(child, "message")) as [number];
  return { process: child, port };
}

/** @returns messages a second from the first PUBLISH to the last arrival and PUBACK */
async function measure(port: number): Promise<number> {
  const load = ++loads;
  const sink = await BrokerClient.connect(port, `sink-${load}`);
  const allArrived = new Promise<void>((resolve) => {
    let arrived = 0;
    sink.onPublish = () => {
      if (++arrived === messages) resolve();
    };
  });
  await sink.subscribe(topic);
  const publisher = await BrokerClient.connect(port, `publisher-${load}`);
  const startMs = performance.now();
  await publisher.publishAll({ topic, payloadBytes: 128, qos: 1 }, load, messages);
  await allArrived;
  const seconds = (performance.now() - startMs) / 1000;
  publisher.close();
  sink.close();
  return messages / seconds;
}
