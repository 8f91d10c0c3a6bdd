import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";

import type { StatusDocument } from "../../runtime/contract/status/schema.ts";
import { cleanUp } from "../support/integration.ts";
import { listeningAddresses } from "../support/listening.ts";
import { patientMs, untilTrue } from "../support/patience.ts";
import { startProcess, type StartedProcess } from "../support/started-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

const entryPoint = path.join(import.meta.dirname, "../../cli/main.ts");
/** What `npm start` promises on an idle machine is 20 s; these may share theirs with other tests. */
const generousMs = 50_000;

/** Starts the demo with a folder of its own for what it writes. */
function startDemo(...args: string[]): { demo: StartedProcess; temporary: string } {
  const temporary = createTemporaryFolder("demo-test");
  return {
    demo: startProcess(process.execPath, [entryPoint, "demo", ...args], { env: { TMPDIR: temporary } }),
    temporary,
  };
}

/** Waits until messages cross, and finds the relay's process. */
async function untilTraffic(demo: StartedProcess): Promise<number> {
  const line = await demo.untilLine((each) => each.includes("the relay runs on "));
  await demo.untilLine((each) => /^telemetry +to the cloud +[1-9]/.test(each));
  const configFile = line.slice(line.indexOf("/"));
  return Number(execFileSync("pgrep", ["-f", "--", `--config ${configFile}`], { encoding: "utf8" }));
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Numbers of a line of the ledger: published, accepted, delivered, lost, duplicated. */
function ledgerLine({ lines }: StartedProcess, name: string): number[] {
  const from = lines.findIndex((line) => line.startsWith("dataflow") && line.endsWith("duplicated"));
  const line = lines.slice(from).find((each) => each.startsWith(name)) ?? "";
  return line.match(/\d+/g)?.map(Number) ?? [];
}

afterAll(cleanUp);

describe("--once", () => {
  let demo: StartedProcess;
  let temporary: string;
  let code: number | null;
  let tookMs: number;

  beforeAll(async () => {
    const startMs = performance.now();
    ({ demo, temporary } = startDemo("--once"));
    ({ code } = await demo.ended);
    tookMs = performance.now() - startMs;
    process.stdout.write(`demo --once took ${(tookMs / 1000).toFixed(1)} s\n`);
  }, generousMs);

  test("delivers every message both ways", () => {
    const anyDuplicates = expect.any(Number);
    expect(ledgerLine(demo, "alarms")).toEqual([500, 500, 500, 0, anyDuplicates]);
    expect(ledgerLine(demo, "commands")).toEqual([200, 200, 200, 0, anyDuplicates]);
    expect(ledgerLine(demo, "telemetry")).toEqual([1500, 1500, 1500, 0, anyDuplicates]);
    expect(ledgerLine(demo, "all")).toEqual([2200, 2200, 2200, 0, anyDuplicates]);
    expect(demo.lines.at(-1)).toBe("nothing lost");
    expect(code).toBe(0);
  });

  test("shows a message of each dataflow in full, CloudEvents attributes included", () => {
    expect(demo.lines).toContainEqual(expect.stringMatching(/^telemetry {2}plant\/.* -> sites\/oslo\/plant\//));
    expect(demo.lines).toContainEqual(expect.stringMatching(/^commands {2}sites\/oslo\/commands\/.* -> plant\//));
    expect(demo.lines).toContainEqual(
      expect.stringMatching(/ {2}machine=[\w-]+ .* specversion=1\.0 .* subject=sites\/oslo/),
    );
  });

  test("says each warning once, and none about what it does itself", () => {
    const problems = demo.lines.flatMap((line) => /warning: \S+: (.*)/.exec(line)?.[1] ?? []);
    expect(problems).toEqual([...new Set(problems)]);
    expect(demo.lines.filter((line) => line.includes("connecting elsewhere"))).toEqual([]);
    expect(demo.errorLines).toEqual([]);
  });

  test("drains the relay and leaves nothing behind", () => {
    expect(demo.lines).toContain("relay drained, exit code 0");
    expect(readdirSync(temporary)).toEqual([]);
  });

  test("ends by itself in a time that one waits for", () => {
    expect(tookMs).toBeLessThan(patientMs(generousMs));
  });
});

test("prints the address of its page first, where faults can be made and mended", async () => {
  const { demo } = startDemo();
  await untilTraffic(demo);
  const [first = ""] = demo.lines;
  const [address = ""] = /http:\/\/127\.0\.0\.1:\d+\//.exec(first) ?? [];

  const page = await (await fetch(address)).text();
  expect(page).toContain('<meta name="mqtt-dataflow-demo"');
  const statusOf = async () => (await (await fetch(`${address}api/status`)).json()) as StatusDocument;
  const spooled = async () =>
    (await statusOf()).dataflows.find(({ name }) => name === "telemetry")?.onDisk.messages ?? 0;
  const set = async (isOn: boolean) => {
    const body = JSON.stringify({ id: "cut", isOn });
    const headers = { "content-type": "application/json" };
    expect((await fetch(`${address}demo/faults`, { method: "POST", headers, body })).status).toBe(200);
  };
  await set(true);
  await untilTrue("messages on the disk", async () => (await spooled()) > 100);
  expect(await statusOf()).toMatchObject({ state: "attention" });
  await set(false);
  await untilTrue("an empty disk", async () => (await spooled()) === 0);
  demo.kill("SIGINT");
  await demo.ended;

  // Commands may be lost: Event Grid keeps 100 for a session that is away, and ends it at one more.
  for (const name of ["alarms", "telemetry"]) {
    const [published, accepted, delivered, lost] = ledgerLine(demo, name);
    expect({ accepted, delivered, lost }).toEqual({ accepted: published, delivered: published, lost: 0 });
  }
});

test("no part of the demo listens on another address than loopback's", async () => {
  const { demo } = startDemo();
  const found = new Set<string>();
  const look = setInterval(() => {
    for (const address of listeningAddresses(demo.pid ?? 0)) found.add(address);
  }, 20);

  const relayAddresses = listeningAddresses(await untilTraffic(demo));
  clearInterval(look);
  demo.kill("SIGINT");
  await demo.ended;

  expect(relayAddresses).toHaveLength(2); // probes and metrics, and the status page
  expect([...found]).toEqual(expect.arrayContaining(relayAddresses));
  expect(found.size).toBeGreaterThanOrEqual(7); // and two brokers, two services of identities, the page and the link
  expect([...found].filter((address) => !/^(127\.|\[::1\])/.test(address))).toEqual([]);
});

test("Ctrl-C, which npm hands on a second time, drains the relay and shows a ledger without losses", async () => {
  const { demo, temporary } = startDemo();
  const relay = await untilTraffic(demo);

  demo.kill("SIGINT");
  demo.kill("SIGINT");
  const { code } = await demo.ended;

  const [published = 0, accepted, delivered, lost] = ledgerLine(demo, "all");
  expect(published).toBeGreaterThan(0);
  expect([accepted, delivered, lost]).toEqual([published, published, 0]);
  expect(demo.lines).toContain("relay drained, exit code 0");
  expect(isRunning(relay)).toBe(false);
  expect(readdirSync(temporary)).toEqual([]);
  expect(code).toBe(0);
});

test("Ctrl-C before the relay is ready ends it too, and leaves nothing behind", async () => {
  const { demo, temporary } = startDemo();
  await demo.untilLine((line) => line.includes("emulated brokers"));

  demo.kill("SIGINT");
  const { code } = await demo.ended;

  expect(demo.errorLines).toEqual(["the demo: was stopped before the relay was ready; start it again"]);
  expect(readdirSync(temporary)).toEqual([]);
  expect(code).toBe(1);
});

test("a relay that is killed ends the demo, which says so and fails", async () => {
  const { demo, temporary } = startDemo();
  const relay = await untilTraffic(demo);

  process.kill(relay, "SIGKILL");
  const { code } = await demo.ended;

  expect(demo.lines).toContainEqual(expect.stringMatching(/^the relay: ended by itself \(SIGKILL\), .*; see/));
  expect(ledgerLine(demo, "all")).toHaveLength(5);
  expect(readdirSync(temporary)).toEqual([]);
  expect(code).toBe(1);
});

test("a demo that is killed takes its relay with it", async () => {
  const { demo } = startDemo();
  const relay = await untilTraffic(demo);

  await demo.stop("SIGKILL");

  await untilTrue("the end of the relay", () => !isRunning(relay));
});

test("the settings for production run too, with facts that stand in for the platform's stack", async () => {
  const { demo } = startDemo("--once", "--stack", "prod");

  const { code } = await demo.ended;

  expect(demo.lines).toContain(
    "   facts out of stacks/Pulumi.dev.yaml stand in for the outputs of stack contoso/edge-platform/oslo",
  );
  expect(demo.lines.at(-1)).toBe("nothing lost");
  expect(code).toBe(0);
});
