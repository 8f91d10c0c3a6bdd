import { writeFileSync } from "node:fs";
import path from "node:path";

import type { MqttClient } from "mqtt";

import type { ProbeResult } from "../../cli/probe/result.ts";
import type { RelayConfigInput } from "../../runtime/contract/config.ts";
import { startCloud, type Cloud } from "../support/cloud.ts";
import { runCommand, type CommandOptions } from "../support/command-process.ts";
import { findFreePort } from "../support/free-port.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient } from "../support/mqtt-clients.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, writeMounts, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

interface Tested {
  readonly code: number | null;
  readonly results: readonly ProbeResult[];
  readonly errors: string;
}

/** Runs `test` on a configuration. */
async function runTest(
  config: RelayConfigInput,
  args: readonly string[],
  options: CommandOptions & { readonly mounts?: string } = {},
): Promise<Tested> {
  const { mounts = "/nowhere", ...rest } = options;
  const file = path.join(createTemporaryFolder("probe"), "relay.json");
  writeFileSync(file, JSON.stringify(config));
  const all = ["test", "--config", file, "--mounts", mounts, "--json", ...args];
  const { code, output, errors } = await runCommand(all, rest);
  const { results } = output === "" ? { results: [] } : (JSON.parse(output) as { results: ProbeResult[] });
  return { code, results, errors };
}

const statesOf = ({ hops }: ProbeResult) => hops.map(({ hop, state }) => `${hop} ${state}`);

afterAll(cleanUp);

