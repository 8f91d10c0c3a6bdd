import { setTimeout as delay } from "node:timers/promises";

import { changes } from "./change-faults.ts";
import { anySignal, during, isEventGrid, restartRelay, someTime, type Fault } from "./fault.ts";
import { links } from "./link-faults.ts";
import { losses } from "./loss-faults.ts";
import { between, pick } from "./random.ts";
import { renewals } from "./renewal-faults.ts";
import { clientIds, type Stage } from "./stage.ts";

const hasMachine = ({ machines }: Stage) => machines.length > 0;
const isFromEventGrid = ({ scene }: Stage) => scene.source.broker === "eventGrid";
const hasDestinationQos1 = ({ scene }: Stage) => scene.destination.qos === 1;
const dayMs = 86_400_000;
/** Longest wait for Event Grid to end a session that overflows. */
const overflowMs = 3000;

/** Puts out what the relay's memory and its disk's cache hold. */
async function cutPower(stage: Stage): Promise<void> {
  const { machines, ledger, fleet } = stage;
  await restartRelay(stage, "SIGKILL", (ordinal) => {
    ledger.closeDisk(ordinal);
    machines[ordinal]?.cutPower(fleet.spoolFolder(ordinal));
  });
}

/** Stops the relay until a session at Event Grid has ended because too much waited in it. */
async function overflowSource(stage: Stage): Promise<void> {
  const { isFlooded, sessionEnds, publisher } = stage;
  const before = sessionEnds.length;
  let isDone = false;
  await restartRelay(stage, anySignal(stage), async () => {
    if (isDone) return;
    isDone = true;
    isFlooded.value = true;
    for (let waitedMs = 0; waitedMs < overflowMs && sessionEnds.length === before && !publisher.isDone; waitedMs += 5)
      await delay(5);
    isFlooded.value = false;
  });
}

/** Faults of the relay's process and of the machine that it runs on. */
const machine: Readonly<Record<string, Fault>> = {
  killRelay: { act: (stage) => restartRelay(stage, "SIGKILL") },
  stopRelay: { act: (stage) => restartRelay(stage, "SIGTERM") },
  cutPower: { isPossible: hasMachine, act: cutPower },
  jumpClock: {
    isPossible: hasMachine,
    act: async (stage) => {
      const { random, machines } = stage;
      const offsetMs = between(random, -3 * dayMs, 3 * dayMs);
      for (const each of machines) each.setClock(offsetMs);
      // The spool's clock goes on over restarts: let it meet one that jumped.
      if (random() < 0.5) await restartRelay(stage, anySignal(stage));
    },
  },
  fillDisk: {
    isPossible: hasMachine,
    act: (stage) =>
      during(stage, [100, 2500], (isOn) => {
        for (const each of stage.machines) each.setFull(isOn);
      }),
  },
  failFsync: {
    isPossible: hasMachine,
    act: (stage) =>
      during(stage, [100, 2500], (isOn) => {
        for (const each of stage.machines) each.setFsyncFailing(isOn);
      }),
  },
};

/** Faults of the brokers, played by them or by the proxies. */
const brokers: Readonly<Record<string, Fault>> = {
  losePubacks: {
    isPossible: hasDestinationQos1,
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
    isPossible: hasDestinationQos1,
    act: ({ ledger, destination, random }) => {
      const times = between(random, 1, 20);
      // 0x97 is Event Grid's quota: by its emulator the message is not taken; by the proxy it is, and has to be sent again.
      if (destination.emulator === undefined) ledger.faults.refusePubacks = times;
      else destination.emulator.faults.answerPublishes(times, 0x97);
    },
  },
  rejectPubacks: {
    isPossible: hasDestinationQos1,
    act: ({ ledger, destination, random }) => {
      const times = between(random, 1, 20);
      if (destination.emulator === undefined) ledger.faults.rejectPubacks = times;
      else destination.emulator.faults.answerPublishes(times, 0x99);
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
  freezeDestination: {
    act: async (stage) => {
      stage.destinationProxy.noteBroken();
      await stage.destination.freeze(someTime(stage, 100, 3000));
      stage.destinationProxy.noteBroken();
    },
  },
  overflowSource: { isPossible: isFromEventGrid, act: overflowSource },
  disconnectClient: {
    isPossible: ({ scene }) => isEventGrid(scene.source) || isEventGrid(scene.destination),
    act: ({ source, destination, random }) => {
      // Message rate too high, Quota exceeded, Server busy, Administrative action, Server shutting down.
      const code = pick(random, [0x96, 0x97, 0x89, 0x98, 0x8b]);
      for (const clientId of clientIds)
        for (const { emulator } of [source, destination]) emulator?.faults.disconnectClient(clientId, code);
    },
  },
};

/** Each fault by its name, as the report counts them. */
export const faults: Readonly<Record<string, Fault>> = {
  ...machine,
  ...changes,
  ...links,
  ...losses,
  ...renewals,
  ...brokers,
};

/** Names of the faults that can happen on a stage. */
export function possibleFaults(stage: Stage): string[] {
  return Object.entries(faults)
    .filter(([, { isPossible }]) => isPossible?.(stage) ?? true)
    .map(([name]) => name);
}
