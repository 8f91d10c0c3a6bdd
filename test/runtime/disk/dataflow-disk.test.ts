import { useDisk, watchGrowth, type DiskUse } from "../../../runtime/disk/dataflow-disk.ts";
import type { Loss } from "../../../runtime/disk/protocol.ts";
import type { QueueEvents, Spool } from "../../../runtime/disk/spool.ts";
import { createLog } from "../../../runtime/report/log.ts";
import { GrowthWatch } from "../../../runtime/disk/growth-watch.ts";
import { ForwarderBench } from "../queue/fakes.ts";
import { parseDocument, buildDocument } from "../contract/config/build-document.ts";

function relayWith(spool: object) {
  return parseDocument(buildDocument({ "dataflows.upward.relay.spool": spool })).config.dataflows["upward"]!.relay;
}

/** Looks every 10 s at a queue of these lengths; returns the log. */
function watch(lengths: readonly number[], hasSpooler = true, spool = {}): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const log = createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const queue = { messages: 0, bytes: 0 };
  const disk = { queue, spooler: hasSpooler ? {} : undefined, growth: new GrowthWatch() } as unknown as DiskUse;
  const relay = relayWith(spool);
  const now = jest.spyOn(performance, "now");
  for (const [index, messages] of lengths.entries()) {
    now.mockReturnValue(index * 10_000);
    queue.messages = messages;
    queue.bytes = messages * 100;
    watchGrowth(disk, true, relay, log);
  }
  now.mockRestore();
  return lines;
}

describe("watchGrowth", () => {
  test("warns once of a spool that grows, with its size, the drain's bounds and what to do, and says when that is over", () => {
    expect(watch([1, 2, 3, 4, 5, 6, 7, 8, 9, 0])).toEqual([
      expect.objectContaining({
        level: "warn",
        msg: "the spool grows although the destination is connected",
        messages: 7,
        bytes: 700,
        drainMessagesPerSecond: 900,
        drainBytesPerSecond: 900_000,
        remedy: expect.stringMatching(
          /^raise relay\.spool\.drainMessagesPerSecond and relay\.spool\.drainBytesPerSecond \(0 is no bound\) if the destination takes more; /,
        ),
      }),
      expect.objectContaining({ level: "info", msg: "the spool shrinks again", messages: 0 }),
    ]);
  });

  test.each([
    [
      { drainMessagesPerSecond: 0 },
      /^raise relay\.spool\.drainBytesPerSecond \(0 is no bound\) if the destination takes more; /,
    ],
    [
      { drainBytesPerSecond: 0 },
      /^raise relay\.spool\.drainMessagesPerSecond \(0 is no bound\) if the destination takes more; /,
    ],
    [
      { drainMessagesPerSecond: 0, drainBytesPerSecond: 0 },
      /^the destination takes less than arrives, and no drain rate holds it back; widen its in-flight window \(maxInflightMessages, up to 64999\), run more instances \(profile\.instanceCount, up to 20\), take fewer topics/,
    ],
  ])("with %j it asks to raise no bound that is not there", (spool, remedy) => {
    const [grows] = watch([1, 2, 3, 4, 5, 6, 7], true, spool);

    expect(grows?.["remedy"]).toMatch(remedy);
  });

  test("says nothing where only dead letters are written: nothing drains those", () => {
    expect(watch([1, 2, 3, 4, 5, 6, 7, 8], false)).toEqual([]);
  });
});

describe("useDisk", () => {
  /** A dataflow whose disk tells of a loss, or gives a row that is damaged. */
  function use(undeliverableMessages: "Stop" | "Discard" | "DeadLetter", loss?: Loss) {
    const document = buildDocument({
      "dataflows.upward.relay": { undeliverableMessages, spool: { mode: "Enabled" } },
    });
    const { relay } = parseDocument(document).config.dataflows["upward"]!;
    const removed: number[] = [];
    const settled: string[] = [];
    let events: QueueEvents | undefined;
    const queue = {
      messages: 1,
      lastSequence: 1,
      takenBytes: 0,
      loss,
      remove: (sequence: number) => removed.push(sequence),
      settleLoss: () => settled.push("settled"),
      arrivalOf: () => 0,
    };
    const spool = { queue: (_name: string, told: QueueEvents) => ((events = told), queue) } as unknown as Spool;
    const bench = new ForwarderBench({ undeliverable: undeliverableMessages });
    const stopped: string[] = [];
    useDisk("upward", relay, { spool, forwarder: bench.forwarder, qos: 1 }, (reason) => stopped.push(reason));
    return { bench, removed, settled, stopped, events: events! };
  }

  const loss = { messages: 3, reason: "file is not a database" };
  const row = {
    sequence: 1,
    arrivedMs: 0,
    inputTopic: "in/a",
    packetBytes: 0,
    packet: new Uint8Array(0),
    isDeadLetter: false,
  };

  test.each(["Discard", "DeadLetter"] as const)(
    "counts and names what damage has taken, and goes on, with the policy %s",
    (policy) => {
      const before = use(policy, loss);
      before.events.onLoss({ messages: 2, reason: "cut off" });

      expect(before.bench.counters.lost.disk_damaged).toBe(5);
      expect(before.bench.troubles).toMatchObject([
        { kind: "disk_damaged", reason: "up to 3 messages on the disk can't be read: file is not a database" },
        { kind: "disk_damaged", reason: "up to 2 messages on the disk can't be read: cut off" },
      ]);
      expect([before.settled.length, before.stopped]).toEqual([2, []]);
    },
  );

  test("stops with the policy Stop, says what to do, and keeps the loss for the next start", () => {
    const { bench, settled, stopped } = use("Stop", loss);

    expect(stopped).toEqual([
      expect.stringMatching(/^up to 3 messages on the disk can't be read: .*; to go on without them, set /),
    ]);
    expect([settled, bench.counters.lost.disk_damaged]).toEqual([[], 0]);
  });

  test("takes a damaged message from the disk and goes on, or stops and leaves it there, as the policy says", () => {
    const [discarding, stopping] = [use("Discard"), use("Stop")];
    for (const { events } of [discarding, stopping])
      events.onRows([{ ...row, damage: "its checksum is wrong" }], undefined);

    expect([discarding.removed, discarding.stopped]).toEqual([[1], []]);
    expect(discarding.bench.troubles).toMatchObject([
      { kind: "disk_damaged", reason: "message 1 on the disk is damaged: its checksum is wrong", topic: "in/a" },
    ]);
    expect([stopping.removed, stopping.stopped.length]).toEqual([[], 1]);
  });
});
