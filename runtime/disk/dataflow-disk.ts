import { maxInstances } from "../contract/client-id.ts";
import type { Dataflow as DataflowConfig } from "../contract/config/dataflow.ts";
import { maxPublishPacketId } from "../contract/packet-ids.ts";
import type { DataflowStatus } from "../dataflow-status.ts";
import type { Logger } from "../report/log.ts";
import { GrowthWatch } from "./growth-watch.ts";
import type { Loss } from "./protocol.ts";
import type { Row, Spool, SpoolQueue } from "./spool.ts";
import type { Forwarder } from "../queue/forwarder.ts";
import type { Tracer } from "../queue/ports.ts";
import { Spooler } from "./spooler.ts";

/** The relay's spool, or why there is none. */
export type Disk = { readonly spool: Spool } | { readonly problem: string };

export { needsDisk } from "../contract/config/dataflow.ts";

export type RelaySettings = DataflowConfig["relay"];

/** What a dataflow has on the disk. */
export interface DiskUse {
  readonly queue: SpoolQueue;
  /** `undefined` where only dead letters are written. */
  readonly spooler: Spooler | undefined;
  readonly growth: GrowthWatch;
}

/** What a dataflow's disk is connected with. */
export interface DiskParts {
  readonly spool: Spool;
  readonly forwarder: Forwarder;
  readonly qos: 0 | 1;
  readonly tracer?: Tracer | undefined;
}

/** Connects a dataflow's forwarder with its queue on the disk; `onBroken` says that it can't be used any more. */
export function useDisk(
  dataflow: string,
  relay: RelaySettings,
  { spool, forwarder, qos, tracer }: DiskParts,
  onBroken: (reason: string) => void,
): DiskUse {
  const { spool: settings } = relay;
  const queue: SpoolQueue = spool.queue(dataflow, {
    onCommitted: (sequence) => spooler?.onCommitted(sequence),
    onRows: (rows, largeBytes) => spooler?.onRows(rows, largeBytes),
    onWorks: () => spooler?.onWorks(),
    onLoss: (loss) => {
      takeLoss(loss);
    },
    onBroken,
  });
  const lose = loseByPolicy(relay.undeliverableMessages, forwarder, onBroken);
  const takeLoss = ({ messages, reason }: Loss) => {
    const what = messages === 0 ? "all messages" : `up to ${messages} messages`;
    if (lose(messages, `${what} on the disk can't be read: ${reason}`, "") === "forget") queue.settleLoss();
  };
  forwarder.useDisk(queue);
  const options = {
    maxBytes: settings.maxBytes,
    ...(settings.maxAgeSeconds === undefined ? {} : { maxAgeMs: settings.maxAgeSeconds * 1000 }),
    rates: { messagesPerSecond: settings.drainMessagesPerSecond, bytesPerSecond: settings.drainBytesPerSecond },
    qos,
    tracer,
    now: () => performance.now(),
    onDamaged: (row: Row) =>
      lose(1, `message ${row.sequence} on the disk is damaged: ${row.damage ?? ""}`, row.inputTopic ?? ""),
  };
  const spooler =
    settings.mode === "Disabled"
      ? undefined
      : forwarder.useSpool((waiting, memory, onDone) => new Spooler({ ...options, memory }, waiting, queue, onDone));
  if (queue.loss !== undefined) takeLoss(queue.loss);
  return { queue, spooler, growth: new GrowthWatch() };
}

/** What damage to the disk has taken was acknowledged: with the policy `Stop` somebody has to see that before it goes on. */
function loseByPolicy(
  policy: RelaySettings["undeliverableMessages"],
  forwarder: Forwarder,
  onStop: (reason: string) => void,
): (messages: number, reason: string, topic: string) => "forget" | "keep" {
  return (messages, reason, topic) => {
    if (policy === "Stop") {
      onStop(
        `${reason}; they were acknowledged to their source; to go on without them, set undeliverableMessages to "DeadLetter" or "Discard"`,
      );
      return "keep";
    }
    forwarder.lose("disk_damaged", reason, topic, messages);
    return "forget";
  };
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
    log.warn(
      { event: "spool-growing", ...figures, remedy: remedyOfGrowth(relay.spool) },
      "the spool grows although the destination is connected",
    );
  } else if (change === "shrinks") log.info({ event: "spool-shrinking", ...figures }, "the spool shrinks again");
}

/** What an operator can do about a spool that grows: a bound that is not there can't be raised. */
function remedyOfGrowth({ drainMessagesPerSecond, drainBytesPerSecond }: RelaySettings["spool"]): string {
  const less =
    "send the destination less, or split the topics over several dataflows: at maxBytes nothing more is acknowledged";
  const bounds = [
    ...(drainMessagesPerSecond === 0 ? [] : ["relay.spool.drainMessagesPerSecond"]),
    ...(drainBytesPerSecond === 0 ? [] : ["relay.spool.drainBytesPerSecond"]),
  ];
  if (bounds.length === 0) {
    const more = `widen its in-flight window (maxInflightMessages, up to ${maxPublishPacketId}), run more instances (profile.instanceCount, up to ${maxInstances})`;
    return `the destination takes less than arrives, and no drain rate holds it back; ${more}, take fewer topics (dataSources), or ${less}`;
  }
  return `raise ${bounds.join(" and ")} (0 is no bound) if the destination takes more; else ${less}`;
}

/** Says what keeps a dataflow from using its disk as it should; empty when nothing does. */
export function diskProblems({ queue, spooler }: DiskUse): string[] {
  const problems = queue.trouble === undefined ? [] : [`spool can't be written, ${queue.trouble}`];
  if (spooler?.isFull === true)
    problems.push(`spool is full, ${queue.messages} messages of ${queue.bytes} bytes wait for the destination`);
  return problems;
}

/** What a dataflow has on the disk, and what that takes there. */
export function spooledOn(disk: DiskUse | undefined, { spool }: RelaySettings): DataflowStatus["spooled"] {
  const { messages = 0, bytes = 0, takenBytes = 0 } = disk?.queue ?? {};
  const limit = spool.mode === "Enabled" ? { limitBytes: spool.maxBytes } : {};
  return { messages, bytes, takenBytes, ...limit };
}
