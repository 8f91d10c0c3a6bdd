import { setTimeout as delay } from "node:timers/promises";

import { between, pick } from "./random.ts";
import type { Stage, Variant } from "./stage.ts";

interface Fault {
  /** Whether it can happen there; omitted: everywhere. */
  readonly isPossible?: (stage: Stage) => boolean;
  readonly act: (stage: Stage) => unknown;
}

const hasMachine = ({ machine }: Stage) => machine !== undefined;
const isFromEventGrid = ({ source }: Stage) => source.eventGrid !== undefined;
const dayMs = 86_400_000;
/** Longest wait for Event Grid to end a session that overflows. */
const overflowMs = 3000;

/** So often the next fault comes while a relay is still starting; else once it has connected, or after so long. */
const hurriedShare = 0.15;
const startMs = 3000;
const pollMs = 10;

/** A time in milliseconds. */
function someTime({ random, plan: { scale } }: Stage, from: number, to: number): number {
  return between(random, from, to) * scale;
}

async function restartRelay(stage: Stage, signal: NodeJS.Signals, whileDown: () => unknown = () => undefined) {
  await stage.relay.stop(signal, whileDown);
  await delay(someTime(stage, 0, 300));
  const isHurried = stage.random() < hurriedShare;
  const { sourceProxy } = stage;
  const before = sourceProxy.connections;
  await stage.relay.start();
  for (let waitedMs = 0; !isHurried && waitedMs < startMs && sourceProxy.connections === before; waitedMs += pollMs)
    await delay(pollMs);
}

const anySignal = ({ random }: Stage): NodeJS.Signals => pick(random, ["SIGKILL", "SIGTERM"]);

/** Puts out what the relay's memory and its disk's cache hold. */
async function cutPower(stage: Stage): Promise<void> {
  const { machine, ledger, relay } = stage;
  await restartRelay(stage, "SIGKILL", () => {
    ledger.closeDisk();
    machine?.cutPower(relay.spoolFolder);
  });
}

/** Another configuration: a dataflow more or less, other filters for the same topics, another destination or rate. */
async function changeConfig(stage: Stage): Promise<void> {
  const { random, relay } = stage;
  const variant: Variant = {
    // A session that nobody reads overflows at Event Grid: that is another fault.
    hasSide: isFromEventGrid(stage) || !relay.variant.hasSide || random() < 0.5,
    filters: pick(random, [
      ["ledger/#"],
      ["ledger/+"],
      ["ledger/0", "ledger/1", "ledger/2", "ledger/3"],
      ["ledger/#", "other/#"],
    ]),
    sideDestination: pick(random, ["side", "other/${inputTopic}"]),
    drainMessagesPerSecond: pick(random, [0, 4000]),
  };
  await restartRelay(stage, anySignal(stage), () => {
    relay.variant = variant;
  });
}

/** Stops the relay until a session at Event Grid has ended because too much waited in it. */
async function overflowSource(stage: Stage): Promise<void> {
  const { isFlooded, sessionEnds, publisher } = stage;
  const before = sessionEnds.length;
  await restartRelay(stage, anySignal(stage), async () => {
    isFlooded.value = true;
    for (let waitedMs = 0; waitedMs < overflowMs && sessionEnds.length === before && !publisher.isDone; waitedMs += 5)
      await delay(5);
    isFlooded.value = false;
  });
}

async function during(stage: Stage, [from, to]: readonly [number, number], begin: () => void, end: () => void) {
  begin();
  await delay(someTime(stage, from, to));
  end();
}

const eventGridClients = ["flow-0-source", "side-0-source", "flow-0-destination", "side-0-destination"];

