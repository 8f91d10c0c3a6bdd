import { setTimeout as delay } from "node:timers/promises";

import { spoolBytes } from "./config.ts";
import { proxyOf, someTime, until, type Fault } from "./fault.ts";
import { between, pick } from "./random.ts";
import type { Stage } from "./stage.ts";

type Side = "source" | "destination";

/** Time for a relay to connect again and to write to the disk what its destination does not take. */
const spoolMs = 8000;
/** Share of the spool that may be full for it still to have room, packets beside the payload included. */
const roomShare = 0.5;
const packetBytes = 150;

/**
 * Both connections are lost, one a moment before the other, and only the source comes back for now. Where there is a spool,
 * everything has to be acknowledged from it then, whichever was lost first.
 */
async function loseBoth(stage: Stage, first: Side): Promise<void> {
  const { ledger, random, destinationProxy } = stage;
  const second: Side = first === "source" ? "destination" : "source";
  const cutOne = (side: Side) => {
    if (side === "destination") destinationProxy.setClosedToNew(true);
    proxyOf(stage, side).cut(pick(random, ["end", "reset"]));
  };
  cutOne(first);
  await delay(between(random, 0, 30));
  cutOne(second);
  stage.release();
  await delay(someTime(stage, 200, 1500));
  // What comes last need not be acknowledged yet at this moment: there has to be one at which nothing is owed.
  if (hasRoom(stage) && !(await until(spoolMs, () => ledger.unacknowledged === 0 && stage.publisher.isDone)))
    stage.complaints.push(
      `lost ${first} first: ${ledger.unacknowledged} messages not acknowledged within ${spoolMs} ms, with room on the disk and the source back`,
    );
  destinationProxy.setClosedToNew(false);
}

/** Whether everything that is on its way finds room on the disk. */
function hasRoom({ scene, ledger, publisher }: Stage): boolean {
  const { spooled, fillerBytes } = scene;
  const isLarge = fillerBytes > packetBytes;
  const bytes = (ledger.undelivered + publisher.unacknowledged) * (packetBytes + fillerBytes / 2);
  return spooled.flow && spooled.side && bytes < (isLarge ? spoolBytes.large : spoolBytes.small) * roomShare;
}

/** Losses of both connections. */
export const losses: Readonly<Record<string, Fault>> = {
  loseSourceFirst: { act: (stage) => loseBoth(stage, "source"), hasMoment: true, weight: 2 },
  loseDestinationFirst: { act: (stage) => loseBoth(stage, "destination"), hasMoment: true, weight: 2 },
};
