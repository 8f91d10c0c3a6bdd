import { parseLogLine, parseMetrics, renderLogLine } from "../../../cli/demo/relay-output.ts";
import { hostileLines, hostileText } from "../../support/hostile-text.ts";

test.each([
  ['{"level":"info","msg":"drained","time":"t"}', { level: "info", msg: "drained", time: "t" }],
  ["(node:7) Warning: something", { level: "warn", msg: "(node:7) Warning: something" }],
  ['{"level":"info","msg":"half a li', { level: "warn", msg: '{"level":"info","msg":"half a li' }],
  ['{"level":30,"msg":"numbers"}', { level: "warn", msg: '{"level":30,"msg":"numbers"}' }],
  ["null", { level: "warn", msg: "null" }],
  ["42", { level: "warn", msg: "42" }],
])("reads the line %s", (line, expected) => {
  expect(parseLogLine(line)).toEqual(expected);
});

test.each([
  [
    {
      level: "warn",
      event: "connection-lost",
      msg: "disconnected",
      time: "t",
      site: "oslo",
      dataflow: "a",
      retryInMs: 5,
    },
    "relay warning: disconnected (dataflow=a retryInMs=5)",
  ],
  [
    { level: "error", msg: "dataflow stopped", reason: "not authorized" },
    "relay error: dataflow stopped (reason=not authorized)",
  ],
  [{ level: "info", msg: "drained", time: "t" }, "relay info: drained"],
])("says %j as a sentence", (line, expected) => {
  expect(renderLogLine(line)).toBe(expected);
});

test("says a line from outside so that it neither forges a line nor steers a terminal", () => {
  const line = { level: "warn", msg: hostileText, [`key${hostileText}`]: 1, reason: hostileText, list: [hostileText] };

  expect(hostileLines(renderLogLine(line))).toEqual([]);
});

test("reads metrics by dataflow and name, adding up what else they are labelled with", () => {
  const metrics = parseMetrics(
    [
      "# HELP relay_messages_received_total Messages",
      "# TYPE relay_messages_received_total counter",
      'relay_messages_received_total{dataflow="alarms"} 12',
      'relay_messages_received_total{dataflow="telemetry"} 1.5e+3',
      'relay_messages_lost_total{dataflow="alarms",reason="tooLarge"} 2',
      'relay_messages_lost_total{dataflow="alarms",reason="noTopic"} 3',
      "process_cpu_seconds_total 0.5",
      'other{endpoint="edge"} 1',
      "",
    ].join("\n"),
  );

  expect(Object.fromEntries(metrics)).toEqual({
    alarms: { relay_messages_received_total: 12, relay_messages_lost_total: 5 },
    telemetry: { relay_messages_received_total: 1500 },
  });
});

test("reads an empty exposition", () => {
  expect(parseMetrics("").size).toBe(0);
});
