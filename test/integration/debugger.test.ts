import { setTimeout as delay } from "node:timers/promises";

import { findFreePort } from "../support/free-port.ts";
import { readImageFlags } from "../support/image-flags.ts";
import { cleanUp } from "../support/integration.ts";
import { listeningAddresses } from "../support/listening.ts";
import { patientMs } from "../support/patience.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay } from "../support/relay-process.ts";
import { startProcess, type StartedProcess } from "../support/started-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

/** A debugger that opens does so within a tenth of it. */
const openingMs = 500;

afterAll(cleanUp);

/** Sends SIGUSR1, gives a debugger the time to open, and tells where the process listens then. */
async function signal(one: StartedProcess): Promise<string[]> {
  one.kill("SIGUSR1");
  await delay(patientMs(openingMs));
  return listeningAddresses(one.pid ?? 0);
}

/** An environment that does what it can for a debugger: its own port, so that tests can run side by side. */
async function environment(): Promise<Record<string, string>> {
  return { NODE_OPTIONS: `--no-disable-sigusr1 --inspect-port=${await findFreePort()}` };
}

/** A relay whose brokers nobody plays; port 9 refuses. */
const unreachable = buildConfig({
  endpoints: { edge: plainEndpoint(9), plant: plainEndpoint(9) },
  dataflows: { upward: buildDataflow(["edge", ["a/#"]], ["plant", "b/${inputTopic}"]) },
});

test.each([
  ["with the flags of the image", readImageFlags],
  ["without them", () => Promise.resolve([])],
])("a relay started %s opens no debugger at SIGUSR1, and goes on", async (_case, readFlags) => {
  const flags = await readFlags();
  const relay = await startRelay({
    folder: createTemporaryFolder("debugger"),
    config: unreachable,
    within: (program, args) => [program, [...flags, ...args]],
    env: await environment(),
  });
  await relay.untilUnready(/destination is/);
  const before = listeningAddresses(relay.process.pid ?? 0);

  const after = await signal(relay.process);

  expect(before).toHaveLength(1);
  expect(after).toEqual(before);
  expect((await relay.readiness())?.status).toBe(503);
  expect(relay.process.lines.join("\n")).not.toMatch(/debugger/i);
  expect(await relay.stop()).toEqual({ code: 0, signal: null });
});

test("the flags of the image alone keep the debugger closed, before the relay itself has said anything", async () => {
  const program = 'console.log("started"); setInterval(() => {}, 1000)';
  const one = startProcess(process.execPath, [...(await readImageFlags()), "-e", program], {
    env: await environment(),
  });
  await one.untilLine((line) => line === "started");

  expect(await signal(one)).toEqual([]);
  expect(one.lines).toEqual(["started"]);
  expect(await one.stop()).toEqual({ code: null, signal: "SIGTERM" });
});
