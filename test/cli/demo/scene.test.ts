import { stripVTControlCharacters } from "node:util";

import type { LedgerTotals } from "../../../cli/demo/ledger.ts";
import { renderArrival, renderLedger, renderTable } from "../../../cli/demo/scene.ts";
import { hostileLines, hostileText } from "../../support/hostile-text.ts";

const totals: LedgerTotals = {
  published: 1500,
  accepted: 1499,
  delivered: 1498,
  duplicated: 2,
  lost: 1,
  refusal: undefined,
  p50Ms: 2.94,
  p99Ms: 1014.06,
};
const metrics = {
  relay_messages_received_total: 1500,
  relay_messages_delivered_total: 1499,
  relay_messages_in_flight: 1,
  relay_messages_waiting: 0,
};
const lines = [
  {
    dataflow: "alarms",
    direction: "to the cloud" as const,
    metrics: {},
    totals: { ...totals, lost: 0, p50Ms: 0, p99Ms: 0 },
  },
  { dataflow: "telemetry", direction: "to the edge" as const, metrics, totals },
];

function plain(text: string): string[] {
  return stripVTControlCharacters(text).split("\n");
}

test("the table has a line for each dataflow, numbers below their titles, zero where the relay says nothing", () => {
  expect(plain(renderTable(lines))).toEqual([
    "dataflow                 received  delivered  in flight  waiting  p50 ms  p99 ms",
    "alarms     to the cloud         0          0          0        0     0.0     0.0",
    "telemetry  to the edge       1500       1499          1        0     2.9  1014.1",
  ]);
});

test("the table of the demo fits a terminal of 80 columns", () => {
  expect(plain(renderTable(lines)).filter((line) => line.length > 80)).toEqual([]);
});

test("the ledger has a line for each dataflow, and their sums", () => {
  expect(plain(renderLedger(lines))).toEqual([
    "dataflow                 published  accepted  delivered  lost  duplicated",
    "alarms     to the cloud       1500      1499       1498     0           2",
    "telemetry  to the edge        1500      1499       1498     1           2",
    "all                           3000      2998       2996     1           4",
  ]);
});

test("an arrival shows both topics, all properties and the payload", () => {
  const arrival = {
    dataflow: "telemetry",
    machine: "press-1",
    from: "plant/press-1/power",
    to: "sites/oslo/plant/press-1/power",
    payload: '{"n":1}',
    properties: { machine: "press-1", tag: ["a", "b"] },
    contentType: "application/json",
  };

  expect(plain(renderArrival(arrival))).toEqual([
    "telemetry  plant/press-1/power -> sites/oslo/plant/press-1/power",
    "  content type application/json  machine=press-1  tag=a,b",
    '  {"n":1}',
  ]);
});

test("an arrival without a content type says so", () => {
  const arrival = {
    dataflow: "a",
    machine: "m",
    from: "x",
    to: "y",
    payload: "",
    properties: {},
    contentType: undefined,
  };

  expect(plain(renderArrival(arrival))[1]?.trimEnd()).toBe("  content type none");
});

test("a message shows what anybody may have sent so that it neither forges a line nor steers a terminal", () => {
  const shown = renderArrival({
    dataflow: "telemetry",
    machine: "press-1",
    from: hostileText,
    to: hostileText,
    payload: hostileText,
    properties: { [hostileText]: hostileText },
    contentType: hostileText,
  });

  // Its styles are its own.
  const unstyled = shown.replace(/\u001b\[[0-9]+m/g, "");
  expect(hostileLines(unstyled)).toEqual([]);
  expect(unstyled.split("\n")).toHaveLength(3);
});
