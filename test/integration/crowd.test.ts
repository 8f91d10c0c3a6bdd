import { readResidentMegabytes } from "../../bench/measure/process-usage.ts";
import { podDefaults } from "../../components/relay/defaults.ts";
import { maxConnections } from "../../runtime/report/page-server.ts";
import { readImageFlags } from "../support/image-flags.ts";
import { cleanUp } from "../support/integration.ts";
import { startMosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient, type Collector } from "../support/mqtt-clients.ts";
import { Stopwatch, until } from "../support/patience.ts";
import { openConnection, type RawConnection } from "../support/raw-connection.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

/** Each with as much of a request as the relay keeps: without a bound they took 45 MB, with it 9 MB, as 24,000 of them do. */
const crowdSize = 3000;
const unfinished = `GET /metrics HTTP/1.1\r\nX: ${"x".repeat(8000)}`;
const slowReaders = 40;
const getMetrics = "GET /metrics HTTP/1.1\r\nHost: relay\r\n\r\n";
const highestGrowthMegabytes = 25;
/** What the pods' probes wait: `timeoutSeconds` of the components. */
const probeTimeoutMs = 5000;

describeWithPart("mosquitto", (executable) => {
  let relay: RelayProcess;
  let arrivals: Collector;
  let publish: (payload: string) => Promise<unknown>;

  beforeAll(async () => {
    const folder = createTemporaryFolder("crowd");
    const broker = await startMosquitto(executable, folder, { listeners: { mqtt: {} } });
    const endpoint = plainEndpoint(broker.ports.mqtt);
    const dataflows = { upward: buildDataflow(["edge", ["a/#"]], ["plant", "b/${inputTopic}"]) };
    const flags = await readImageFlags();
    relay = await startRelay({
      folder,
      // As its pod runs it, with the components' default of memory.
      within: (program, args) => [program, [...flags, ...args]],
      env: { NODE_OPTIONS: `--max-old-space-size=${podDefaults.memoryMebibytes / 2}` },
      config: buildConfig({ endpoints: { edge: endpoint, plant: endpoint }, dataflows }),
    });
    arrivals = await collect("b/#", { port: broker.ports.mqtt });
    const publisher = await connectMqttClient({ port: broker.ports.mqtt });
    publish = (payload) => publisher.publishAsync("a/1", payload, { qos: 1 });
    await relay.untilReady();
  });

  afterAll(cleanUp);

  test("a crowd at the port of probes and metrics gets neither memory nor messages nor probes out of it", async () => {
    await relay.metric("relay_messages_received_total"); // what is loaded at the first time is loaded
    const before = readResidentMegabytes(relay.process.pid ?? 0);
    const crowd: RawConnection[] = [];
    const open = async (text: string, isReading: boolean, count: number) => {
      const opening = Array.from({ length: count }, () =>
        openConnection(relay.port, text, { localAddress: "127.0.0.2", isReading }),
      );
      crowd.push(...(await Promise.all(opening)));
    };

    await open(getMetrics, false, slowReaders);
    while (crowd.length < crowdSize) await open(unfinished, true, 100);
    const watch = new Stopwatch();
    const readiness = await relay.readiness();
    const waitedMs = watch.elapsedMs;
    await publish("through the crowd");

    expect(readiness?.status).toBe(200);
    expect(waitedMs).toBeLessThan(probeTimeoutMs);
    await arrivals.until(({ payload }) => payload === "through the crowd");
    const isWithin = () => crowd.filter(({ isClosed }) => !isClosed).length <= maxConnections + slowReaders;
    await until("the rest of the crowd to be closed", () => isWithin() || undefined);
    expect(readResidentMegabytes(relay.process.pid ?? 0) - before).toBeLessThan(highestGrowthMegabytes);
  });
});
