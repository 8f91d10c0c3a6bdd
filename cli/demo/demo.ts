import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";

import { parseRelayConfig } from "../../runtime/config.ts";
import type { MqttClient } from "../../runtime/mqtt-client.ts";
import { connectDemoClient } from "./clients.ts";
import { readDeclaredSite, type DeclaredSite } from "./declared-site.ts";
import { startEmulatedCloud, type EmulatedCloud } from "./emulated-cloud.ts";
import { evaluateStack } from "./evaluate-stack.ts";
import { Ledger } from "./ledger.ts";
import { preparePod } from "./pod.ts";
import { startRelay, type RelayLogLine, type RelayProcess } from "./relay-process.ts";
import { machines, planRoutes, type Route } from "./routes.ts";
import { renderArrival, renderLedger, renderTable, Screen, type DataflowLine } from "./screen.ts";
import { publishLoad, watchArrivals, type Arrival, type ClientFor, type Load } from "./traffic.ts";

/** What the command line says of the demo. */
export interface DemoOptions {
  /** Publish a fixed number of messages, and end. */
  readonly isOnce: boolean;
  /** Which `stacks/Pulumi.<environment>.yaml` to take. */
  readonly environment: string;
}

/** Messages of `--once`, and messages a second: an Event Grid session delivers at most 100 a second. */
const once = { "to the cloud": 2000, "to the edge": 200 } as const;
const perSecond = { "to the cloud": 400, "to the edge": 40 } as const;
const readyTimeoutMs = 15_000;
const arrivalTimeoutMs = 15_000;
const drawMs = 500;
const shownArrivals = 3;

/**
 * Runs the stack program's declaration on this machine: two emulated brokers, the relay in a process of its own, a plant
 * and its cloud applications.
 * @returns the exit code: 0 when nothing was lost
 */
export async function runDemo({ isOnce, environment }: DemoOptions): Promise<number> {
  const screen = new Screen(process.stdout);
  const stackFile = fileURLToPath(new URL(`../../stacks/Pulumi.${environment}.yaml`, import.meta.url));
  const resources = await evaluateStack(stackFile, environment, {
    hostname: "oslo.westeurope-1.ts.eventgrid.azure.net",
  });
  const site = readDeclaredSite(resources);
  const { config } = parseRelayConfig(site.configText, { where: "the rendered ConfigMap" });
  screen.say(
    `${styleText("bold", "1.")} stacks/index.ts declares ${resources.length} resources; its relay's configuration has ${site.configText.length} bytes`,
  );
  const routes = planRoutes(config);
  const cloud = await startEmulatedCloud(site, config, applicationsOf(routes));
  screen.say(
    `${styleText("bold", "2.")} emulated brokers: AIO's on port ${cloud.edge.port}, Event Grid's on port ${cloud.cloud.port}, with the topic spaces and roles declared`,
  );
  const pod = await preparePod(site, config, cloud);
  const relay = await startRelay({ ...pod, onLog: logPrinter(screen) });
  try {
    await relay.ready(readyTimeoutMs);
    screen.say(`${styleText("bold", "3.")} the relay runs on ${pod.configFile}\n`);
    const lost = await runTraffic({ isOnce, routes, site, cloud, relay, screen });
    return lost === 0 ? 0 : 1;
  } finally {
    await relay.stop();
    await cloud.close();
    await pod.remove();
  }
}

interface Stage {
  readonly isOnce: boolean;
  readonly routes: readonly Route[];
  readonly site: DeclaredSite;
  readonly cloud: EmulatedCloud;
  readonly relay: RelayProcess;
  readonly screen: Screen;
}

