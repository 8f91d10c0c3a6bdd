import { strict as assert } from "node:assert";
import { setTimeout as delay } from "node:timers/promises";

import { podDefaults } from "../../../components/relay/defaults.ts";
import { inNamespace, killRelay, sayRestarts } from "./pods.ts";
import { unready } from "./row.ts";
import type { Row, Stage } from "./row.ts";
import { largeBytes, leastMemoryMebibytes } from "./sites.ts";

export const resourceRows: readonly Row[] = [
  {
    name: "disk",
    title: "mosquitto stopped for 10 s, messages on the PersistentVolume, and the relay killed meanwhile",
    site: "disk",
    promise: { duplicates: 400, gapSeconds: 40 },
    warnings: [unready],
    run: async (stage) => {
      const { plant } = stage.site.brokers;
      await plant.stop();
      await delay(5000);
      const killing = killRelay(stage);
      await delay(5000);
      await plant.start();
      await killing;
      return "";
    },
  },
  {
    name: "disk-pod-deleted",
    title: "the same, and the pod force-deleted",
    site: "disk",
    promise: { duplicates: 400, gapSeconds: 40 },
    warnings: [unready],
    run: async ({ cluster, site }) => {
      const { plant } = site.brokers;
      await plant.stop();
      await delay(5000);
      const pod = site.deployment.podName(0);
      await cluster.kubectl([...inNamespace, "delete", "pod", pod, "--force", "--grace-period=0"]);
      await delay(5000);
      await plant.start();
      await site.deployment.untilRolledOut();
      return "";
    },
  },
  {
    name: "memory",
    title: `20 dataflows in ${leastMemoryMebibytes} MiB, messages of 100 kB, mosquitto silent for 15 s`,
    site: "narrow",
    promise: { duplicates: 400, gapSeconds: 40 },
    warnings: [unready],
    run: (stage) => silencePlant(stage, 15_000),
  },
  {
    name: "large-messages",
    title: `messages of ${largeBytes / 1e6} MB in ${podDefaults.memoryMebibytes} MiB, mosquitto silent for 15 s`,
    site: "large",
    promise: { duplicates: 400, gapSeconds: 60 },
    warnings: [unready],
    run: (stage) => silencePlant(stage, 15_000),
  },
];

/** Nothing is read and nothing acknowledged meanwhile, while messages go on coming from the other side. */
async function silencePlant({ site }: Stage, milliseconds: number): Promise<string> {
  const { plant } = site.brokers;
  plant.pause();
  await delay(milliseconds);
  plant.resume();
  await delay(5000);
  assert.equal(await sayRestarts(site), "");
  return "no restart";
}
