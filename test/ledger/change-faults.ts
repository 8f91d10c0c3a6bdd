import { setTimeout as delay } from "node:timers/promises";

import { patientMs } from "../support/patience.ts";
import { anySignal, isEventGrid, restartRelay, someTime, startRelay, until, type Fault } from "./fault.ts";
import type { Variant } from "./config.ts";
import { between, pick } from "./random.ts";
import { maxInstances, type Scene } from "./scene.ts";
import type { Stage } from "./stage.ts";

/**
 * Time for a relay to be ready with another configuration, and then to take back what its sessions had before; on an idle
 * machine: on a loaded one messages came by an old filter after that, which was no fault of the relay.
 */
const settleMs = { ready: 10_000, after: 700 } as const;
/**
 * So many messages are published once the relay is ready: an old filter that no disk remembers is found by what it brings, and
 * the group's messages of each topic go round its instances.
 */
const messagesThatShowFilters = 60;
/** So often the relay is killed while it changes its sessions. */
const killedShare = 0.25;

function hasDisk({ spooled, hasDeadLetters }: Scene): boolean {
  return hasDeadLetters || (spooled.flow && spooled.side);
}

/** Another configuration: a dataflow more or less, other filters for the same topics, another destination or rate. */
async function changeConfig(stage: Stage): Promise<void> {
  const { random, fleet, scene } = stage;
  const filters = pick(random, [
    ["ledger/#"],
    ["ledger/+"],
    ["ledger/0", "ledger/1", "ledger/2", "ledger/3"],
    ["ledger/#", "other/#"],
  ]);
  const variant: Variant = {
    ...fleet.variant,
    // A session that nobody reads overflows at Event Grid: that is another fault.
    hasSide: isEventGrid(scene.source) || !fleet.variant.hasSide || random() < 0.5,
    // Without a disk and without Subscription Identifiers old filters can't be told: the documentation says so.
    filters: scene.source.broker === "mosquitto" || hasDisk(scene) ? filters : fleet.variant.filters,
    sideDestination: pick(random, ["side", "other/${inputTopic}"]),
    drainMessagesPerSecond: pick(random, [0, 4000]),
  };
  await changeTo(stage, variant);
}

/** Ends all instances and starts them anew with the other configuration. */
async function changeTo(stage: Stage, variant: Variant): Promise<void> {
  const { random, fleet, ledger } = stage;
  ledger.noteChange();
  await fleet.stop(anySignal(stage));
  fleet.variant = variant;
  await delay(someTime(stage, 0, 300));
  await startRelay(stage, false);
  await settle(stage, random() < killedShare);
}

/** Instances come or go, all at once or those first that go. */
async function scale(stage: Stage): Promise<void> {
  const { random, fleet, ledger } = stage;
  const before = fleet.variant.instances;
  const others = Array.from({ length: maxInstances }, (_, index) => index + 1).filter((count) => count !== before);
  const variant = { ...fleet.variant, instances: pick(random, others) };
  // While one instance has plain filters and another shared ones, each has its copy: no rollout of that kind.
  const isRolling = before > 1 && variant.instances > 1 && random() < 0.5;
  if (!isRolling) {
    await changeTo(stage, variant);
    return;
  }
  ledger.noteChange();
  fleet.variant = variant;
  const ordinals = fleet.ordinals.sort((a, b) => b - a);
  for (const ordinal of ordinals) {
    await fleet.stopOne(ordinal, "SIGTERM");
    if (ordinal < variant.instances) await fleet.startOne(ordinal);
    await delay(someTime(stage, 0, 300));
  }
  await fleet.start();
  await settle(stage, random() < killedShare);
}

/** Waits until only what is configured is subscribed to; what is published until then may come by every filter. */
async function settle(stage: Stage, isKilled: boolean): Promise<void> {
  const { fleet, ledger, random, publisher } = stage;
  if (isKilled) {
    await delay(between(random, 0, 400));
    await restartRelay(stage, "SIGKILL");
  }
  await fleet.untilReady(patientMs(settleMs.ready));
  publisher.releaseMore(messagesThatShowFilters);
  await until(patientMs(settleMs.ready), () => publisher.isDone);
  await delay(patientMs(settleMs.after));
  ledger.noteSettled();
}

/** What an operator changes. */
export const changes: Readonly<Record<string, Fault>> = {
  changeConfig: { act: changeConfig, hasMoment: true, weight: 2 },
  scale: { isPossible: ({ scene }) => scene.isScaled, act: scale, hasMoment: true, weight: 6 },
};
