import { createLog, type LogLevel, type ToldLine } from "../../../runtime/report/log.ts";
import { hostileLines, hostileText } from "../../support/hostile-text.ts";

function record(level: Parameters<typeof createLog>[0]) {
  const lines: string[] = [];
  return { log: createLog(level, { write: (line) => lines.push(line) }), lines };
}

describe("createLog", () => {
  test("writes each event as one line of JSON with an ISO time and its level by name", () => {
    const { log, lines } = record("info");

    log.info({ event: "connected", dataflow: "up" }, "connected");

    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{[^\n]*\}\n$/);
    const line = JSON.parse(lines[0]!) as Record<string, unknown>;
    expect(line).toEqual({
      level: "info",
      time: expect.any(String),
      event: "connected",
      dataflow: "up",
      msg: "connected",
    });
    expect(new Date(String(line["time"])).toISOString()).toBe(line["time"]);
  });

  test("keeps line breaks of a text within the line", () => {
    const { log, lines } = record("info");

    log.info({ event: "connected", reason: "one\ntwo" }, "three\nfour");

    expect(lines.join("").trimEnd()).not.toContain("\n");
  });

  test("escapes what a terminal would obey, and a parser reads the same text", () => {
    const { log, lines } = record("info");

    log.info(
      { event: "connected", reason: hostileText, [`key${hostileText}`]: 1, error: new Error(hostileText) },
      hostileText,
    );

    expect(hostileLines(lines.join("").trimEnd())).toEqual([]);
    expect(JSON.parse(lines[0]!)).toMatchObject({ reason: hostileText, [`key${hostileText}`]: 1, msg: hostileText });
  });

  test.each([
    ["error", ["error"]],
    ["warn", ["warn", "error"]],
    ["info", ["info", "warn", "error"]],
    ["debug", ["debug", "info", "warn", "error"]],
    ["trace", ["debug", "info", "warn", "error"]],
  ] as const)("writes from level %s on", (level, expected) => {
    const { log, lines } = record(level);

    log.debug({ event: "message-received" }, "text");
    log.info({ event: "connected" }, "text");
    log.warn({ event: "connection-lost" }, "text");
    log.error({ event: "dataflow-stopped" }, "text");

    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(expected);
  });

  test("names the site in each line of a log that was made for it", () => {
    const { log, lines } = record("info");

    log.child({ site: "oslo" }).info({ event: "connected" }, "text");

    expect(JSON.parse(lines[0]!)).toMatchObject({ site: "oslo" });
  });

  test("takes no line without the name of an event of its level, so that the compiler finds it", () => {
    const { log, lines } = record("debug");

    // @ts-expect-error: without an event
    log.info({ reason: "none" }, "text");
    // @ts-expect-error: an event that is not in the table
    log.info({ event: "conected" }, "text");
    // @ts-expect-error: an event of another level
    log.info({ event: "connection-lost" }, "text");
    // @ts-expect-error: a text alone
    log.info("text");

    expect(lines).toHaveLength(4);
  });
});

describe("whoever shows the log elsewhere", () => {
  function watched(level: LogLevel) {
    const told: ToldLine[] = [];
    const lines: string[] = [];
    const log = createLog(level, { write: (line) => lines.push(line) }, (line) => told.push(line));
    return { log, told, lines };
  }

  test("is told of each line with the fields of its logger", () => {
    const { log, told, lines } = watched("info");

    log.child({ dataflow: "upward" }).warn({ event: "connection-failed", reason: "no route" }, "could not connect");

    expect(told).toEqual([
      {
        level: "warn",
        event: "connection-failed",
        msg: "could not connect",
        fields: { dataflow: "upward", event: "connection-failed", reason: "no route" },
      },
    ]);
    expect(lines).toHaveLength(1);
  });

  test("is told of what is not severe enough to be written, from info on", () => {
    const { log, told, lines } = watched("error");

    log.info({ event: "connected" }, "connected");
    log.debug({ event: "message-received" }, "received");
    log.error({ event: "dataflow-stopped" }, "stopped");

    expect(told.map(({ msg }) => msg)).toEqual(["connected", "stopped"]);
    expect(lines).toHaveLength(1);
  });

  test("has nothing to do with messages one by one, which are written at debug", () => {
    const { log, told, lines } = watched("debug");

    log.debug({ event: "message-received" }, "received");

    expect(told).toEqual([]);
    expect(lines).toHaveLength(1);
    expect(watched("warn").log.isLevelEnabled("debug")).toBe(false);
  });
});
