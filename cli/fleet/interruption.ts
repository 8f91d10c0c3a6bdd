/** What whoever started a run wants of it by now. */
export interface Interruption {
  /** Asked once to end: what runs is finished, and nothing else is started. */
  readonly stop: AbortSignal;
  /** Asked twice: what runs is cancelled too. */
  readonly cancel: AbortSignal;
  close(): void;
}

/** What asks a run to end: Ctrl-C, SIGTERM, a closed terminal. */
const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** npm and others hand a Ctrl-C on to a process that has had it already; within this time it is the same one. */
const sameInterruptionMs = 300;

/** Message by which the process that holds the terminal hands a signal on. @see own-group.ts */
export const interruptMessage = "interrupt";

/**
 * Starts to listen for an end. The third request ends the process at once, whatever runs.
 * @param onAsked told which request it is, the first one being 1
 */
export function watchInterruption(onAsked: (times: number) => void): Interruption {
  const [stop, cancel] = [new AbortController(), new AbortController()];
  let times = 0;
  let lastMs = -Infinity;
  const ask = () => {
    if (performance.now() - lastMs < sameInterruptionMs) return;
    lastMs = performance.now();
    times += 1;
    onAsked(times);
    if (times === 1) stop.abort();
    else if (times === 2) cancel.abort();
  };
  const onMessage = (message: unknown) => {
    if (message === interruptMessage) ask();
  };
  for (const name of endingSignals) process.on(name, ask);
  process.on("message", onMessage);
  // Who held the terminal is gone, as after a kill: the stacks are not left half-way for that.
  process.on("disconnect", ask);
  return {
    stop: stop.signal,
    cancel: cancel.signal,
    close: () => {
      for (const name of endingSignals) process.off(name, ask);
      process.off("message", onMessage);
      process.off("disconnect", ask);
    },
  };
}
