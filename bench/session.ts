import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { connectAsync } from "mqtt";

/**
 * CPU time per message of the relay's own session beside a plain mqtt.js relay, between two mosquitto brokers on this
 * machine. Rounds are interleaved, so that a moment of a noisy machine meets both.
 *
 * Run: `node bench/session.ts [messages] [rounds]`
 */
const messages = Number(process.argv[2] ?? 50_000);
const rounds = Number(process.argv[3] ?? 5);
const payload = "x".repeat(128);
const ports = { source: 21_883, destination: 21_884, metrics: 21_960 };

type Candidate = "relay" | "plain mqtt.js";

interface Round {
  readonly cpuMicroseconds: number;
  readonly perSecond: number;
  readonly residentMegabytes: number;
}

const folder = await mkdtemp(path.join(tmpdir(), "session-bench-"));
const brokers = await Promise.all([startBroker(ports.source), startBroker(ports.destination)]);
try {
  const results: Record<Candidate, Round[]> = { relay: [], "plain mqtt.js": [] };
  for (let round = 0; round < rounds; round++) {
    for (const candidate of ["relay", "plain mqtt.js"] as const) results[candidate].push(await measure(candidate));
  }
  const shares = results.relay.map(
    (ours, index) => ours.cpuMicroseconds / (results["plain mqtt.js"][index]?.cpuMicroseconds ?? NaN),
  );
  for (const [name, list] of Object.entries(results)) {
    const figure = (read: (round: Round) => number) => median(list.map(read)).toFixed(1);
    console.log(
      `${name.padEnd(14)} ${figure((r) => r.cpuMicroseconds)} µs CPU/message, ${figure((r) => r.perSecond)} msg/s, ${figure((r) => r.residentMegabytes)} MB resident`,
    );
  }
  console.log(`CPU of the relay as a share of plain mqtt.js, median of ${rounds} pairs: ${median(shares).toFixed(2)}`);
} finally {
  for (const broker of brokers) broker.kill();
  await rm(folder, { recursive: true });
}

async function startBroker(port: number): Promise<ChildProcess> {
  const file = path.join(folder, `${port}.conf`);
  await writeFile(
    file,
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 1000\nset_tcp_nodelay true\n`,
  );
  const broker = spawn("mosquitto", ["-c", file], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` },
  });
  for await (const chunk of broker.stderr as AsyncIterable<Buffer>) if (chunk.toString().includes("running")) break;
  broker.stderr.resume();
  return broker;
}

async function startCandidate(candidate: Candidate): Promise<ChildProcess> {
  const file = path.join(folder, "config.json");
  await writeFile(file, JSON.stringify(relayConfig()));
  const args =
    candidate === "relay"
      ? ["runtime/main.ts", "run", "--config", file]
      : ["bench/peers/plain-mqttjs.ts", String(ports.source), String(ports.destination), "plant/#", "sites/"];
  return spawn(process.execPath, args, { stdio: "ignore" });
}

function relayConfig(): unknown {
  const endpoint = (port: number) => ({
    endpointType: "Mqtt",
    mqttSettings: {
      host: `127.0.0.1:${port}`,
      authentication: { method: "Anonymous" },
      tls: { mode: "Disabled" },
      maxInflightMessages: 1000,
    },
  });
  return {
    endpoints: { source: endpoint(ports.source), destination: endpoint(ports.destination) },
    profile: { diagnostics: { metrics: { prometheusPort: ports.metrics } } },
    dataflows: {
      bench: {
        operations: [
          { operationType: "Source", sourceSettings: { endpointRef: "source", dataSources: ["plant/#"] } },
          {
            operationType: "Destination",
            destinationSettings: { endpointRef: "destination", dataDestination: "sites/${inputTopic}" },
          },
        ],
      },
    },
  };
}

/** The same load for both: published while the candidate is connected, over when the last message has arrived. */
async function measure(candidate: Candidate): Promise<Round> {
  const watcher = await connectAsync(`mqtt://127.0.0.1:${ports.destination}`, { protocolVersion: 5 });
  let received = 0;
  let onAll: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (onAll = resolve));
  watcher.on("message", (_topic, message) => {
    if (message.length === payload.length && ++received === messages) onAll();
  });
  await watcher.subscribeAsync("sites/#", { qos: 0 });
  const child = await startCandidate(candidate);
  await waitForFirst(watcher);
  const before = await readUsage(child);
  const start = performance.now();
  const lines = Array.from({ length: messages }, () => payload).join("\n");
  const publisher = spawn(
    "mosquitto_pub",
    ["-V", "5", "-p", String(ports.source), "-q", "1", "-t", "plant/line/1", "-l"],
    { stdio: ["pipe", "ignore", "inherit"] },
  );
  publisher.stdin.end(`${lines}\n`);
  await all;
  const seconds = (performance.now() - start) / 1000;
  const after = await readUsage(child);
  child.kill();
  await once(child, "exit");
  await watcher.endAsync(true);
  return {
    cpuMicroseconds: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / messages,
    perSecond: messages / seconds,
    residentMegabytes: after.residentMegabytes,
  };
}

/** Publishes probes until one has crossed: the candidate is connected and subscribed. */
async function waitForFirst(watcher: Awaited<ReturnType<typeof connectAsync>>): Promise<void> {
  const prober = await connectAsync(`mqtt://127.0.0.1:${ports.source}`, { protocolVersion: 5 });
  const timer = setInterval(() => void prober.publishAsync("plant/probe", "probe", { qos: 0 }), 100);
  await new Promise<void>((resolve) => {
    watcher.once("message", () => {
      resolve();
    });
  });
  clearInterval(timer);
  await prober.endAsync();
}

async function readUsage({ pid }: ChildProcess): Promise<{ cpuSeconds: number; residentMegabytes: number }> {
  const stat = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  const ticksPerSecond = 100; // USER_HZ of Linux
  const pageMegabytes = 4096 / 1024 / 1024;
  return {
    cpuSeconds: (Number(stat[11]) + Number(stat[12])) / ticksPerSecond,
    residentMegabytes: Number(stat[21]) * pageMegabytes,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
