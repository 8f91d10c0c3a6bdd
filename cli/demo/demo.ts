import { writeFile } from "node:fs/promises";
import { styleText } from "node:util";

import { parseRelayConfig, type ParsedConfig } from "../../runtime/contract/config.ts";
import { formatProblem } from "../../runtime/contract/errors.ts";
import { printableLines } from "../../runtime/contract/printable.ts";
import { applicationName, createDemoClients } from "./clients.ts";
import { readDeclaredSite, type DeclaredSite } from "./declared-site.ts";
import { startEmulatedCloud, type EmulatedCloud } from "./emulated-cloud.ts";
import { evaluateStack, type Evaluation } from "./evaluate-stack.ts";
import { createFaults } from "./faults.ts";
import { watchInterruption } from "./interruption.ts";
import { openLink } from "./link.ts";
import { serveDemoPage, type DemoPage } from "./page.ts";
import { preparePod } from "./pod.ts";
import { renderLogLine, type RelayLogLine } from "./relay-output.ts";
import { findFreePort, startRelay, type RelayProcess } from "./relay-process.ts";
import { machines, planRoutes, type Route } from "./routes.ts";
import { runTraffic } from "./run-traffic.ts";
import { Screen } from "./screen.ts";
import { readStackConfig, stackFileOf } from "./stack-file.ts";
import type { Load } from "./traffic.ts";
import { makeWatchable } from "./watchable-config.ts";

/** What the command line says of the demo. */
export interface DemoOptions {
  /** Publish a fixed number of messages, and end. */
  readonly isOnce: boolean;
  /** Which `stacks/Pulumi.<environment>.yaml` to take. */
  readonly environment: string;
}

/** Messages of `--once`, and messages a second: an Event Grid session delivers at most 100 a second. */
const once = { "to the cloud": 2000, "to the edge": 200 } as const;
const perSecond = { "to the cloud": 200, "to the edge": 20 } as const;
const readyTimeoutMs = 15_000;
const arrivalTimeoutMs = 15_000;
/** Host name that the emulated Event Grid gives to the namespace. */
const hostname = "oslo.westeurope-1.ts.eventgrid.azure.net";
/** Its settings hold the facts that stand in for the outputs of a platform's stack. */
const platformEnvironment = "dev";

/** Started parts, to be ended in the reverse order. */
type CleanUp = (() => Promise<unknown>)[];

/**
 * Runs the stack program's declaration on this machine: two emulated brokers, the relay in a process of its own, a plant
 * and its cloud applications.
 * @returns the exit code: 0 when nothing was lost
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const interruption = watchInterruption();
  const cleanUp: CleanUp = [];
  try {
    return await stageDemo(options, new Screen(process.stdout), interruption.signal, cleanUp);
  } finally {
    for (const end of cleanUp.reverse()) await end();
    interruption.close();
  }
}

async function stageDemo(
  { isOnce, environment }: DemoOptions,
  screen: Screen,
  signal: AbortSignal,
  cleanUp: CleanUp,
): Promise<number> {
  const page = isOnce ? undefined : await servePage(screen, cleanUp);
  const evaluation = await evaluateStack(stackFileOf(environment), environment, {
    hostname,
    platform: await readPlatformFacts(),
  });
  const site = readDeclaredSite(evaluation.resources);
  const parsed = parseRelayConfig(site.configText, { where: "the rendered ConfigMap" });
  const routes = planRoutes(parsed.config);
  if (routes.length === 0) throw new Error("the stack: declares no dataflow that is enabled; declare one");
  introduce(screen, evaluation, site);
  signal.throwIfAborted();

  const cloud = await startEmulatedCloud(site, parsed.config, machines.map(applicationName));
  cleanUp.push(cloud.close);
  sayStep(screen, 2, `emulated brokers: AIO's on port ${cloud.edge.port}, Event Grid's on port ${cloud.cloud.port}`);
  signal.throwIfAborted();

  const relay = await stageRelay({ site, parsed, cloud, page }, screen, signal, cleanUp);

  const clients = createDemoClients(cloud);
  cleanUp.push(clients.close);
  return runTraffic({ loads: planLoads(routes, isOnce), clients, relay, screen, signal, arrivalTimeoutMs });
}

/** Says first where the demo can be watched; it has something to show once the relay runs. */
async function servePage(screen: Screen, cleanUp: CleanUp): Promise<DemoPage> {
  const page = await serveDemoPage();
  cleanUp.push(() => {
    page.close();
    return Promise.resolve();
  });
  screen.say(`Watch it, and make something go wrong: ${styleText(["bold", "cyan"], page.address)}\n`);
  return page;
}

