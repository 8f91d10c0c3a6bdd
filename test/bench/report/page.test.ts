import { renderPage } from "../../../bench/report/page.ts";
import { allScenarios } from "../../../bench/scenarios/all.ts";
import { parsePage } from "../../support/pages/page.ts";
import { isRun } from "../../support/pages/run-page.ts";
import { buildRun } from "./example-run.ts";

const figures = (cpuMicroseconds: number) =>
  new Array(7).fill({ cpuMicroseconds, perSecond: 20_000, lost: 0, duplicates: 2, outOfOrder: 1 }) as {
    cpuMicroseconds: number;
  }[];
const run = buildRun(
  { qos1: { relay: figures(5), "plain-mqttjs": figures(20) } },
  { failures: [{ scenario: "qos1", candidate: "rumqttc", reason: "no message crossed it | within 30 s" }] },
);
const render = (record = run) => renderPage(record, allScenarios, "benchmark.svg");

test("gives each bridge a row with its figures, its share of plain mqtt.js and its faults over all rounds", () => {
  expect(render()).toContain(
    "| this relay | 5.00 [5.00, 5.00] | 0.25 [0.25, 0.25] | 20,000 [20,000, 20,000] | 0 / 14 / 7 |",
  );
});

test("gives a bridge that did not start a row that says why, and one that can't be installed too", () => {
  expect(render()).toContain("| rumqttc: no message crossed it \\| within 30 s | – | – | – | – |");
  expect(render()).toContain("| rumqttc | – | could not be installed: cargo: not found on the PATH |");
});

test("shows only scenarios that were run", () => {
  expect(render()).toContain("### QoS 1, 128 bytes\n");
  expect(render()).not.toContain("### QoS 0, 128 bytes");
});

test("has no command that the tests of pages would run: a benchmark takes minutes", () => {
  const page = parsePage("doc/benchmark.md", render());

  expect([page.problems, page.blocks.length, isRun(page)]).toEqual([[], 1, false]);
});

test("warns above the figures when other programs had a part of the machine, and only then", () => {
  const shared = render({ ...run, machine: { ...run.machine, othersShare: 0.27 } });

  expect(shared).toContain("> **The machine was shared.** Other programs took 27 % of its time during this run");
  expect(shared.indexOf("was shared")).toBeLessThan(shared.indexOf("## Bars"));
  expect(render()).not.toContain("was shared");
});

test("has as many cells in every row of a table as in its head", () => {
  const cells = (line: string) => line.replaceAll("\\|", "").split("|").length;
  const tables = render()
    .split("\n\n")
    .filter((block) => block.startsWith("|"));

  expect(tables.length).toBeGreaterThan(2);
  for (const table of tables) expect(new Set(table.split("\n").map(cells)).size).toBe(1);
});

test("holds each bridge against the limit in Rust, and against that in Node.js where it is the only one", () => {
  const limited = (limits: Readonly<Record<string, number>>) => {
    const all = Object.entries({ relay: 8, "plain-mqttjs": 20, ...limits });
    return render(buildRun({ qos1: Object.fromEntries(all.map(([name, value]) => [name, figures(value)])) }));
  };

  expect(limited({ "limit-node": 5, "limit-rust": 4 })).toContain("CPU, times the limit");
  expect(limited({ "limit-node": 5, "limit-rust": 4 })).toContain(
    "| this relay | 8.00 [8.00, 8.00] | 0.40 [0.40, 0.40] | 2.00 [",
  );
  expect(limited({ "limit-node": 5 })).toContain("| this relay | 8.00 [8.00, 8.00] | 0.40 [0.40, 0.40] | 1.60 [");
});

test("leaves out a column that has nothing in any row", () => {
  expect(render()).toContain("| bridge | CPU, µs a message | CPU, share of plain mqtt.js | messages a second | lost");
});

test("says which bridges were left out, and why", () => {
  expect(render()).toMatch(/### Left out[^]*rumqttd[^]*packet identifier 0[^]*HiveMQ Edge[^]*EMQX/);
});
