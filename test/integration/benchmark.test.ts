import { readFileSync } from "node:fs";
import path from "node:path";

import type { RunRecord } from "../../bench/report/run-record.ts";
import { describeWithPart } from "../support/real-parts.ts";
import { startProcess, stopProcesses } from "../support/started-process.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";

const repository = path.join(import.meta.dirname, "../..");

describeWithPart("mosquitto", () => {
  afterAll(async () => {
    await stopProcesses();
    removeTemporaryFolders();
  });

  test("counts every message of a small run of the relay, of a plain mqtt.js relay and of the limit", async () => {
    const folder = createTemporaryFolder("bench");
    const scenarios = "qos1,tls,enriched,latency,idle,stall,both-ways";
    const args = ["--quick", "--peer", "relay,plain-mqttjs,limit-node", "--scenario", scenarios];
    const bench = startProcess(
      process.execPath,
      [
        path.join(repository, "bench/main.ts"),
        ...args,
        "--rounds",
        "2",
        "--messages",
        "300",
        "--stalled-messages",
        "300",
      ],
      { cwd: folder, env: { XDG_CACHE_HOME: folder } },
    );

    const { code } = await bench.ended;

    expect(bench.lines.join("\n")).toContain("Bars");
    expect(code).toBe(0);
    const data = path.join(folder, "dist/bench");
    const { measurements, failures } = JSON.parse(readFileSync(path.join(data, "benchmark.json"), "utf8")) as RunRecord;
    expect(failures).toEqual([]);
    const bridges = ["relay", "plain-mqttjs"];
    for (const [scenario, rounds, candidates] of [
      ["qos1", 2, [...bridges, "limit-node"]],
      ["tls", 2, [...bridges, "limit-node"]],
      ["enriched", 2, bridges],
      ["latency", 2, [...bridges, "limit-node"]],
      ["idle", 2, bridges],
      ["stall", 1, bridges],
      ["both-ways", 2, ["relay"]],
    ] as const) {
      for (const candidate of candidates) {
        const own = measurements.filter((entry) => entry.scenario === scenario && entry.candidate === candidate);
        expect([scenario, candidate, own.length]).toEqual([scenario, candidate, rounds]);
        for (const { figures } of own) {
          expect(figures.lost ?? 0).toBe(0);
          expect(figures.duplicates ?? 0).toBe(0);
          expect(figures.outOfOrder ?? 0).toBe(0);
        }
      }
    }
    expect(readFileSync(path.join(data, "benchmark.md"), "utf8")).toContain("![CPU per message");
  }, 90_000);
});
