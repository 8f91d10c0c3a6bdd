import { setTimeout as delay } from "node:timers/promises";

import type { Credentials } from "../identity/credentials.ts";
import { describeError } from "../contract/errors.ts";
import { printable } from "../contract/printable.ts";
import { Backoff } from "../contract/backoff.ts";
import type { Counters } from "./counters.ts";
import { createSide, createLinkOptions, type DataflowContext, type Side } from "../connection/side.ts";
import { connectClient, type MqttClient } from "./mqtt-client.ts";

/** What is reported on. */
export interface StatusSubject {
  readonly readiness: { readonly isReady: boolean; readonly reasons: readonly string[] };
  readonly dataflows: readonly {
    readonly name: string;
    readonly counters: Counters;
    readonly status: { readonly inFlight: number; readonly waiting: number };
  }[];
}

/** Time for the last report to be taken. */
const farewellMs = 2000;
/** How often readiness is looked at between two reports. */
const checkIntervalMs = 1000;

/**
 * Publishes what the relay is doing, retained where the endpoint keeps retained messages, as JSON to
 * `<relay.status.topic>/<instance>`; its will says `{"state":"gone"}` when the process ends without a word.
 * Runs until `signal` aborts. Never rejects: dataflows don't depend on it.
 */
export async function reportStatus(
  subject: StatusSubject,
  context: DataflowContext,
  signal: AbortSignal,
): Promise<void> {
  const { config, log, random } = context;
  const { status } = config.relay;
  if (status === undefined) return;
  const side = createSide("relay", "status", status.endpointRef, context);
  const topic = `${status.topic}/${context.ordinal}`;
  const backoff = new Backoff(config.relay.reconnect, random);
  let connectedMs = Infinity;
  const isStopped = () => signal.aborted;
  while (!isStopped()) {
    try {
      const [client, credentials] = await connect(side, topic, context, signal);
      connectedMs = performance.now();
      const renewed = new AbortController();
      const endWatch = context.credentials.get(side.name)?.watch(credentials, () => {
        renewed.abort();
      });
      try {
        await publishUntilClosed(client, topic, subject, { context, side, signal, renewed: renewed.signal });
      } finally {
        endWatch?.();
      }
    } catch (cause) {
      if (isStopped()) return;
      const waitMs = backoff.next("soon", Math.max(0, performance.now() - connectedMs));
      connectedMs = Infinity;
      log.warn(
        { event: "status-not-published", reason: describeError(cause), retryInMs: Math.round(waitMs) },
        "status can't be published, will retry",
      );
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function connect(
  side: Side,
  topic: string,
  context: DataflowContext,
  signal: AbortSignal,
): Promise<[MqttClient, Credentials]> {
  const { timeoutMs, readCredentials, openStream } = createLinkOptions(side, context);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const credentials = await readCredentials(deadline);
  const { keepAliveSeconds } = side.endpoint.mqttSettings;
  const will = { topic, payload: JSON.stringify({ state: "gone" }), retain: isRetained(side) };
  const stream = await openStream(credentials, deadline);
  const { peer, clientId } = side;
  return [await connectClient(stream, { peer, clientId, keepAliveSeconds, credentials, timeoutMs, will }), credentials];
}

function isRetained({ endpoint }: Side): boolean {
  return endpoint.mqttSettings.retain === "Keep";
}

interface Reporting {
  readonly context: DataflowContext;
  readonly side: Side;
  readonly signal: AbortSignal;
  /** Aborts when a newer credential is there: mqtt.js can't show it, so another connection has to. */
  readonly renewed: AbortSignal;
}

async function publishUntilClosed(
  client: MqttClient,
  topic: string,
  subject: StatusSubject,
  reporting: Reporting,
): Promise<void> {
  const { context, side, signal, renewed } = reporting;
  const { intervalSeconds = 30 } = context.config.relay.status ?? {};
  const publish = (state: string) =>
    client.publishAsync(topic, describe(state, subject, context), { qos: 1, retain: isRetained(side) });
  const closed = new Promise<void>((resolve) => {
    client.once("close", () => {
      resolve();
    });
  });
  let reportedMs = -Infinity;
  let reported = "";
  while (client.connected && !signal.aborted && !renewed.aborted) {
    const readiness = JSON.stringify(subject.readiness);
    if (readiness !== reported || performance.now() - reportedMs >= intervalSeconds * 1000) {
      await publish("running");
      reported = readiness;
      reportedMs = performance.now();
    }
    await Promise.race([delay(checkIntervalMs, undefined, { signal }).catch(() => undefined), closed]);
  }
  if (!signal.aborted) {
    if (!renewed.aborted) throw new Error("the connection was closed");
    await client.endAsync(); // with DISCONNECT, so that the will stays unsaid
    return;
  }
  // A broker that does not answer must not hold the end of the process up.
  const taken = new AbortController();
  const farewell = publish("stopped").finally(() => {
    taken.abort();
  });
  await Promise.race([farewell, delay(farewellMs, undefined, { signal: taken.signal }).catch(() => undefined)]);
  farewell.catch(() => undefined); // one that comes too late to matter
  await client.endAsync(!taken.signal.aborted);
}

function describe(state: string, subject: StatusSubject, { config, ordinal }: DataflowContext): string {
  const { isReady, reasons } = subject.readiness;
  const dataflows = subject.dataflows.map(({ name, counters, status }) => {
    const { received, delivered, lost } = counters;
    return [name, { received, delivered, lost, inFlight: status.inFlight, waiting: status.waiting }] as const;
  });
  const report = JSON.stringify({
    state,
    ...(config.relay.site === undefined ? {} : { site: config.relay.site }),
    instance: ordinal,
    isReady,
    reasons,
    dataflows: Object.fromEntries(dataflows),
    time: new Date().toISOString(),
  });
  // Whoever subscribes may show it as it comes.
  return printable(report);
}
