import type { Dataflow as DataflowConfig } from "../contract/config/dataflow.ts";
import type { Logger } from "../report/log.ts";
import { GrowthWatch } from "./growth-watch.ts";
import type { Spool, SpoolQueue } from "./spool.ts";
import type { Forwarder } from "../queue/forwarder.ts";
import { Spooler } from "./spooler.ts";

/** The relay's spool, or why there is none. */
export type Disk = { readonly spool: Spool } | { readonly problem: string };

type RelaySettings = DataflowConfig["relay"];

/** Tells whether a dataflow writes anything to the disk. */
export function needsDisk({ spool, undeliverableMessages, deadLetter }: RelaySettings): boolean {
  const writesLetters = undeliverableMessages === "DeadLetter" && deadLetter?.endpointRef === undefined;
  return spool.mode === "Enabled" || writesLetters;
}

/** What a dataflow has on the disk. */
export interface DiskUse {
  readonly queue: SpoolQueue;
  /** `undefined` where only dead letters are written. */
  readonly spooler: Spooler | undefined;
  readonly growth: GrowthWatch;
}

/** Connects a dataflow's forwarder with its queue on the disk; `onBroken` says that it can't be used any more. */
export function useDisk(
  dataflow: string,
  { spool: settings }: RelaySettings,
  { spool, forwarder, qos }: { readonly spool: Spool; readonly forwarder: Forwarder; readonly qos: 0 | 1 },
  onBroken: (reason: string) => void,
): DiskUse {
  const queue = spool.queue(dataflow, {
    onCommitted: (sequence) => spooler?.onCommitted(sequence),
    onRows: (rows) => spooler?.onRows(rows),
    onBroken,
  });
  forwarder.useDisk(queue);
  const options = {
    maxBytes: settings.maxBytes,
    ...(settings.maxAgeSeconds === undefined ? {} : { maxAgeMs: settings.maxAgeSeconds * 1000 }),
    rates: { messagesPerSecond: settings.drainMessagesPerSecond, bytesPerSecond: settings.drainBytesPerSecond },
    qos,
    now: () => performance.now(),
  };
  const spooler =
    settings.mode === "Disabled"
      ? undefined
      : forwarder.useSpool((waiting, onDone) => new Spooler(options, waiting, queue, onDone));
  return { queue, spooler, growth: new GrowthWatch() };
}

/** Looks whether more comes to the disk than leaves it, and says so; a few times a second. */
export function watchGrowth(
  { queue, spooler, growth }: DiskUse,
  isConnected: boolean,
  relay: RelaySettings,
  log: Logger,
): void {
  if (spooler === undefined) return;
  const { messages, bytes } = queue;
  const change = growth.look(messages, isConnected, performance.now());
  const { drainMessagesPerSecond, drainBytesPerSecond, maxBytes } = relay.spool;
  const figures = { messages, bytes, maxBytes, drainMessagesPerSecond, drainBytesPerSecond };
  if (change === "grows") {
    const remedy =
      "raise relay.spool.drainMessagesPerSecond and drainBytesPerSecond if the destination takes more; else send it less: at maxBytes nothing more is acknowledged";
    log.warn({ ...figures, remedy }, "the spool grows although the destination is connected");
  } else if (change === "shrinks") log.info(figures, "the spool shrinks again");
}

/** Says what keeps a dataflow from using its disk as it should; empty when nothing does. */
export function diskProblems({ queue, spooler }: DiskUse): string[] {
  const problems = queue.trouble === undefined ? [] : [`spool can't be written, ${queue.trouble}`];
  if (spooler?.isFull === true)
    problems.push(`spool is full, ${queue.messages} messages of ${queue.bytes} bytes wait for the destination`);
  return problems;
}
