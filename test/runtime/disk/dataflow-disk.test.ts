import { watchGrowth, type DiskUse } from "../../../runtime/disk/dataflow-disk.ts";
import { createLog } from "../../../runtime/report/log.ts";
import { GrowthWatch } from "../../../runtime/disk/growth-watch.ts";
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
