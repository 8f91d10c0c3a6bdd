import { watchGrowth, type DiskUse } from "../../../runtime/disk/dataflow-disk.ts";
import { createLog } from "../../../runtime/report/log.ts";
import { GrowthWatch } from "../../../runtime/disk/growth-watch.ts";
import { parseDocument, buildDocument } from "../contract/config/build-document.ts";

const { relay } = parseDocument(buildDocument()).config.dataflows["upward"]!;

/** Looks every 10 s at a queue of these lengths; returns the log. */
function watch(lengths: readonly number[], hasSpooler = true): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const log = createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const queue = { messages: 0, bytes: 0 };
  const disk = { queue, spooler: hasSpooler ? {} : undefined, growth: new GrowthWatch() } as unknown as DiskUse;
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
        remedy: expect.stringContaining("raise relay.spool.drainMessagesPerSecond and drainBytesPerSecond"),
      }),
      expect.objectContaining({ level: "info", msg: "the spool shrinks again", messages: 0 }),
    ]);
  });

  test("says nothing where only dead letters are written: nothing drains those", () => {
    expect(watch([1, 2, 3, 4, 5, 6, 7, 8], false)).toEqual([]);
  });
});
