import { execFileSync, spawnSync } from "node:child_process";
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

describeWithPart("check-dashboard", (checkDashboard) => {
  afterAll(removeTemporaryFolders);

  const check = (dashboard: object) => {
    const file = path.join(createTemporaryFolder("dashboard"), "dashboard.json");
    writeFileSync(file, JSON.stringify(dashboard));
    return spawnSync(checkDashboard, [file], { encoding: "utf8" });
  };
  const dashboard = JSON.parse(renderDashboard()) as { panels: object[] };

  test("the dashboard keeps to the schema that Grafana publishes", () => {
    expect(check(dashboard)).toMatchObject({ stderr: "", status: 0 });
  });

  test("a field that Grafana does not have, in a panel too, is found", () => {
    const panels = [...dashboard.panels, { ...dashboard.panels[1], option: {} }];
    const { stderr, status } = check({ ...dashboard, panel: [], panels });

    expect(status).toBe(1);
    expect(stderr).toContain("Dashboard: unexpected field 'panel'");
    expect(stderr).toContain(`panels[${panels.length - 1}].Panel: unexpected field 'option'`);
  });
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

  /** A series of each metric, with the labels that the relay gives it, as promtool writes series that rise for half an hour. */
  function inputSeries(): object[] {
    const target = 'instance="relay:9600",job="relay"';
    const labelled = (name: string, labels: readonly string[], more = "") =>
      `${name}{${target}${labels.map((label) => `,${label}="any"`).join("")}${more}}`;
    return [
      ...families.map(({ name, labels }) => labelled(name, labels)),
      ...["0.1", "1", "+Inf"].map((le) =>
        labelled(`${deliveryDuration.name}_bucket`, deliveryDuration.labels, `,le="${le}"`),
      ),
      labelled("process_resident_memory_bytes", []),
      labelled("process_cpu_seconds_total", []),
    ].map((series) => ({ series, values: "1+1x30" }));
  }

  test("each query of the dashboard finds data in series with the labels that the relay gives them", () => {
    const folder = createTemporaryFolder("dashboard");
    const rules = expressions.map((expr, index) => {
      const asked = expr.replaceAll("$__rate_interval", "5m").replaceAll(/\$(instance|dataflow)/g, ".*");
      return { alert: `query ${index} finds nothing`, expr: `absent(${asked})`, annotations: { expr: asked } };
    });
    writeFileSync(path.join(folder, "rules.yaml"), stringify({ groups: [{ name: "dashboard", rules }] }));
    const tests = [
      {
        interval: "1m",
        input_series: inputSeries(),
        alert_rule_test: rules.map(({ alert }) => ({ eval_time: "20m", alertname: alert, exp_alerts: [] })),
      },
    ];
    const file = path.join(folder, "test.yaml");
    writeFileSync(file, stringify({ rule_files: ["rules.yaml"], tests }));

    const checked = spawnSync(promtool, ["test", "rules", file], { encoding: "utf8" });

    expect(`${checked.stdout}${checked.stderr}`).toContain("SUCCESS");
    expect(checked.status).toBe(0);
  });
});
