import { writeFileSync } from "node:fs";

import { MqttBridge } from "../../components/index.ts";
import { deploy } from "../../test/components/mocks.ts";
import { createByHand } from "./by-hand.ts";
import { createSites } from "./sides.ts";
import type { Side } from "./sides.ts";
import { site } from "./site.ts";

/** What one preview needed. */
export interface Figures {
  readonly resources: number;
  readonly milliseconds: number;
  readonly cpuMilliseconds: number;
  /** Peak resident memory in MiB. */
  readonly mebibytes: number;
}

/**
 * Runs a program against Pulumi's mocks in this process, and tells what it needed: its own time and memory, with neither
 * the engine nor a provider. What it registered goes to `record`.
 */
export async function measure(side: Side, sites: number, file: string, record: string): Promise<Figures> {
  await warmUp();
  const startCpu = process.cpuUsage();
  const startMs = performance.now();
  const { resources } = await deploy(
    () => {
      createSites(side, sites, file);
    },
    { preview: true },
  );
  const milliseconds = performance.now() - startMs;
  const { user, system } = process.cpuUsage(startCpu);
  writeFileSync(record, JSON.stringify(resources));
  return {
    resources: resources.length,
    milliseconds,
    cpuMilliseconds: (user + system) / 1000,
    mebibytes: process.resourceUsage().maxRSS / 1024,
  };
}

/** The SDKs load a class when it is first used, on any side: one site each way comes before the clock starts. */
async function warmUp(): Promise<void> {
  const { resources } = await deploy(() => new MqttBridge("warm-up", site("warm-up")), { preview: true });
  const byName = new Map(resources.map(({ name, inputs }) => [name, inputs]));
  await deploy(
    () => {
      createByHand("warm-up", byName);
    },
    { preview: true },
  );
}
