import { setTimeout as delay } from "node:timers/promises";
import { styleText } from "node:util";

import { printable } from "../../runtime/contract/printable.ts";
import { ExitCode } from "../../runtime/run.ts";
import type { DemoClients } from "./clients.ts";
import { Ledger } from "./ledger.ts";
import type { RelayEnd, RelayProcess } from "./relay-process.ts";
import type { Route } from "./routes.ts";
import { renderArrival, renderLedger, renderTable, type DataflowLine } from "./scene.ts";
import type { Screen } from "./screen.ts";
import { publishLoad, watchArrivals, type Arrival, type Load } from "./traffic.ts";

/** What traffic runs on. */
export interface Stage {
  readonly loads: readonly Load[];
  readonly clients: Pick<DemoClients, "publisher" | "watcher" | "lost">;
  readonly relay: Pick<RelayProcess, "metrics" | "ended" | "stop">;
  readonly screen: Screen;
  /** Ends the publishing; what is under way still has its time. */
  readonly signal: AbortSignal;
  /** Longest wait for what is under way once publishing has ended. */
  readonly arrivalTimeoutMs: number;
}

const drawMs = 500;
/** Where each table follows the last one. */
const printMs = 2000;
const pollMs = 50;

/**
 * Publishes until the end, waits for what is under way, drains the relay and shows the ledger.
 * @returns the exit code: 0 when every message was accepted and has arrived, and the relay ended as it was told to
 */
export async function runTraffic(stage: Stage): Promise<number> {
  const { loads, clients, relay, screen, arrivalTimeoutMs } = stage;
  const routes = loads.map(({ route }) => route);
  const ledger = new Ledger(routes.map(({ dataflow }) => dataflow));
  const newest = new Map<string, Arrival>();
  await watchArrivals(routes, clients.watcher, ledger, (arrival) => newest.set(arrival.dataflow, arrival));
  const failures = watchFailures(stage);
  const ending = AbortSignal.any([stage.signal, failures.signal]);

  const settled = new AbortController();
  const drawing = drawUntil(settled.signal, screen, async () => {
    const lines = await linesOf(routes, relay, ledger);
    return screen.isLive ? renderScene(lines, newest, hintFor(loads, ending)) : `${renderTable(lines)}\n`;
  });
  await Promise.all(loads.map((load) => publishLoad(load, clients.publisher, ledger, ending)));
  await waitFor(() => ledger.underWay === 0 || failures.signal.aborted, arrivalTimeoutMs);
  settled.abort();
  await drawing;

  const lines = await linesOf(routes, relay, ledger);
  screen.conclude(renderScene(lines, newest));
  failures.close();
  const end = await relay.stop();
  const faults = [...failures.faults, ...lines.flatMap(findFaults), ...findRelayFault(end, failures.faults)];
  const verdict = faults.length === 0 ? styleText("green", "nothing lost") : styleText("red", faults.join("\n"));
  screen.say(`\nrelay ${end.isClean ? "drained" : "ended"}, ${end.how}\n\n${renderLedger(lines)}\n\n${verdict}`);
  return faults.length === 0 ? ExitCode.ok : ExitCode.failed;
}

interface Failures {
  readonly faults: readonly string[];
  /** Aborts at the first of them. */
  readonly signal: AbortSignal;
  /** From here on an end is no failure. */
  readonly close: () => void;
}

/** Notes what must not happen while messages are under way. */
function watchFailures({ relay, clients }: Stage): Failures {
  const faults: string[] = [];
  const failed = new AbortController();
  let isOver = false;
  const note = (fault: string) => {
    if (isOver) return;
    faults.push(fault);
    failed.abort();
  };
  void relay.ended.then(({ how }) => {
    note(`the relay: ended by itself (${how}), and the brokers hold what has not arrived; see what it said above`);
  });
  void clients.lost.then((name) => {
    note(`${name}: lost its connection to the broker; start the demo again`);
  });
  return {
    faults,
    signal: failed.signal,
    close: () => {
      isOver = true;
    },
  };
}

function findFaults({ dataflow, totals: { published, accepted, lost, refusal } }: DataflowLine): string[] {
  const refused = published - accepted;
  const why = refusal ?? "no answer in time";
  return [
    { count: refused, problem: `${refused} of ${published} messages were not accepted by the source broker (${why})` },
    { count: lost, problem: `${lost} of ${accepted} accepted messages have not arrived` },
  ].flatMap(({ count, problem }) =>
    count === 0 ? [] : printable(`${dataflow}: ${problem}; see what the relay said above`),
  );
}

function findRelayFault({ isClean, how }: RelayEnd, known: readonly string[]): string[] {
  return isClean || known.length > 0 ? [] : [`the relay: did not drain (${how}); see what it said above`];
}

async function linesOf(routes: readonly Route[], relay: Stage["relay"], ledger: Ledger): Promise<DataflowLine[]> {
  const metrics = await relay.metrics();
  return routes.map(({ dataflow, direction }) => ({
    dataflow,
    direction,
    metrics: metrics.get(dataflow) ?? {},
    totals: ledger.totals(dataflow),
  }));
}

/** The table, the newest arrival of each dataflow, and what to do next. */
function renderScene(lines: readonly DataflowLine[], newest: ReadonlyMap<string, Arrival>, hint = ""): string {
  const arrivals = lines.flatMap(({ dataflow }) => newest.get(dataflow) ?? []).map(renderArrival);
  return [renderTable(lines), "", ...arrivals, ...(hint === "" ? [] : ["", styleText("dim", hint)])].join("\n");
}

function hintFor(loads: readonly Load[], ending: AbortSignal): string {
  if (ending.aborted) return "waiting for what is under way; Ctrl-C ends at once";
  return loads.some(({ total }) => total === Infinity) ? "Ctrl-C drains the relay and shows the ledger" : "";
}

async function drawUntil(signal: AbortSignal, screen: Screen, render: () => Promise<string>): Promise<void> {
  const wait = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);
  if (!screen.isLive) await wait(printMs);
  while (!signal.aborted) {
    screen.draw(await render());
    await wait(screen.isLive ? drawMs : printMs);
  }
}

async function waitFor(isDone: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!isDone() && performance.now() < deadline) await delay(pollMs);
}