/** What the relay runs in. */
interface RelayStage {
  readonly site: DeclaredSite;
  readonly parsed: ParsedConfig;
  readonly cloud: EmulatedCloud;
  /** Where it is watched; omitted: nowhere. */
  readonly page: DemoPage | undefined;
}

async function stageRelay(
  { site, parsed, cloud, page }: RelayStage,
  screen: Screen,
  signal: AbortSignal,
  cleanUp: CleanUp,
): Promise<RelayProcess> {
  const link = page && (await openLink(cloud.cloud.port));
  if (link !== undefined) cleanUp.push(link.close);
  const toCloud = { ...cloud.cloud, port: link?.port ?? cloud.cloud.port };
  const pod = await preparePod(site, parsed.config, { ...cloud, cloud: toCloud });
  cleanUp.push(pod.remove);
  let run = parsed;
  if (page !== undefined) {
    const text = makeWatchable(parsed.config);
    await writeFile(pod.configFile, text);
    run = parseRelayConfig(text, { where: "the demo's configuration" });
  }
  const pagePort = page === undefined ? 0 : await findFreePort();
  const relay = await startRelay({ ...pod, pagePort, onLog: createLogPrinter(screen, run, pod.connectTo) });
  cleanUp.push(relay.stop);
  if (link !== undefined) {
    const faults = createFaults(link, cloud);
    // What is under way has to arrive at the end.
    signal.addEventListener("abort", faults.clear);
    page?.show(pagePort, faults);
  }
  await relay.ready(readyTimeoutMs, signal);
  sayStep(screen, 3, `the relay runs on ${pod.configFile}\n`);
  return relay;
}

/** Facts of the platform for a stack program that refers to the platform's stack; empty where there are none. */
async function readPlatformFacts(): Promise<Record<string, unknown>> {
  const config = await readStackConfig(stackFileOf(platformEnvironment));
  return JSON.parse(config["mqtt-dataflow:platform"] ?? "{}") as Record<string, unknown>;
}

function introduce(
  screen: Screen,
  { resources, references, warnings }: Evaluation,
  { configText }: DeclaredSite,
): void {
  sayStep(
    screen,
    1,
    `stacks/index.ts declares ${resources.length} resources; the relay's configuration has ${configText.length} bytes`,
  );
  for (const stack of references) {
    screen.say(`   facts out of stacks/Pulumi.${platformEnvironment}.yaml stand in for the outputs of stack ${stack}`);
  }
  for (const warning of warnings) screen.say(styleText("yellow", printableLines(`   warning: ${warning}`)));
}

function sayStep(screen: Screen, number: number, text: string): void {
  screen.say(`${styleText("bold", `${number}.`)} ${text}`);
}

/** Shows of the relay's log what an operator should see, and not what has been said already or is the demo's own doing. */
function createLogPrinter(
  screen: Screen,
  { warnings }: ParsedConfig,
  connectTo: readonly string[],
): (line: RelayLogLine) => void {
  const known = new Set(warnings.map(formatProblem));
  return (line) => {
    const isWarning = line.level === "warn";
    if (!isWarning && line.level !== "error") return;
    if (known.has(line.msg) || connectTo.includes(`${String(line["host"])}=${String(line["to"])}`)) return;
    screen.say(styleText(isWarning ? "yellow" : "red", renderLogLine(line)));
  };
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
