import { reportLinkState, reportTrouble } from "../../../runtime/report/trouble-log.ts";
import { createLog } from "../../../runtime/report/log.ts";

/** A log whose lines a test reads. */
function recordLog() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog("debug", { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  return { log, lines };
}

const end = { side: "source", endpoint: "edge", host: "broker.example:8883" };

describe("reportLinkState", () => {
  test.each([
    [{ kind: "stopped" } as const, "info", "disconnected", { event: "disconnected" }],
    [
      { kind: "down", reason: "it broke" } as const,
      "warn",
      "disconnected, will retry",
      { event: "connection-lost", reason: "it broke", retryInMs: 1500 },
    ],
  ])("says %j of a link that was connected in one line", (state, level, msg, fields) => {
    const { log, lines } = recordLog();
    const report = reportLinkState(log, end);

    report({ kind: "up" });
    report(state, 1499.6);

    const time = expect.any(String) as string;
    expect(lines).toEqual([
      { level: "info", time, event: "connected", ...end, msg: "connected" },
      { level, time, ...end, ...fields, msg },
    ]);
  });

  test.each([
    [
      { kind: "down", reason: "no route" } as const,
      [
        {
          level: "warn",
          event: "connection-failed",
          reason: "no route",
          retryInMs: 1500,
          msg: "could not connect, will retry",
        },
      ],
    ],
    [{ kind: "stopped" } as const, []],
  ])("does not call disconnected what never connected: %j", (state, expected) => {
    const { log, lines } = recordLog();

    reportLinkState(log, end)(state, 1499.6);

    expect(lines).toEqual(expected.map((line) => ({ time: expect.any(String) as string, ...end, ...line })));
  });

  test("says that a link was lost once, and of each attempt after that that it could not connect", () => {
    const { log, lines } = recordLog();
    const report = reportLinkState(log, end);

    for (const kind of ["connecting", "up", "connecting"] as const) report({ kind }); // replaced in good order
    report({ kind: "down", reason: "no route" });
    report({ kind: "down", reason: "no route" });
    report({ kind: "up" });

    expect(lines.map(({ msg }) => msg)).toEqual([
      "connected",
      "disconnected, will retry",
      "could not connect, will retry",
      "connected",
    ]);
  });

  test("says nothing of a connection that is being made", () => {
    const { log, lines } = recordLog();

    reportLinkState(log, end)({ kind: "connecting" });

    expect(lines).toEqual([]);
  });
});

describe("reportTrouble", () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: 0 });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const trouble = { kind: "undeliverable" as const, reason: "it is too large", topic: "a/b" };

  test("says what became of a message, and nothing of what is in it", () => {
    const { log, lines } = recordLog();

    reportTrouble(log)(trouble);
    reportTrouble(log)({ ...trouble, kind: "rejected" });

    expect(lines).toMatchObject([
      { level: "warn", event: "message-lost", ...trouble, msg: "message lost" },
      { level: "warn", event: "message-refused", kind: "rejected", msg: "message refused, will retry" },
    ]);
  });

  test("shows the beginning of a topic that is as long as MQTT allows", () => {
    const { log, lines } = recordLog();

    reportTrouble(log)({ ...trouble, topic: "x".repeat(60_000) });

    expect(lines).toMatchObject([{ topic: `${"x".repeat(297)}...` }]);
  });

  test("cuts a flood of one kind, and says afterwards how many lines it would have been", () => {
    const { log, lines } = recordLog();
    const report = reportTrouble(log);

    for (let count = 0; count < 25; count++) report(trouble);
    expect(lines).toHaveLength(10);

    jest.advanceTimersByTime(10_001);
    report(trouble);
    expect(lines.slice(10)).toMatchObject([
      { kind: "undeliverable", silent: 15, msg: "more messages of this kind were not logged" },
      { msg: "message lost" },
    ]);
  });

  test("cuts each kind for itself", () => {
    const { log, lines } = recordLog();
    const report = reportTrouble(log);
    for (let count = 0; count < 11; count++) report(trouble);

    report({ ...trouble, kind: "rejected" });

    expect(lines).toHaveLength(11);
  });
});
