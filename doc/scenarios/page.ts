import { acknowledgements } from "./acknowledgements.ts";
import { bridgeScenarios } from "./bridge.ts";
import type { Scenario } from "./scenario.ts";
import { traps } from "./traps.ts";

/** All tables of the page, by their headings. */
export const scenarioTables: Readonly<Record<string, { readonly intro: string; readonly rows: readonly Scenario[] }>> =
  {
    "Traps of a data plane on bytes": {
      intro: "Ways in which a client that forwards packets as bytes loses messages or stalls without a word.",
      rows: traps,
    },
    "What mosquitto asks of its bridge": {
      intro:
        "The files `test/broker/06-bridge-*` of eclipse-mosquitto/mosquitto, and what its bridge meets beside them.",
      rows: bridgeScenarios,
    },
    "Order of acknowledgements": {
      intro:
        "The matrix of `doc/dev/testing/session-client-testing.md` in Azure/iot-operations-sdks; what the application acknowledges there, the destination acknowledges here.",
      rows: acknowledgements,
    },
  };

/** Renders `doc/scenarios.md`. */
export function renderScenarios(): string {
  const parts = Object.entries(scenarioTables).flatMap(([heading, { intro, rows }]) => [
    `## ${heading}`,
    intro,
    ["| scenario | behaviour | shown by |", "| --- | --- | --- |", ...rows.map(renderRow)].join("\n"),
  ]);
  const reasonCodes =
    "Each reason code in CONNACK, SUBACK, PUBACK and DISCONNECT goes through a running dataflow in `test/runtime/dataflow-reason-codes.test.ts`.";
  return [
    "# Scenarios",
    "What others test their bridges and clients for, and the tests that show it here. Written by `npm run docs`; a test compares this page, and looks whether each test exists.",
    ...parts,
    "## Reason codes",
    reasonCodes,
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}

function renderRow({ id, behaviour, tests, remark }: Scenario): string {
  const shown = tests.map(({ file, name }) => `\`${file}\`: ${escape(name)}`);
  return `| ${escape(id)} | ${escape(behaviour)} | ${[...shown, ...(remark === undefined ? [] : [escape(remark)])].join("<br>")} |`;
}

/** Keeps a text inside its cell, and a placeholder from being taken for markup. */
function escape(text: string): string {
  return text.replaceAll("|", String.raw`\|`).replaceAll("$", String.raw`\$`);
}
