import { setTimeout as delay } from "node:timers/promises";

import type { Connection } from "../mqtt/connection.ts";
import type { Forwarder } from "./forwarder.ts";

/** Time for a connection that is replaced to come to rest; what is not done by then is sent again. */
const quiesceMs = 5000;
const pollMs = 5;

/** Reads the source no further and waits until what has come is acknowledged to it. */
export async function quiesceSource(
  connection: Pick<Connection, "quiesce">,
  forwarder: Pick<Forwarder, "unacknowledged">,
): Promise<void> {
  connection.quiesce();
  await until(() => forwarder.unacknowledged === 0);
}

/** Sends the destination nothing more and waits until it has acknowledged what it got. */
export async function quiesceDestination(forwarder: Pick<Forwarder, "holdDestination" | "inFlight">): Promise<void> {
  forwarder.holdDestination();
  await until(() => forwarder.inFlight === 0);
}

async function until(isDone: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + quiesceMs;
  while (!isDone() && performance.now() < deadlineMs) await delay(pollMs);
}