/** Publishes until the end, waits for what is under way, drains the relay and shows the ledger. @returns messages lost */
async function runTraffic({ isOnce, routes, site, cloud, relay, screen }: Stage): Promise<number> {
  const ledger = new Ledger(routes.map(({ dataflow }) => dataflow));
  const arrivals: Arrival[] = [];
  const clients = createClients(site, cloud);
  await watchArrivals(routes, clients.watcher, ledger, (arrival) => {
    arrivals.unshift(arrival);
    arrivals.length = Math.min(arrivals.length, shownArrivals);
  });
  const end = new AbortController();
  const stop = () => {
    end.abort();
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const drawing = drawUntil(end.signal, screen, async () =>
    renderScene(await linesOf(routes, relay, ledger), arrivals, isOnce),
  );
  await Promise.all(planLoads(routes, isOnce).map((load) => publishLoad(load, clients.publisher, ledger, end.signal)));
  await waitFor(() => ledger.missing === 0, arrivalTimeoutMs);
  end.abort();
  await drawing;
  const lines = await linesOf(routes, relay, ledger);
  screen.draw(renderScene(lines, arrivals, true));
  const code = await relay.stop();
  await clients.close();
  screen.say(
    `\nrelay drained, exit code ${code}\n\n${renderLedger(lines.map((line) => ({ ...line, totals: ledger.totals(line.dataflow) })))}`,
  );
  return ledger.missing;
}

function planLoads(routes: readonly Route[], isOnce: boolean): Load[] {
  return routes.map((route) => {
    const sameWay = routes.filter(({ direction }) => direction === route.direction);
    // A dataflow with more topics has more messages.
    const share = route.crossings.length / sameWay.reduce((sum, { crossings }) => sum + crossings.length, 0);
    const total = isOnce ? Math.round(once[route.direction] * share) : Infinity;
    return { route, perSecond: perSecond[route.direction] * share, total };
  });
}

/** One client for each machine and direction: a plant's machines are many, and a session of Event Grid takes 100 a second. */
function createClients(
  site: DeclaredSite,
  cloud: EmulatedCloud,
): { publisher: ClientFor; watcher: ClientFor; close: () => Promise<void> } {
  const open = new Map<string, Promise<MqttClient>>();
  const atEdge = async (name: string) => {
    const token = await cloud.issuer.createToken({
      namespace: "plant",
      serviceAccount: name,
      audiences: [audienceOf(site)],
    });
    return connectDemoClient(cloud.edge, { clientId: name, method: "K8S-SAT", token });
  };
  const atCloud = async (name: string) =>
    connectDemoClient(cloud.cloud, {
      clientId: name,
      method: "OAUTH2-JWT",
      token: await cloud.createApplicationToken(name),
    });
  const client = (name: string, connect: (name: string) => Promise<MqttClient>) => {
    const known = open.get(name) ?? connect(name);
    open.set(name, known);
    return known;
  };
  return {
    publisher: (route, machine) =>
      route.direction === "to the cloud" ? client(machine, atEdge) : client(applicationName(machine), atCloud),
    watcher: (route, machine) =>
      route.direction === "to the cloud"
        ? client(applicationName(machine), atCloud)
        : client(`${machine}-controller`, atEdge),
    close: async () => {
      for (const each of open.values()) await (await each).endAsync();
    },
  };
}

function applicationName(machine: string): string {
  return `twin-of-${machine}`;
}

function applicationsOf(routes: readonly Route[]): string[] {
  return routes.length === 0 ? [] : machines.map(applicationName);
}

function audienceOf(site: DeclaredSite): string {
  const token = site.pod.volumes
    .flatMap(({ projected }) => projected?.sources ?? [])
    .find(({ serviceAccountToken }) => serviceAccountToken);
  return token?.serviceAccountToken?.audience ?? "aio-internal";
}

async function linesOf(routes: readonly Route[], relay: RelayProcess, ledger: Ledger): Promise<DataflowLine[]> {
  const metrics = await relay.metrics();
  return routes.map(({ dataflow, direction }) => ({
    dataflow,
    direction,
    metrics: metrics.get(dataflow) ?? {},
    totals: ledger.totals(dataflow),
  }));
}

function renderScene(lines: readonly DataflowLine[], arrivals: readonly Arrival[], isOnce: boolean): string {
  const hint = isOnce ? "" : `\n\n${styleText("dim", "Ctrl-C drains the relay and shows the ledger")}`;
  return `${renderTable(lines)}\n\n${arrivals.map(renderArrival).join("\n")}${hint}`;
}

async function drawUntil(signal: AbortSignal, screen: Screen, render: () => Promise<string>): Promise<void> {
  while (!signal.aborted) {
    screen.draw(await render());
    await delay(screen.isLive ? drawMs : drawMs * 4, undefined, { signal }).catch(() => undefined);
  }
}

async function waitFor(isDone: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!isDone() && performance.now() < deadline) await delay(50);
}

/** Shows of the relay's log what an operator should see. */
function logPrinter(screen: Screen): (line: RelayLogLine) => void {
  return (line) => {
    if (line.level !== "warn" && line.level !== "error") return;
    const { level, time: _time, msg, ...rest } = line;
    screen.say(styleText(level === "warn" ? "yellow" : "red", `relay ${level}: ${msg} ${JSON.stringify(rest)}`));
  };
}
