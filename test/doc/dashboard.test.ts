import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { stringify } from "yaml";

import { renderDashboard } from "../../doc/operate/dashboard.ts";
import { rows } from "../../doc/operate/panels.ts";
import { deliveryDuration, families } from "../../runtime/report/metrics/families.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";

const expressions = rows.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)));
const used = new Set(expressions.flatMap((expr) => expr.match(/\brelay_[a-z_]+/g) ?? []));

test("doc/operate/dashboard.json is what its panels say", () => {
  const stored = readFileSync(path.join(import.meta.dirname, "../../doc/operate/dashboard.json"), "utf8");

  if (stored !== renderDashboard()) throw new Error("doc/operate/dashboard.json: differs; run `npm run docs`");
});

test("the dashboard shows each of the relay's metrics, and none that it does not have", () => {
  const names = [...families.map(({ name }) => name), `${deliveryDuration.name}_bucket`];

  expect([...used].sort()).toEqual(names.sort());
});

test("panels of the dashboard don't overlap, and stay within Grafana's 24 columns", () => {
  const { panels } = JSON.parse(renderDashboard()) as {
    panels: { id: number; gridPos: { x: number; y: number; w: number; h: number } }[];
  };
  const taken = new Set<string>();

  for (const { gridPos } of panels) {
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(x).toBeLessThan(24);
        expect(taken).not.toContain(`${x},${y}`);
        taken.add(`${x},${y}`);
      }
  }
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
});

describeWithPart("promtool", (promtool) => {
  afterAll(removeTemporaryFolders);

  test("takes every query of the dashboard", () => {
    const file = path.join(createTemporaryFolder("dashboard"), "rules.yaml");
    // Grafana puts a length of time in.
    const rules = expressions.map((expr, index) => ({
      record: `query:${index}`,
      expr: expr.replaceAll("$__rate_interval", "1m"),
    }));
    writeFileSync(file, stringify({ groups: [{ name: "dashboard", rules }] }));

    expect(execFileSync(promtool, ["check", "rules", file], { encoding: "utf8" })).toContain(
      `SUCCESS: ${rules.length} rules found`,
    );
  });
});
