import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { stringify } from "yaml";

import { alertRules } from "../../doc/operate/alert-rules.ts";
import { renderAlerts } from "../../doc/operate/alerts-page.ts";
import { families } from "../../runtime/report/metrics/families.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import type { Recording } from "./alerts/recording.ts";

const rulesFile = path.join(import.meta.dirname, "../../doc/operate/alerts.yaml");

/** What fires in the course of a recording, and nothing else; before `faultSeconds` nothing does. */
const expectations = [
  {
    scene: "stopped",
    faultSeconds: 100,
    fires: [
      { alertname: "RelayDataflowStopped", dataflow: "commands" },
      { alertname: "RelayMessagesLost", dataflow: "readings", reason: "undeliverable" },
      { alertname: "RelayDeadLetters", dataflow: "alarms" },
    ],
  },
  {
    scene: "destination-away",
    faultSeconds: 60,
    fires: [
      { alertname: "RelayDisconnected", dataflow: "memory", side: "destination" },
      { alertname: "RelayDisconnected", dataflow: "spool", side: "destination" },
      { alertname: "RelayMessagesLate", dataflow: "memory" },
      { alertname: "RelaySpoolFilling", dataflow: "spool" },
      { alertname: "RelaySpoolUnhealthy", dataflow: "spool" },
    ],
  },
  { scene: "session-lost", faultSeconds: 100, fires: [{ alertname: "RelaySessionLost", dataflow: "flow" }] },
  {
    scene: "credential-ends",
    faultSeconds: 60,
    fires: [
      { alertname: "RelayCredentialEndsSoon", endpoint: "edge", kind: "client_certificate" },
      { alertname: "RelayCredentialEndsSoon", endpoint: "cloud", kind: "token" },
    ],
  },
  { scene: "healthy-day", faultSeconds: 0, fires: [] },
] as const;

const fired =
  'max by (alertname, dataflow, side, reason, endpoint, kind) (max_over_time(ALERTS{alertstate="firing"}[30h]))';

function readRecording(scene: string): Recording {
  const file = path.join(import.meta.dirname, "alerts/recordings", `${scene}.json`);
  return JSON.parse(readFileSync(file, "utf8")) as Recording;
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  return `{${Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(", ")}}`;
}

test("doc/operate/alerts.yaml is what the rules say", () => {
  if (readFileSync(rulesFile, "utf8") !== renderAlerts()) throw new Error("alerts.yaml: differs; run `npm run docs`");
});

test("every rule reads metrics that the relay has", () => {
  const names = new Set(families.map(({ name }) => name));
  const read = alertRules.flatMap(({ expr }) => expr.match(/relay_[a-z_]+/g) ?? []);

  expect(read.filter((name) => !names.has(name))).toEqual([]);
});

test("every alert fires in a recording", () => {
  const firing = new Set(expectations.flatMap(({ fires }) => fires.map(({ alertname }): string => alertname)));

  expect(alertRules.map(({ alert }) => alert).filter((alert) => !firing.has(alert))).toEqual([]);
});

describeWithPart("promtool", (promtool) => {
  afterAll(removeTemporaryFolders);

  /** What promtool says; its exit code is 1 when a test of rules fails. */
  function run(...args: string[]): string {
    try {
      return execFileSync(promtool, args, { encoding: "utf8", stdio: "pipe" });
    } catch (cause) {
      const { stdout = "", stderr = "" } = cause as { stdout?: string; stderr?: string };
      throw new Error(`promtool ${args.join(" ")}:\n${stdout}${stderr}`, { cause });
    }
  }

  function testRules(tests: object, intervalSeconds: number): void {
    const file = path.join(createTemporaryFolder("alerts"), "tests.yaml");
    const evaluation_interval = `${intervalSeconds}s`;
    writeFileSync(file, stringify({ rule_files: [rulesFile], evaluation_interval, tests: [tests] }));
    run("test", "rules", file);
  }

  test("takes the rules", () => {
    expect(run("check", "rules", rulesFile)).toContain(`SUCCESS: ${alertRules.length} rules found`);
  });

  test.each(expectations)("in $scene, what should fire fires, and nothing else", ({ scene, faultSeconds, fires }) => {
    const { intervalSeconds, samples, series } = readRecording(scene);

    testRules(
      {
        interval: `${intervalSeconds}s`,
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        promql_expr_test: [
          { expr: fired, eval_time: `${faultSeconds}s`, exp_samples: [] },
          {
            expr: fired,
            eval_time: `${(samples - 1) * intervalSeconds}s`,
            exp_samples: fires.map((labels) => ({ labels: formatLabels(labels), value: 1 })),
          },
        ],
      },
      intervalSeconds,
    );
  });

  test("an alert says what is wrong and what to do, with the labels of the scrape", () => {
    testRules(
      {
        interval: "15s",
        input_series: [
          { series: 'relay_oldest_message_age_seconds{dataflow="upward",pod="relay-0"}', values: "0+15x40" },
        ],
        alert_rule_test: [
          {
            alertname: "RelayMessagesLate",
            eval_time: "8m",
            exp_alerts: [
              {
                exp_labels: { dataflow: "upward", pod: "relay-0", severity: "warning" },
                exp_annotations: {
                  summary: "Dataflow upward holds a message for 8m 0s already.",
                  description:
                    "Look at its destination: /readyz says whether it is away, refuses messages or acknowledges nothing.",
                },
              },
            ],
          },
        ],
      },
      15,
    );
  });
});
