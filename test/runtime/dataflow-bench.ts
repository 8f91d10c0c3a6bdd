import type { IPublishPacket } from "mqtt-packet";

import { unboundedMemory, type MemoryBudget } from "../../runtime/memory/budget.ts";
import { createCredentialSource } from "../../runtime/identity/credentials.ts";
import { createMounts } from "../../runtime/identity/mounts.ts";
import { Dataflow } from "../../runtime/dataflow.ts";
import { createLog } from "../../runtime/report/log.ts";
import { buildDocument, parseDocument } from "./contract/config/build-document.ts";
import { ScriptedListener, settle, type ScriptedBroker } from "./mqtt/scripted-broker.ts";

const reconnectMs = 10;

/** A dataflow between two scripted brokers. */
export interface Bench {
  readonly dataflow: Dataflow;
  readonly source: ScriptedListener;
  readonly destination: ScriptedListener;
  readonly running: Promise<void>;
  readonly lines: Record<string, unknown>[];
}

const benches: Bench[] = [];

/** Ends every dataflow of a test; for `afterEach`. */
export async function endDataflows(): Promise<void> {
  for (const bench of [...benches]) await end(bench);
}

/** Ends one dataflow. */
export async function end({ dataflow, running, source, destination }: Bench): Promise<void> {
  benches.splice(
    benches.findIndex((bench) => bench.dataflow === dataflow),
    1,
  );
  source.close();
  destination.close();
  await dataflow.stop(AbortSignal.abort());
  await running;
}

/**
 * Runs `upward` between two scripted brokers; `changes` sets fields of its document by path, files are under `mountPath`.
 * @param joinMs how long it waits in a new session
 * @param memory omitted: as much as there is
 */
export async function start(
  changes: Readonly<Record<string, unknown>> = {},
  mountPath = "/nowhere",
  joinMs = 0,
  memory: Pick<MemoryBudget, "share"> = unboundedMemory,
): Promise<Bench> {
  const source = await ScriptedListener.open();
  const destination = await ScriptedListener.open();
  const endpoint = (listener: ScriptedListener) => ({
    endpointType: "Mqtt",
    mqttSettings: {
      host: listener.host,
      authentication: { method: "Anonymous" },
      tls: { mode: "Disabled" },
      clientIdPrefix: "oslo-",
    },
  });
  const { config } = parseDocument(
    buildDocument({
      endpoints: { edge: endpoint(source), cloud: endpoint(destination) },
      relay: { reconnect: { minDelayMs: reconnectMs, maxDelayMs: reconnectMs } },
      "dataflows.upward.operations.0.sourceSettings.dataSources": ["a/#"],
      "dataflows.upward.operations.1.destinationSettings.dataDestination": "cloud/${inputTopic}",
      ...changes,
    }),
  );
  const lines: Record<string, unknown>[] = [];
  const dataflow = new Dataflow("upward", config.dataflows["upward"]!, {
    config,
    credentials: new Map(
      Object.entries(config.endpoints).map(([name, one]) => [
        name,
        createCredentialSource(name, one, createMounts(mountPath)),
      ]),
    ),
    ordinal: 3,
    joinMs,
    connectTo: new Map(),
    log: createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) }),
    random: () => 0,
    memory,
  });
  const bench = { dataflow, source, destination, running: dataflow.run(), lines };
  benches.push(bench);
  return bench;
}

/** Both ends are connected, and the source has granted its filters. */
export async function startConnected(changes: Readonly<Record<string, unknown>> = {}) {
  const bench = await start(changes);
  const destination = await bench.destination.next();
  await destination.accept();
  const source = await bench.source.next();
  await source.accept();
  await source.grant();
  await untilReady(bench.dataflow);
  return { ...bench, brokers: { source, destination } };
}

/** Waits until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await settle();
}

/** Waits until both ends are up. */
export async function untilReady(dataflow: Dataflow): Promise<void> {
  await until(() => dataflow.status.source.kind === "up" && dataflow.status.destination.kind === "up");
}

/** The source sends a message, `1` under `a/b` unless said otherwise. */
export function publish(source: ScriptedBroker, messageId: number, change: Partial<IPublishPacket> = {}): void {
  const payload = String(messageId);
  source.send({ cmd: "publish", qos: 1, messageId, dup: false, retain: false, topic: "a/b", payload, ...change });
}
