import { createLog, type LogLevel, type LogLine } from "../../../runtime/report/log.ts";
import { hostileLines, hostileText } from "../../support/hostile-text.ts";

function record(level: Parameters<typeof createLog>[0]) {
  const lines: string[] = [];
  return { log: createLog(level, { write: (line) => lines.push(line) }), lines };
}

describe("createLog", () => {
  test("writes each event as one line of JSON with an ISO time and its level by name", () => {
    const { log, lines } = record("info");

    log.info({ dataflow: "up" }, "connected");

    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{[^\n]*\}\n$/);
    const line = JSON.parse(lines[0]!) as Record<string, unknown>;
    expect(line).toEqual({ level: "info", time: expect.any(String), dataflow: "up", msg: "connected" });
    expect(new Date(String(line["time"])).toISOString()).toBe(line["time"]);
  });

  test("keeps line breaks of a text within the line", () => {
    const { log, lines } = record("info");

    log.info({ reason: "one\ntwo" }, "three\nfour");

    expect(lines.join("").trimEnd()).not.toContain("\n");
  });

  test("escapes what a terminal would obey, and a parser reads the same text", () => {
    const { log, lines } = record("info");

    log.info({ reason: hostileText, [`key${hostileText}`]: 1, error: new Error(hostileText) }, hostileText);

    expect(hostileLines(lines.join("").trimEnd())).toEqual([]);
    expect(JSON.parse(lines[0]!)).toMatchObject({ reason: hostileText, [`key${hostileText}`]: 1, msg: hostileText });
  });

  test.each([
    ["error", ["error"]],
    ["warn", ["warn", "error"]],
    ["info", ["info", "warn", "error"]],
    ["debug", ["debug", "info", "warn", "error"]],
    ["trace", ["trace", "debug", "info", "warn", "error"]],
  ] as const)("writes from level %s on", (level, expected) => {
    const { log, lines } = record(level);

    for (const one of ["trace", "debug", "info", "warn", "error"] as const) log[one]("event");

    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(expected);
  });

  test("names the site in each line of a log that was made for it", () => {
    const { log, lines } = record("info");

    log.child({ site: "oslo" }).info("event");

    expect(JSON.parse(lines[0]!)).toMatchObject({ site: "oslo" });
  });
});

describe("whoever shows the log elsewhere", () => {
  function watched(level: LogLevel) {
    const told: LogLine[] = [];
    const lines: string[] = [];
    const log = createLog(level, { write: (line) => lines.push(line) }, (line) => told.push(line));
    return { log, told, lines };
  }

  test("is told of each line with the fields of its logger", () => {
    const { log, told, lines } = watched("info");

    log.child({ dataflow: "upward" }).warn({ reason: "no route" }, "could not connect");

    expect(told).toEqual([
      { level: "warn", msg: "could not connect", fields: { dataflow: "upward", reason: "no route" } },
    ]);
    expect(lines).toHaveLength(1);
  });

  test("is told of what is not severe enough to be written, from info on", () => {
    const { log, told, lines } = watched("error");

    log.info("connected");
    log.debug("received");
    log.error("stopped");

    expect(told.map(({ msg }) => msg)).toEqual(["connected", "stopped"]);
    expect(lines).toHaveLength(1);
  });

  test("has nothing to do with messages one by one, which are written at debug", () => {
    const { log, told, lines } = watched("debug");

    log.debug("received");

    expect(told).toEqual([]);
    expect(lines).toHaveLength(1);
    expect(watched("warn").log.isLevelEnabled("debug")).toBe(false);
  });
});
