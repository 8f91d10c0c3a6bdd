import { execFileSync } from "node:child_process";
import path from "node:path";

import { patientMs } from "../support/patience.ts";
import { isLinux } from "../support/real-parts.ts";
import { createTemporaryFolder } from "../support/temporary-folder.ts";
import { drawTrial, faultsOf, runTrial, type Trial } from "./trial.ts";

const root = path.join(import.meta.dirname, "../..");
const floodMs = 3000;
const stillMs = 15_000;

const usual: Trial = {
  ...drawTrial(1),
  memoryMebibytes: 256,
  dataflows: 1,
  dataflow: { maxInflightBytes: 16_777_216, undeliverableMessages: "Discard", spool: { mode: "Disabled" } },
  template: "${inputTopic}",
  endpoints: { source: { qos: 1, maxInflightMessages: 100 }, destination: { qos: 1, maxInflightMessages: 100 } },
  destination: "away",
};
const flood = {
  qos: 1,
  payloadBytes: 100,
  topicBytes: 10,
  isWide: false,
  propertyBytes: 0,
  isVaried: false,
  keepsReceiveMaximum: true,
} as const;

const describeOnLinux = isLinux("memory of a process, from /proc") ? describe : describe.skip;

describeOnLinux("a relay of limited memory", () => {
  let entryPoint: string;

  beforeAll(() => {
    // What the image holds: the sources take half as much again to load.
    const folder = createTemporaryFolder("bundle");
    execFileSync(process.execPath, [path.join(root, "runtime/bundle.ts"), folder], { cwd: root });
    entryPoint = path.join(folder, "relay.mjs");
  });

  const run = async (trial: Trial) => {
    const outcome = await runTrial(trial, entryPoint, { floodMs: patientMs(floodMs), afterMs: patientMs(stillMs) });
    return { faults: faultsOf(trial, outcome), outcome };
  };

  test.each<[string, Trial]>([
    [
      "16 dataflows whose destination is away, and messages of 200 kB",
      { ...usual, seed: 1001, dataflows: 16, flood: { ...flood, payloadBytes: 200_000, keepsReceiveMaximum: false } },
    ],
    [
      "messages of 60 MB",
      { ...usual, seed: 1002, flood: { ...flood, payloadBytes: 60_000_000 }, destination: "takes" },
    ],
    [
      "topics of 60 kB, each another one, under a template",
      {
        ...usual,
        seed: 1003,
        template: "up/${inputTopic}",
        flood: { ...flood, topicBytes: 60_000 },
        destination: "takes",
      },
    ],
    [
      "the smallest messages, from a source that keeps to no Receive Maximum",
      {
        ...usual,
        seed: 1004,
        dataflows: 16,
        flood: { ...flood, payloadBytes: 1, topicBytes: 4, keepsReceiveMaximum: false },
      },
    ],
    [
      "a destination that acknowledges all but the first",
      { ...usual, seed: 1005, dataflows: 4, flood: { ...flood, payloadBytes: 300_000 }, destination: "keepsOldest" },
    ],
    [
      "a destination that acknowledges all but one in a hundred, to which tens of thousands go at a time",
      {
        ...usual,
        seed: 1006,
        memoryMebibytes: 160,
        endpoints: {
          source: { qos: 0, maxInflightMessages: 100 },
          destination: { qos: 1, maxInflightMessages: 64_999 },
        },
        flood: { ...flood, qos: 0, payloadBytes: 600 },
        destination: "keepsSome",
      },
    ],
  ])("is not killed by %s, keeps a tenth of it free, and takes messages through afterwards", async (_what, trial) => {
    const { faults, outcome } = await run(trial);

    expect(outcome.isRefused).toBe(false);
    expect(outcome.sent).toBeGreaterThan(0);
    expect(faults).toEqual([]);
  });

  // The last three: long topics beside small packets, and messages that were as large as the share. Each ended the relay.
  test.each([3, 7, 11, 31_020, 31_028, 31_045])("is not killed by what is drawn from seed %d", async (seed) => {
    const { faults } = await run(drawTrial(seed));

    expect(faults).toEqual([]);
  });
});
