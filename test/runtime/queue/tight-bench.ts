import { Spooler } from "../../../runtime/disk/spooler.ts";
import { unboundedShare, type MemoryShare } from "../../../runtime/memory/budget.ts";
import { Lane, type Room } from "../../../runtime/memory/lane.ts";
import { FakeDisk } from "./fake-disk.ts";
import { ForwarderBench, viewOfPublish } from "./fakes.ts";

const shareBytes = 10_000;

export interface Change {
  readonly lane?: Lane;
  /** Bytes that the spool holds; omitted: there is none. */
  readonly spoolBytes?: number;
  readonly copies?: number;
}

/** A dataflow with 10,000 bytes of its own, and a lane for larger messages. */
export function open({ lane = new Lane(20_000), spoolBytes, copies = 4 }: Change = {}) {
  const askForLarge = lane.ask.bind(lane);
  const memory: MemoryShare = { ...unboundedShare, bytes: shareBytes, longestBytes: lane.bytes, askForLarge };
  const bench = new ForwarderBench({ memory, undeliverable: "Discard", copies });
  const disk = new FakeDisk();
  if (spoolBytes !== undefined) {
    const rates = { messagesPerSecond: 0, bytesPerSecond: 0 };
    const settings = {
      maxBytes: spoolBytes,
      rates,
      qos: 1,
      now: () => bench.nowMs,
      onDamaged: () => "keep" as const,
    } as const;
    const spooler: Spooler = bench.forwarder.useSpool((waiting, forDisk, onDone) => {
      const queue = disk.open(() => spooler);
      return new Spooler({ ...settings, memory: forDisk }, waiting, queue, onDone);
    });
  }
  return { bench, disk, lane };
}

/** A message that arrives, or waits for room. */
export interface Arrival {
  readonly room: Room;
  hasArrived: boolean;
  /** Its connection ends. */
  end(): void;
}

/** A message begins to arrive, as a connection takes it: it is handed over once there is room. */
export function begin(bench: ForwarderBench, messageId: number, payloadBytes: number, qos: 0 | 1 = 1): Arrival {
  const side = bench.sourceSide;
  const view = viewOfPublish({ messageId, qos, topic: `t/${messageId}`, payload: Buffer.alloc(payloadBytes, "x") });
  const room = side.roomFor(view.end);
  if (room === undefined) throw new Error("it is passed over");
  const arrival: Arrival = {
    room,
    hasArrived: false,
    end: () => {
      room.onGranted = () => undefined;
      if (!arrival.hasArrived) room.release();
    },
  };
  const arrive = () => {
    arrival.hasArrived = true;
    view.room = room;
    side.onPublish(view);
    view.leave();
  };
  if (room.isGranted) arrive();
  else room.onGranted = arrive;
  return arrival;
}

/** As {@link begin}; tells whether it has arrived. */
export function send(...message: Parameters<typeof begin>): boolean {
  return begin(...message).hasArrived;
}