/** Each fault by its name, as the report counts them. */
export const faults: Readonly<Record<string, Fault>> = {
  killRelay: { act: (stage) => restartRelay(stage, "SIGKILL") },
  stopRelay: { act: (stage) => restartRelay(stage, "SIGTERM") },
  cutPower: { isPossible: hasMachine, act: cutPower },
  changeConfig: { act: changeConfig },
  jumpClock: {
    isPossible: hasMachine,
    act: async (stage) => {
      const { random, machine } = stage;
      machine?.setClock(between(random, -3 * dayMs, 3 * dayMs));
      // The spool's clock goes on over restarts: let it meet one that jumped.
      if (random() < 0.5) await restartRelay(stage, anySignal(stage));
    },
  },
  fillDisk: {
    isPossible: hasMachine,
    act: (stage) =>
      during(
        stage,
        [100, 2500],
        () => stage.machine?.setFull(true),
        () => stage.machine?.setFull(false),
      ),
  },
  failFsync: {
    isPossible: hasMachine,
    act: (stage) =>
      during(
        stage,
        [100, 2500],
        () => stage.machine?.setFsyncFailing(true),
        () => stage.machine?.setFsyncFailing(false),
      ),
  },
  cutSource: { act: ({ sourceProxy, random }) => sourceProxy.cut(pick(random, ["end", "reset"])) },
  cutDestination: { act: ({ destinationProxy, random }) => destinationProxy.cut(pick(random, ["end", "reset"])) },
  halfOpenSource: {
    act: (stage) =>
      during(
        stage,
        [100, 4000],
        () => stage.sourceProxy.setSilent(true),
        () => stage.sourceProxy.setSilent(false),
      ),
  },
  halfOpenDestination: {
    act: (stage) =>
      during(
        stage,
        [100, 4000],
        () => stage.destinationProxy.setSilent(true),
        () => stage.destinationProxy.setSilent(false),
      ),
  },
  slowSource: {
    act: (stage) =>
      during(
        stage,
        [100, 1500],
        () => stage.sourceProxy.setPace({ delayMs: between(stage.random, 1, 100) }),
        () => stage.sourceProxy.setPace(),
      ),
  },
  throttleDestination: {
    act: (stage) =>
      during(
        stage,
        [100, 2500],
        () => stage.destinationProxy.setPace({ bytesPerSecond: between(stage.random, 10_000, 200_000) }),
        () => stage.destinationProxy.setPace(),
      ),
  },
  losePubacks: {
    act: ({ ledger, random }) => {
      ledger.faults.dropPubacks = between(random, 1, 5);
    },
  },
  loseSourcePubacks: {
    act: async ({ ledger, sourceProxy, random }) => {
      ledger.faults.dropSourcePubacks = between(random, 1, 50);
      await delay(20);
      // Only to a new connection does a broker send again.
      ledger.faults.dropSourcePubacks = 0;
      sourceProxy.cut("reset");
    },
  },
  refusePubacks: {
    act: ({ ledger, destination, random }) => {
      const times = between(random, 1, 20);
      // 0x97 is Event Grid's quota: by its emulator the message is not taken; by the proxy it is, and has to be sent again.
      if (destination.eventGrid === undefined) ledger.faults.refusePubacks = times;
      else destination.eventGrid.faults.answerPublishes(times, 0x97);
    },
  },
  rejectPubacks: {
    act: ({ ledger, destination, random }) => {
      const times = between(random, 1, 20);
      if (destination.eventGrid === undefined) ledger.faults.rejectPubacks = times;
      else destination.eventGrid.faults.answerPublishes(times, 0x99);
    },
  },
  refuseConnects: {
    act: ({ ledger, sourceProxy, destinationProxy, random }) => {
      ledger.faults.refuseConnects = between(random, 1, 5);
      pick(random, [sourceProxy, destinationProxy]).cut("end");
    },
  },
  restartSource: { act: (stage) => stage.source.restart(someTime(stage, 50, 1500)) },
  restartDestination: { act: (stage) => stage.destination.restart(someTime(stage, 50, 1500)) },
  loseSessions: { act: (stage) => stage.source.loseSessions(someTime(stage, 50, 300)) },
  freezeDestination: { act: (stage) => stage.destination.freeze(someTime(stage, 100, 3000)) },
  overflowSource: { isPossible: isFromEventGrid, act: overflowSource },
  disconnectClient: {
    isPossible: ({ source, destination }) => (source.eventGrid ?? destination.eventGrid) !== undefined,
    act: ({ source, destination, random }) => {
      // Message rate too high, Quota exceeded, Server busy, Administrative action, Server shutting down.
      const code = pick(random, [0x96, 0x97, 0x89, 0x98, 0x8b]);
      for (const clientId of eventGridClients)
        for (const { eventGrid } of [source, destination]) eventGrid?.faults.disconnectClient(clientId, code);
    },
  },
};

/** Names of the faults that can happen on a stage. */
export function possibleFaults(stage: Stage): string[] {
  return Object.entries(faults)
    .filter(([, { isPossible }]) => isPossible?.(stage) ?? true)
    .map(([name]) => name);
}
