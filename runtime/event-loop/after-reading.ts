import { setImmediate as turn } from "node:timers/promises";

/**
 * Resolves once everything that had arrived at the process has been read.
 *
 * Timers run before sockets are read. After a pause of the process (SIGSTOP, a paused VM, a blocked event loop) a timer for an
 * answer fires though the answer waits in the kernel: await this before a peer is called silent. The first turn reads what
 * the system has; the second one what was held back in this process meanwhile, such as a stream that reads again.
 */
export async function afterReading(): Promise<void> {
  await turn();
  await turn();
}
