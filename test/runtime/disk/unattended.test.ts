import { createLog } from "../../../runtime/report/log.ts";
import { findUnattended, reportUnattended } from "../../../runtime/disk/unattended.ts";

const state = (messages: number, oldestMs?: number) => ({
  lastSequence: 9,
  messages,
  bytes: messages * 10,
  usedBytes: 0,
  deadLetterBytes: 0,
  oldestMs,
  filters: undefined,
});

test("finds queues that hold messages and that no dataflow drains, with the age of the oldest", () => {
  const states = { kept: state(1, 0), gone: state(3, 60_000), empty: state(0), new: state(2, 200_000) };

  expect(findUnattended(states, new Set(["kept"]), 120_000)).toEqual([
    { dataflow: "gone", messages: 3, bytes: 30, oldestSeconds: 60 },
    { dataflow: "new", messages: 2, bytes: 20, oldestSeconds: 0 },
  ]);
});

test("says of each what is in it and what to do", () => {
  const lines: Record<string, unknown>[] = [];
  const log = createLog("info", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });

  reportUnattended(log, [{ dataflow: "gone", messages: 3, bytes: 30, oldestSeconds: 60 }]);

  expect(lines).toEqual([
    expect.objectContaining({
      level: "warn",
      msg: "messages are on the disk that no dataflow delivers",
      dataflow: "gone",
      messages: 3,
      bytes: 30,
      oldestSeconds: 60,
      remedy: expect.stringMatching(/enable dataflow "gone" .* doc\/operations\.md/),
    }),
  ]);
});
