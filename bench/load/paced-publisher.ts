import { parentPort, workerData } from "node:worker_threads";

import { BrokerClient } from "./broker-client.ts";
import type { MessageShape } from "./message.ts";

/** What a paced load is. */
export interface PacedLoad {
  readonly port: number;
  readonly shapes: readonly MessageShape[];
  readonly load: number;
  readonly count: number;
  readonly perSecond: number;
}

const tickMs = 1;

/** Publishes a load at an even pace, in a thread of its own: whoever takes the time of arrivals does nothing else. */
async function publishPaced({ port, shapes, load, count, perSecond }: PacedLoad): Promise<void> {
  const client = await BrokerClient.connect(port, `paced-${load}`);
  const sender = client.startLoad(shapes, load, count);
  const startMs = performance.now();
  let released = 0;
  const tick = () => {
    const due = Math.min(count, Math.floor(((performance.now() - startMs) / 1000) * perSecond));
    if (due > released) sender.send(due - released);
    released = due;
    if (released < count) setTimeout(tick, tickMs);
  };
  tick();
  await sender.done;
  client.close();
}

if (parentPort !== null) await publishPaced(workerData as PacedLoad);
