import path from "node:path";

import { cleanUp } from "../support/integration.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { collect, connectMqttClient } from "../support/mqtt-clients.ts";
import { judgeStream, publishStream, type StreamOutcome, type StreamPlan } from "../support/numbered-messages.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { buildConfig, buildDataflow, plainEndpoint } from "../support/relay-config.ts";
import { startRelay, type RelayProcess } from "../support/relay-process.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";

const count = 4000;
/** The fault comes when so many messages have arrived, and lasts until so many more are accepted. */
const beforeFault = 700;
const duringFault = 700;
/** Message that is not sent before the fault comes. */
const heldFrom = 2000;
/** `maxInflightMessages` of an endpoint that sets none. */
const window = 100;
/** Decides which message goes to which topic and how long it is. */
const seed = 20_261_123;

/** Sessions outlive a restart, and the relay's window, not the broker's, decides how much is in flight. */
const settings = ["persistence true", "max_inflight_messages 0"];
/** Writes what changed while it runs too, not only at its end; after each message takes a busy disk 10 s and more. */
const eagerSettings = [...settings, "autosave_on_changes true", "autosave_interval 100"];

/** What a fault works on. */
interface Scene {
  readonly source: Mosquitto<"mqtt">;
  readonly destination: Mosquitto<"mqtt">;
  /** Waits until the source's broker has accepted more of the stream, counted from the fault. */
  readonly untilMoreAccepted: () => Promise<void>;
  relay: RelayProcess;
  readonly startRelay: () => Promise<RelayProcess>;
}

describeWithPart("mosquitto", (executable) => {
  afterEach(cleanUp);

  /** Sends a stream through two brokers and a relay, lets a fault happen in the middle of it, and judges what arrived. */
  async function sendThrough(
    name: string,
    fault: (scene: Scene) => Promise<void>,
    sourceSettings = settings,
  ): Promise<StreamOutcome> {
    const folder = createTemporaryFolder("faults");
    const start = (side: string, chosen: readonly string[]) =>
      startMosquitto(executable, path.join(folder, side), { listeners: { mqtt: {} }, settings: chosen });
    const source = await start("source", sourceSettings);
    const destination = await start("destination", settings);
    const plan: StreamPlan = { prefix: name, topics: 5, count, seed, heldFrom };
    const arrivals = await collect(`${name}/#`, persistent(`${name}-collector`, destination));
    const startReadyRelay = async () => {
      const relay = await startRelay({ folder, config: configOf(name, source.ports.mqtt, destination.ports.mqtt) });
      await relay.untilReady();
      return relay;
    };
    const relay = await startReadyRelay();
    const client = await connectMqttClient(persistent(`${name}-publisher`, source));
    const startMs = performance.now();
    const publisher = publishStream(client, plan);
    await arrivals.untilCount(beforeFault);

    const moreAccepted = publisher.accepted + duringFault;
    const untilMoreAccepted = () => publisher.untilAccepted(moreAccepted);
    const scene = { source, destination, untilMoreAccepted, relay, startRelay: startReadyRelay };
    publisher.release();
    await fault(scene);
    await publisher.done;
    await client.publishAsync(`${name}/last`, "the last message", { qos: 1 });
    // It goes behind all that the relay still had, so no message and no duplicate comes after it.
    await arrivals.untilTopic(`${name}/last`);

    const outcome = judgeStream(arrivals, plan);
    const resent = await scene.relay.metric("relay_messages_resent_total");
    report(name, outcome, { sentAgain: publisher.sentAgain, resent, tookMs: performance.now() - startMs });
    return outcome;
  }

  test("a destination that restarts loses nothing", async () => {
    const outcome = await sendThrough("destination-restarts", async ({ destination, untilMoreAccepted, relay }) => {
      await destination.stop();
      await untilMoreAccepted();
      await relay.untilUnready(/destination is down/);
      await destination.start();
    });

    expect(outcome).toEqual({ missing: [], outOfOrder: [], duplicates: expect.any(Number) });
  });

  test("a source that restarts with messages in flight loses nothing of what it had accepted", async () => {
    const restart = async ({ source, destination, relay }: Scene) => {
      destination.pause();
      await relay.untilMetric("relay_messages_in_flight", (value) => value === window);
      await source.stop();
      await relay.untilUnready(/source is down/);
      await source.start();
      await relay.untilReady();
      destination.resume();
    };

    const outcome = await sendThrough("source-restarts", restart, eagerSettings);

    expect(outcome).toEqual({ missing: [], outOfOrder: [], duplicates: expect.any(Number) });
  });

  test("a relay that is killed with messages in flight and started again loses nothing", async () => {
    const outcome = await sendThrough("relay-killed", async (scene) => {
      scene.destination.pause();
      await scene.relay.untilMetric("relay_messages_in_flight", (value) => value === window);
      await scene.relay.stop("SIGKILL");
      scene.destination.resume();
      await scene.untilMoreAccepted();
      scene.relay = await scene.startRelay();
    });

    expect(outcome).toEqual({ missing: [], outOfOrder: [], duplicates: expect.any(Number) });
  });

  test("a relay that is told to stop waits for what is in flight, ends with 0, and sends nothing twice after its next start", async () => {
    const outcome = await sendThrough("relay-stopped", async (scene) => {
      scene.destination.pause();
      await scene.relay.untilMetric("relay_messages_in_flight", (value) => value === window);
      const stopped = scene.relay.stop("SIGTERM");
      await scene.relay.untilLog(({ msg }) => msg === "draining");
      scene.destination.resume();
      expect(await stopped).toEqual({ code: 0, signal: null });
      expect(scene.relay.log).toContainEqual(expect.objectContaining({ msg: "drained" }));
      await scene.untilMoreAccepted();
      scene.relay = await scene.startRelay();
    });

    expect(outcome).toEqual({ missing: [], outOfOrder: [], duplicates: 0 });
  });
});

function persistent(clientId: string, broker: Mosquitto<"mqtt">) {
  return { port: broker.ports.mqtt, clientId, isPersistent: true };
}

function configOf(name: string, source: number, destination: number) {
  return buildConfig({
    endpoints: { source: plainEndpoint(source), destination: plainEndpoint(destination) },
    dataflows: { [name]: buildDataflow(["source", [`${name}/#`]], ["destination", "${inputTopic}"]) },
  });
}

interface Figures {
  /** By the publisher. */
  readonly sentAgain: number;
  /** By the relay that ran last. */
  readonly resent: number;
  readonly tookMs: number;
}

function report(name: string, outcome: StreamOutcome, { sentAgain, resent, tookMs }: Figures): void {
  const { missing, duplicates, outOfOrder } = outcome;
  const parts = [
    `${name}: ${count} messages in ${(tookMs / 1000).toFixed(1)} s`,
    `${missing.length} missing, ${outOfOrder.length} out of order`,
    `${duplicates} duplicates (${sentAgain} sent again by the publisher, ${resent} by the relay)`,
  ];
  process.stdout.write(`${parts.join(", ")}\n`);
}
