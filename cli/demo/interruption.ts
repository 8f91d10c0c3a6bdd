import { ExitCode } from "../../runtime/run.ts";

/** Whether whoever started the demo wants it to end. */
export interface Interruption {
  /** Aborts at Ctrl-C, at SIGTERM, and when the terminal is closed. */
  readonly signal: AbortSignal;
  readonly close: () => void;
}

const endingSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** npm hands a Ctrl-C on to a process that has had it from the terminal already; within this time it is the same one. */
const sameInterruptionMs = 500;

/** Starts to listen for an end; who asks a second time does not want to wait, and the process ends at once. */
export function watchInterruption(): Interruption {
  const interrupted = new AbortController();
  let firstMs: number | undefined;
  const onSignal = () => {
    firstMs ??= performance.now();
    if (performance.now() - firstMs > sameInterruptionMs) process.exit(ExitCode.failed);
    interrupted.abort(new Error("the demo: was stopped before the relay was ready; start it again"));
  };
  for (const name of endingSignals) process.on(name, onSignal);
  return {
    signal: interrupted.signal,
    close: () => {
      for (const name of endingSignals) process.off(name, onSignal);
    },
  };
}
