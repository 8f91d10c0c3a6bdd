import { writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { RelayLogLine } from "../../../cli/demo/relay-output.ts";
import { startRelay, type RelayProcess } from "../../../cli/demo/relay-process.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../../support/relay-config.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

const running: RelayProcess[] = [];
const never = new AbortController().signal;

afterEach(async () => {
  for (const relay of running.splice(0)) await relay.stop();
});

afterAll(removeTemporaryFolders);

/** Starts a relay whose brokers nobody plays; port 9 refuses. */
async function start(document: unknown): Promise<{ relay: RelayProcess; log: RelayLogLine[] }> {
  const folder = createTemporaryFolder("relay-process");
  const configFile = path.join(folder, "config.json");
  writeFileSync(configFile, JSON.stringify(document));
  const log: RelayLogLine[] = [];
  const relay = await startRelay({
    configFile,
    mountPath: folder,
    spoolPath: folder,
    connectTo: [],
    environment: {},
    pagePort: 0,
    drainTimeoutMs: 1000,
    onLog: (line) => log.push(line),
  });
  running.push(relay);
  return { relay, log };
}

/** Waits until a relay answers probes, and signals: before, SIGTERM just ends it. */
async function untilServing(log: readonly RelayLogLine[]): Promise<void> {
  while (!log.some(({ msg }) => msg === "serving probes and metrics")) await delay(20);
}

const unreachable = buildConfig({
  endpoints: { edge: plainEndpoint(9), plant: plainEndpoint(9) },
  dataflows: { upward: buildDataflow(["edge", ["a/#"]], ["plant", "b/${inputTopic}"]) },
});

test("a relay that refuses its configuration ends before it is ready, and what it said is there", async () => {
  const { relay, log } = await start({ dataflows: {} });

  await expect(relay.ready(10_000, never)).rejects.toThrow(
    "the relay: ended before it was ready (exit code 2); see what it said above",
  );
  expect(log).toContainEqual({ level: "error", msg: expect.stringContaining("endpoints: is missing") });
});

test("a relay that does not get ready in time says why", async () => {
  const { relay, log } = await start(unreachable);
  await untilServing(log);

  await expect(relay.ready(500, never)).rejects.toThrow(
    /^the relay: is not ready within 500 ms \(.*upward: destination is .*\); see what it said above$/s,
  );
});

test("waiting for a relay ends with an interruption", async () => {
  const { relay } = await start(unreachable);

  await expect(relay.ready(10_000, AbortSignal.abort(new Error("stopped")))).rejects.toThrow("stopped");
});

test("a relay that is stopped drains and ends with exit code 0, however often it is told to", async () => {
  const { relay, log } = await start(unreachable);
  await untilServing(log);

  const ends = await Promise.all([relay.stop(), relay.stop()]);

  expect(ends).toEqual([
    { isClean: true, how: "exit code 0" },
    { isClean: true, how: "exit code 0" },
  ]);
  expect(log.map(({ msg }) => msg)).toContain("drained");
  await expect(relay.stop()).resolves.toEqual({ isClean: true, how: "exit code 0" });
});

test("its metrics are its last answer once it can't be asked", async () => {
  const { relay, log } = await start(unreachable);
  await expect(relay.metrics()).resolves.toEqual(new Map());
  await untilServing(log);

  const metrics = await relay.metrics();
  await relay.stop();

  expect(metrics.get("upward")).toMatchObject({ relay_messages_received_total: 0 });
  await expect(relay.metrics()).resolves.toEqual(metrics);
});