describeWithPart("mosquitto", (executable) => {
  let source: Mosquitto<"mqtt">;
  let destination: Mosquitto<"mqtt">;
  let publisher: MqttClient;
  let relay: RelayProcess;
  let config: RelayConfigInput;
  let relayUrl: string;

  beforeAll(async () => {
    const folder = createTemporaryFolder("probe");
    const listeners = { mqtt: {} };
    source = await startMosquitto(executable, path.join(folder, "source"), { listeners });
    destination = await startMosquitto(executable, path.join(folder, "destination"), { listeners });
    publisher = await connectMqttClient({ port: source.ports.mqtt });
    config = buildConfig({
      endpoints: { plant: plainEndpoint(source.ports.mqtt), cloud: plainEndpoint(destination.ports.mqtt) },
      dataflows: {
        upward: buildDataflow(["plant", ["line/+/state"]], ["cloud", "oslo/${inputTopic.2}"]),
        exact: buildDataflow(["plant", ["valve/open"]], ["cloud", "valve"]),
        deep: buildDataflow(["plant", ["deep/#"]], ["cloud", "deep/${inputTopic.2}"], {
          relay: { undeliverableMessages: "Discard" },
        }),
      },
    });
    relay = await startRelay({ folder, config });
    await relay.untilReady();
    relayUrl = `http://127.0.0.1:${relay.port}`;
  });

  afterAll(cleanUp);

  test("a marked message is seen at each hop, with times", async () => {
    const { code, results } = await runTest(config, ["upward", "--yes", "--relay", relayUrl]);

    expect(results).toMatchObject([
      {
        dataflow: "upward",
        how: "published",
        outcome: "delivered",
        topic: "line/mqtt-dataflow-test/state",
        arrivesAs: "oslo/mqtt-dataflow-test",
        hops: [
          { hop: "published", state: "seen", afterMs: expect.any(Number) },
          { hop: "source", state: "seen", afterMs: expect.any(Number) },
          { hop: "accepted", state: "implied" },
          { hop: "destination", state: "seen", afterMs: expect.any(Number) },
        ],
      },
    ]);
    expect(code).toBe(0);
  });

  test("nothing is published unless it was told to, and it says what would be", async () => {
    const arrivals = await collect("#", { port: source.ports.mqtt });
    const { code, results, errors } = await runTest(config, []);

    expect({ code, results }).toEqual({ code: 2, results: [] });
    expect(errors).toContain(
      "upward: would get a message at plant under line/mqtt-dataflow-test/state and arrive at cloud as oslo/mqtt-dataflow-test; give --yes",
    );
    expect(errors).toContain(
      "exact: takes only topics that machines use, and none was given to publish to; give --topic",
    );
    expect(arrivals.messages).toEqual([]);
  });

  test("with --yes a dataflow that takes just a machine's own topic is only listened to", async () => {
    const { results } = await runTest(config, ["exact", "--yes", "--timeout", "1", "--relay", relayUrl]);

    expect(results).toMatchObject([{ dataflow: "exact", how: "listened", outcome: "unknown" }]);
  });

  test("an explicit topic is published to; one that the dataflow does not take is refused", async () => {
    const told = await runTest(config, ["exact", "--topic", "valve/open", "--relay", relayUrl]);
    const wrong = await runTest(config, ["exact", "--topic", "valve/close"]);

    expect(told.results).toMatchObject([{ outcome: "delivered", arrivesAs: "valve" }]);
    expect(wrong.code).toBe(2);
    expect(wrong.errors).toContain('"valve/close" is under no filter of "exact"');
  });

  test("where it only listens, a message of somebody else is followed", async () => {
    const sending = setInterval(() => void publisher.publishAsync("line/4/state", `state ${Math.random()}`), 100);
    const { results } = await runTest(config, ["upward", "--listen", "--relay", relayUrl]);
    clearInterval(sending);

    expect(results).toMatchObject([
      { how: "listened", outcome: "delivered", topic: "line/4/state", arrivesAs: "oslo/4" },
    ]);
  });

  test("leaves nothing behind: no session, no retained message", async () => {
    await runTest(config, ["upward", "--yes", "--relay", relayUrl]);
    const retained = await collect("#", { port: destination.ports.mqtt });

    expect(retained.messages).toEqual([]);
    const log = source.log.join("\n");
    expect(log).toMatch(/Client test-source-plant-0-status disconnected/);
    expect(log).toMatch(/test-source-plant-0-status \(p5, c1/);
  });

  test("a topic that the dataflow can't deliver stops at the source, with the reason", async () => {
    const { results } = await runTest(config, ["deep", "--topic", "deep", "--timeout", "2", "--relay", relayUrl]);

    expect(results).toMatchObject([
      {
        outcome: "stopped",
        stop: {
          after: "source",
          why: expect.stringContaining("lacks a level"),
          remedy: expect.stringContaining("Discard"),
        },
      },
    ]);
  });

  test("without a relay it stops at the source, and says that no relay answers", async () => {
    const other = { ...config, dataflows: { other: buildDataflow(["plant", ["other/+"]], ["cloud", "other"]) } };
    const { code, results } = await runTest(other, ["--yes", "--timeout", "1", "--relay", "http://127.0.0.1:1"]);

    expect(code).toBe(1);
    expect(statesOf(results[0]!)).toEqual(["published seen", "source seen", "accepted unknown", "destination missing"]);
    expect(results[0]?.stop).toMatchObject({ after: "source", why: expect.stringContaining("no relay answers") });
  });

  test("where the destination is away it stops at the source, with what the relay says", async () => {
    await destination.stop();
    const { results } = await runTest(config, ["upward", "--yes", "--timeout", "2", "--relay", relayUrl]);
    await destination.start();

    expect(results[0]).toMatchObject({ outcome: "stopped", stop: { after: "source" } });
    expect(results[0]?.stop?.why).toMatch(/^the relay is not ready: .*ECONNREFUSED/);
    await relay.untilReady();
  });

  test("where the destination is away and no relay answers, it says that the destination can't be reached", async () => {
    const endpoints = { ...config.endpoints, cloud: plainEndpoint(await findFreePort()) };
    const args = ["upward", "--yes", "--timeout", "1", "--relay", "http://127.0.0.1:1"];
    const { results } = await runTest({ ...config, endpoints }, args);

    expect(results[0]?.stop).toMatchObject({ after: "source", why: expect.stringContaining("ECONNREFUSED") });
  });

  test("where the source can't be reached it does not get in, with the relay's own words", async () => {
    const port = await findFreePort();
    const endpoints = { ...config.endpoints, plant: plainEndpoint(port) };
    const { results } = await runTest({ ...config, endpoints }, ["upward", "--yes", "--relay", relayUrl]);

    expect(results[0]).toMatchObject({
      outcome: "stopped",
      stop: { after: "start", why: expect.stringContaining("ECONNREFUSED"), remedy: expect.any(String) },
    });
  });
});

describe("at Event Grid, emulated", () => {
  let cloud: Cloud;

  afterEach(async () => {
    await cloud.close();
  });

  /** A dataflow from the cloud to the cloud, without a relay. */
  async function testCloud(args: readonly string[], filters: string[]): Promise<Tested> {
    const folder = createTemporaryFolder("probe");
    const { connectTo = [], env, trust } = cloud.relayOptions(folder);
    const mounts = path.join(folder, "mounts");
    writeMounts(mounts, { configmaps: trust });
    const config = buildConfig({
      endpoints: { cloud: cloud.endpoint({ clientIdPrefix: "oslo-", retain: "Never" }) },
      dataflows: { around: buildDataflow(["cloud", filters], ["cloud", "up/${inputTopic}"]) },
    });
    const to = connectTo.flatMap((each) => ["--connect-to", each]);
    return runTest(config, [...to, "--relay", "http://127.0.0.1:1", ...args], { env, mounts });
  }

  test("where the source lets it not publish, it listens instead", async () => {
    cloud = await startCloud({ roles: ["subscriber"] });

    const { results } = await testCloud(["--yes", "--timeout", "1"], ["plant/+"]);

    expect(results).toMatchObject([{ how: "listened", outcome: "unknown" }]);
  });

  test("a topic outside the topic space does not get in, as not authorized", async () => {
    cloud = await startCloud({ topicTemplates: ["plant/#"] });

    const { results } = await testCloud(["--yes", "--timeout", "1"], ["plant/+"]);

    expect(statesOf(results[0]!)).toEqual(["published seen", "source seen", "accepted unknown", "destination unknown"]);
    expect(results[0]?.hops.at(-1)?.text).toContain("may not subscribe to up/plant/mqtt-dataflow-test");
  });
});
