import type { RunRecord } from "../../../bench/report/run-record.ts";
import type { Figures } from "../../../bench/scenarios/scenario.ts";

/** A run with the figures of each candidate by scenario, one entry a round. */
export function buildRun(
  figures: Readonly<Record<string, Readonly<Record<string, readonly Figures[]>>>>,
  change: Partial<RunRecord> = {},
): RunRecord {
  const measurements = Object.entries(figures).flatMap(([scenario, candidates]) =>
    Object.entries(candidates).flatMap(([candidate, rounds]) =>
      rounds.map((given, round) => ({ scenario, candidate, round, figures: given })),
    ),
  );
  return {
    startedAt: "2026-11-23T04:05:06.000Z",
    seconds: 600,
    command: "npm run bench",
    machine: {
      processor: "Example <1> & sons",
      cores: 2,
      memoryGigabytes: 23,
      system: "Linux 6",
      versions: { node: "24.0.0" },
      othersShare: 0,
    },
    size: { rounds: 7, messages: 1000, pacedSeconds: 1, stalledMessages: 1000, dataflows: 20 },
    peers: [
      { name: "relay", title: "this relay", remark: "remark", version: "1" },
      { name: "plain-mqttjs", title: "plain mqtt.js", remark: "remark", version: "5" },
      { name: "mosquitto", title: "mosquitto's bridge", remark: "remark", version: "2" },
      { name: "rumqttc", title: "rumqttc", remark: "remark", reason: "cargo: not found on the PATH" },
    ],
    measurements,
    failures: [],
    ...change,
  };
}

/** The same figure in seven rounds. */
export function rounds(figure: keyof Figures, values: readonly number[]): Figures[] {
  return values.map((value) => ({ [figure]: value }));
}
