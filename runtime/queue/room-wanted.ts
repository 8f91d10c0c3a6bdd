import type { Backlog } from "./backlog.ts";
import type { Sender } from "./destination/sender.ts";
import type { Entry } from "./entry.ts";

const lost = "others needed its memory, and QoS 0 waits for nobody";
const wanted = "a large message of it waits, and other dataflows need its memory";

/** What becomes of large messages that leave memory. */
export interface RoomWantedEvents {
  readonly onLost: (reason: string, entry: Entry) => void;
  /** The source is to be connected to anew: it sends again what is not kept here. */
  readonly onRedeliveryWanted: (reason: string) => void;
}

/**
 * Lets go of large messages that wait for a destination that is away, or for a full disk. Somebody has them: their source sends them again,
 * or they are read from the disk again. Those with QoS 0 are lost.
 */
export function giveRoomBack(
  backlog: Backlog,
  sender: Pick<Sender, "current" | "forget">,
  { onLost, onRedeliveryWanted }: RoomWantedEvents,
): void {
  const isAway = sender.current === undefined;
  if (!isAway && backlog.spooler?.isFull !== true) return;
  const [withQos0, onDisk] = backlog.giveRoomBack(isAway);
  for (const entry of withQos0) onLost(lost, entry);
  for (const entry of onDisk) sender.forget(entry);
  if (backlog.hasLargeOwed(isAway)) onRedeliveryWanted(wanted);
}
