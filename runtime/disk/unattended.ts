import type { Logger } from "../report/log.ts";
import type { QueueState } from "./protocol.ts";

/** Messages on the disk that nobody delivers. */
export interface UnattendedQueue {
  /** Name of the dataflow that they came with. */
  readonly dataflow: string;
  readonly messages: number;
  readonly bytes: number;
  /** Age of the oldest of them. */
  readonly oldestSeconds: number;
}

/**
 * Finds the queues that hold messages and that no dataflow drains: it was taken out of the configuration or renamed, is
 * disabled, or has `spool.mode: Disabled`.
 *
 * @param drained names of the dataflows that deliver what they have on the disk
 * @param clockMs time of the spool's clock
 */
export function findUnattended(
  states: Readonly<Record<string, QueueState>>,
  drained: ReadonlySet<string>,
  clockMs: number,
): UnattendedQueue[] {
  return Object.entries(states)
    .filter(([dataflow, { messages }]) => messages > 0 && !drained.has(dataflow))
    .map(([dataflow, { messages, bytes, oldestMs = clockMs }]) => ({
      dataflow,
      messages,
      bytes,
      oldestSeconds: Math.max(0, Math.round((clockMs - oldestMs) / 1000)),
    }));
}

/** Says of each queue that nobody drains what is in it, and what to do. */
export function reportUnattended(log: Logger, queues: readonly UnattendedQueue[]): void {
  for (const queue of queues) {
    const remedy = `to have them delivered, enable dataflow "${queue.dataflow}" with spool.mode "Enabled"; to give them up, delete them as doc/operations.md says`;
    log.warn({ event: "spool-unattended", ...queue, remedy }, "messages are on the disk that no dataflow delivers");
  }
}
