import { checkLoad } from "../../../components/checks/load.ts";
import type { ExpectedLoad } from "../../../components/checks/load.ts";

const load: ExpectedLoad = {
  path: "dataflows.up",
  end: "destination",
  messagesPerSecond: 1000,
  bytesPerMessage: undefined,
  sessions: 1,
};

/** Path and problem of what is refused. */
function refused(capacity: number, ...loads: Partial<ExpectedLoad>[]): string[] {
  return checkLoad(
    "eventGrid.capacity",
    capacity,
    loads.map((changed) => ({ ...load, ...changed })),
  ).map(({ path, problem }) => `${path} ${problem}`);
}

test.each<[string, number, Partial<ExpectedLoad>]>([
  ["1000 messages/s into a session", 1, { messagesPerSecond: 1000 }],
  ["100 messages/s out of a session", 1, { end: "source", messagesPerSecond: 100 }],
  ["1 MB/s into a session", 1, { messagesPerSecond: 500, bytesPerMessage: 2000 }],
  ["1 MB/s out of a session", 1, { end: "source", messagesPerSecond: 100, bytesPerMessage: 10_000 }],
  ["the load of two sessions by two instances", 2, { messagesPerSecond: 2000, sessions: 2 }],
  ["messages of unknown size", 1, { messagesPerSecond: 1000, bytesPerMessage: undefined }],
])("takes %s", (_, capacity, changed) => {
  expect(refused(capacity, changed)).toEqual([]);
});

test.each<[string, number, Partial<ExpectedLoad>, ...string[]]>([
  [
    "more than 1000 messages/s into a session",
    2,
    { messagesPerSecond: 1001 },
    "dataflows.up.expectedMessagesPerSecond is 1001 messages/s a session, and Event Grid takes in 1000 messages/s a session",
  ],
  [
    "more than 100 messages/s out of a session",
    1,
    { end: "source", messagesPerSecond: 101 },
    "dataflows.up.expectedMessagesPerSecond is 101 messages/s a session, and Event Grid delivers 100 messages/s a session",
  ],
  [
    "more than 1 MB/s into a session",
    2,
    { messagesPerSecond: 500, bytesPerMessage: 2001 },
    "dataflows.up.expectedMessageBytes makes 1000500 bytes/s a session, and Event Grid takes in 1000000 bytes/s a session",
  ],
  [
    "more than 1 MB/s out of a session",
    2,
    { end: "source", messagesPerSecond: 100, bytesPerMessage: 10_001 },
    "dataflows.up.expectedMessageBytes makes 1000100 bytes/s a session, and Event Grid delivers 1000000 bytes/s a session",
  ],
  [
    "a load that instances don't share evenly, and says it without a fraction",
    4,
    { end: "source", messagesPerSecond: 301, bytesPerMessage: 10_000, sessions: 3 },
    "dataflows.up.expectedMessagesPerSecond is 101 messages/s a session, and Event Grid delivers 100 messages/s a session",
    "dataflows.up.expectedMessageBytes makes 1003334 bytes/s a session, and Event Grid delivers 1000000 bytes/s a session",
  ],
  [
    "a fraction above a unit, and never says that it is the unit",
    1,
    { messagesPerSecond: 2000.2, sessions: 3 },
    "eventGrid.capacity is 1 throughput units, and the dataflows expect 2001 messages/s and 0 bytes/s into the namespace",
  ],
])("refuses %s", (_, capacity, changed, ...texts) => {
  expect(refused(capacity, changed)).toEqual(texts);
});

describe("for the namespace as a whole", () => {
  test("adds up what goes in, and what comes out, each by itself", () => {
    const half = { messagesPerSecond: 600 };
    const out = { end: "source" as const, messagesPerSecond: 90 };

    expect(refused(1, half, out)).toEqual([]);
    expect(refused(1, half, half, out)).toEqual([
      "eventGrid.capacity is 1 throughput units, and the dataflows expect 1200 messages/s and 0 bytes/s into the namespace",
    ]);
    expect(refused(2, half, half, out)).toEqual([]);
  });

  test("adds up what comes out of it", () => {
    const out = { end: "source" as const, messagesPerSecond: 100, bytesPerMessage: 6000 };

    expect(refused(1, out, out)).toEqual([
      "eventGrid.capacity is 1 throughput units, and the dataflows expect 200 messages/s and 1200000 bytes/s out of the namespace",
    ]);
  });

  test("says how many units are enough, and what to do when there are not so many", () => {
    const remedies = [3, 45].map(
      (count) =>
        checkLoad(
          "capacity",
          1,
          Array.from({ length: count }, () => load),
        )[0]?.remedy,
    );

    expect(remedies).toEqual([
      "set it to 3 or more",
      "spread the dataflows over several namespaces: one has 40 units at most",
    ]);
  });
});

test("says how to share what one session can't deliver, only where that is possible", () => {
  const [out] = checkLoad("capacity", 1, [{ ...load, end: "source", messagesPerSecond: 101 }]);
  const [into] = checkLoad("capacity", 2, [{ ...load, messagesPerSecond: 1001 }]);

  expect(out).toMatchObject({ remedy: expect.stringContaining("allowSharedSubscriptions") as string, rule: "load" });
  expect(into).toMatchObject({ remedy: "split it by topic into several dataflows", rule: "load" });
});
