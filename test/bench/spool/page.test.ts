import { renderSpoolPage } from "../../../bench/spool/page.ts";
import type { SpoolMeasurement, SpoolRecord } from "../../../bench/spool/record.ts";

const rounds = 7;

function measurement(peer: SpoolMeasurement["peer"], round: number, inPerSecond: number): SpoolMeasurement {
  const limit = {
    inPerSync: 500,
    outPerSync: 250,
    inBytes: 400,
    outBytes: 420,
    inPerSecond: 100_000,
    outPerSecond: 100_000,
  };
  const cpu = { inCpuMicroseconds: 5, outCpuMicroseconds: 8 };
  const faults = { lost: 0, duplicates: peer === "relay" ? 0 : 3, outOfOrder: 0 };
  const figures = { inPerSecond, outPerSecond: 50_000, ...cpu, ...faults };
  return { peer, syncDelay: 0, round, ...figures, ...(peer === "relay" ? { limit } : {}) };
}

function recordOf(more: Partial<SpoolRecord> = {}): SpoolRecord {
  const measurements = Array.from({ length: rounds }, (_, round) => [
    measurement("relay", round, 80_000 + round),
    measurement("artemis", round, 20_000),
  ]).flat();
  const machine = {
    processor: "cpu",
    cores: 2,
    memoryGigabytes: 8,
    system: "Linux",
    versions: { fio: "3.33" },
    othersShare: 0,
  };
  return {
    startedAt: "2026-11-27T10:00:00.000Z",
    command: "npm run bench:spool",
    machine,
    rounds,
    messages: 100_000,
    payloadBytes: 128,
    window: 1000,
    syncDelays: [0],
    peers: [
      { name: "relay", title: "this relay", remark: "syncs", version: "1" },
      { name: "artemis", title: "Artemis", remark: "syncs too", version: "2" },
      { name: "mosquitto", title: "mosquitto", remark: "saves", reason: "it is not there" },
    ],
    measurements,
    restarts: [
      { messages: 1_000_000, readySeconds: 1.5, residentMegabytes: 90 },
      { messages: 0, readySeconds: 1, residentMegabytes: 70 },
      { messages: 1_000_000, readySeconds: 1.6, residentMegabytes: 91 },
      { messages: 0, readySeconds: 1, residentMegabytes: 72 },
    ],
    ...more,
  };
}

function rowsWith(page: string, text: string): string[] {
  return page.split("\n").filter((line) => line.startsWith("|") && line.includes(text));
}

test("judges the share of the disk's limit, the restart and its memory", () => {
  const page = renderSpoolPage(recordOf());

  expect(rowsWith(page, "share of the disk's limit")).toEqual([
    expect.stringContaining("| 0.80 [0.80, 0.80] | **pass** |"),
    expect.stringContaining("| 0.50 [0.50, 0.50] | **fail** |"),
  ]);
  expect(rowsWith(page, "Ready after a restart")[0]).toContain("at most 5 s | 1.55 s [1.50, 1.60]* | **pass** |");
  expect(rowsWith(page, "Memory with 1,000,000 messages")[0]).toContain("19.5 MB [19.0, 20.0]* | **pass** |");
});

test("sets the relay beside the others, round by round, and sums what went wrong", () => {
  const row = rowsWith(renderSpoolPage(recordOf()), "Artemis |")[0] ?? "";

  expect(row).toContain("| 20,000 [20,000, 20,000] | 4.00 [4.00, 4.00] |");
  expect(row).toContain("| 0 / 21 / 0 |");
});

test("says why a program has no figures, and that a part was not measured", () => {
  const page = renderSpoolPage(recordOf({ measurements: [], restarts: [] }));

  expect(page).toContain("no figures, or not all: it is not there");
  expect(rowsWith(page, "**not measured**")).toHaveLength(4);
});

test("warns of a machine that was shared", () => {
  const { machine } = recordOf();

  expect(renderSpoolPage(recordOf({ machine: { ...machine, othersShare: 0.2 } }))).toContain("took 20 % of its time");
  expect(renderSpoolPage(recordOf())).not.toContain("**The machine was shared.**");
});
