import { connectAsync } from "mqtt";

import { createBroker, type Broker } from "../../../emulator/broker.ts";
import { createClusterIssuer } from "../../../emulator/identity/cluster-issuer.ts";
import { createAioProfile } from "../../../emulator/profiles/aio.ts";
import { parseRelayConfig } from "../../../runtime/contract/config.ts";
import { createLog } from "../../../runtime/report/log.ts";
import { Relay } from "../../../runtime/relay.ts";
import { swapFiles } from "../../support/mounted-files.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";
import { nowhere } from "../../support/relay-config.ts";

interface Report {
  readonly state: string;
  readonly [field: string]: unknown;
}

/** Made once: an RSA key takes a while. */
const issuer = createClusterIssuer();

let broker: Broker;
let reports: Report[];
let onReport: () => void;
let closeWatcher: () => Promise<void>;

beforeEach(async () => {
  broker = await createBroker({
    profile: createAioProfile({ isAnonymousAllowed: true, keySet: (await issuer).keySet }),
    listeners: [{ transport: "tcp" }],
  });
  reports = [];
  onReport = () => undefined;
  const watcher = await connectAsync(broker.addresses[0]?.url ?? "", { protocolVersion: 5 });
  watcher.on("message", (topic, payload) => {
    reports.push({ topic, ...(JSON.parse(payload.toString()) as Report) });
    onReport();
  });
  await watcher.subscribeAsync("relays/#", { qos: 1 });
  closeWatcher = () => watcher.endAsync(true);
});

afterEach(async () => {
  await closeWatcher();
  await broker.close();
});

function createRelay(authentication: object = { method: "Anonymous" }, mountPath = "/nowhere"): Relay {
  const endpoint = {
    endpointType: "Mqtt",
    mqttSettings: {
      host: `127.0.0.1:${broker.addresses[0]?.port ?? 0}`,
      authentication,
      tls: { mode: "Disabled" },
      clientIdPrefix: "oslo-",
    },
  };
  const operations = [
    { operationType: "Source", sourceSettings: { endpointRef: "edge", dataSources: ["plant/#"] } },
    {
      operationType: "Destination",
      destinationSettings: { endpointRef: "edge", dataDestination: "copy/${inputTopic}" },
    },
  ];
  const document = {
    endpoints: { edge: endpoint },
    profile: { instanceCount: 3 },
    dataflows: { telemetry: { operations } },
    relay: { site: "oslo", status: { endpointRef: "edge", topic: "relays/oslo" }, reconnect: { minDelayMs: 10 } },
  };
  const { config } = parseRelayConfig(JSON.stringify(document), { where: "the test" });
  return new Relay(config, { ordinal: 2, mountPath, spoolPath: nowhere, log: createLog("error") });
}

/** The first report that a test is after. */
async function reported(isIt: (report: Report) => boolean): Promise<Report> {
  for (;;) {
    const found = reports.find(isIt);
    if (found !== undefined) return found;
    await new Promise<void>((resolve) => (onReport = resolve));
  }
}

describe("the relay's status", () => {
  it("says that it runs, and for each dataflow what it has done", async () => {
    const relay = createRelay();
    const running = relay.run();

    const report = await reported(({ state, isReady }) => state === "running" && isReady === true);
    await relay.stop();
    await running;

    expect(report).toMatchObject({ topic: "relays/oslo/2", site: "oslo", instance: 2, reasons: [] });
    expect(report["dataflows"]).toMatchObject({ telemetry: { received: 0, delivered: 0, inFlight: 0, waiting: 0 } });
  });

  it("says that it stopped when it was told to", async () => {
    const relay = createRelay();
    const running = relay.run();
    await reported(({ state }) => state === "running");

    await relay.stop();
    await running;

    expect(await reported(({ state }) => state === "stopped")).toMatchObject({ isReady: false });
  });

  it("is gone, by its will, when its connection breaks, and runs again when it is back", async () => {
    const relay = createRelay();
    const running = relay.run();
    await reported(({ state }) => state === "running");
    reports = [];

    broker.faults.closeSocket("oslo-relay-2-status");
    const gone = await reported(({ state }) => state === "gone");
    const again = await reported(({ state }) => state === "running");
    await relay.stop();
    await running;

    expect(gone).toEqual({ topic: "relays/oslo/2", state: "gone" });
    expect(again).toMatchObject({ instance: 2 });
  });

  it("holds the relay's end up no longer than a moment when the broker takes no report any more", async () => {
    const relay = createRelay();
    const running = relay.run();
    await reported(({ state }) => state === "running");

    broker.faults.dropPubacks(1000, "oslo-relay-2-status");
    await relay.stop();

    expect(await running).toBe(true);
  });
});

describe("a newer token", () => {
  afterAll(removeTemporaryFolders);

  test("is shown by another connection, and nobody reads that the relay is gone", async () => {
    const mountPath = createTemporaryFolder("status");
    const mountToken = async () => {
      const request = { namespace: "plant", serviceAccount: "relay", audiences: ["aio-internal"] };
      swapFiles(`${mountPath}/tokens`, { edge: await (await issuer).createToken(request) });
    };
    await mountToken();
    const relay = createRelay({ method: "ServiceAccountToken" }, mountPath);
    const running = relay.run();
    await reported(({ isReady }) => isReady === true);
    const seen = reports.length;

    await mountToken();
    await reported((report) => reports.indexOf(report) >= seen && report.state === "running");
    await relay.stop();
    await running;

    expect(reports.map(({ state }) => state)).not.toContain("gone");
  });
});
