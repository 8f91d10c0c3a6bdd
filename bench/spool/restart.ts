import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import type { MessageShape } from "../load/message.ts";
import { readUsage } from "../measure/process-usage.ts";
import type { DiskRoute } from "./peer.ts";
import type { Restart } from "./record.ts";
import { startRelay } from "./relay.ts";

/** Time in which a relay reads from its disk as much as the destination's window takes. */
const fillMs = 3000;

/**
 * Starts a relay that has messages on its disk and one that has none, by turns, each after a `kill -9`. The destination takes
 * nothing, so that as many are there at the next start.
 */
export async function measureRestarts(
  route: DiskRoute,
  shape: MessageShape,
  { messages, rounds }: { readonly messages: number; readonly rounds: number },
  onRestart: (restart: Restart) => void,
): Promise<void> {
  const routes = new Map(
    [messages, 0].map((count) => [count, { ...route, folder: path.join(route.folder, `${count}`) }]),
  );
  for (const [count, own] of routes) {
    const relay = await startRelay(own, false);
    relay.destination.close();
    if (count > 0) await relay.give(shape, 1, count);
    await relay.kill();
  }
  for (let round = 0; round < rounds; round++) {
    for (const [count, own] of routes) {
      const relay = await startRelay(own, false);
      await delay(fillMs);
      const { residentMegabytes } = readUsage(relay.pid);
      onRestart({ messages: count, readySeconds: relay.readySeconds, residentMegabytes });
      await relay.kill();
    }
  }
}
