import { once } from "node:events";
import path from "node:path";
import { Worker } from "node:worker_threads";

import type { PacedLoad } from "./paced-publisher.ts";

/** Publishes a load at an even pace from another thread; resolves once the broker has acknowledged all of it. */
export async function runPacedLoad(load: PacedLoad): Promise<void> {
  const worker = new Worker(path.join(import.meta.dirname, "paced-publisher.ts"), { workerData: load });
  const [code] = (await once(worker, "exit")) as [number]; // rejects when the worker throws
  if (code !== 0) throw new Error(`the paced publisher ended with exit code ${code}`);
}
