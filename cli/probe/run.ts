import type { RelayConfig } from "../../runtime/contract/config.ts";
import { createSite, type SiteOptions } from "../client/site.ts";
import { ProbeClients } from "./clients.ts";
import { probeByListening } from "./listen-probe.ts";
import type { ProbePlan } from "./plan.ts";
import { mayNotPublish, probeByPublishing, type ProbeOptions } from "./publish-probe.ts";
import type { ProbeResult } from "./result.ts";

/** How dataflows are tested. */
export interface RunOptions extends SiteOptions, Pick<ProbeOptions, "timeoutMs" | "relayUrl"> {
  /** Whether it only listens. */
  readonly listens: boolean;
}

/**
 * Tests dataflows one after the other, and leaves nothing behind: its sessions end, its filters are taken back, and what it has
 * published expires where it waits.
 */
export async function runProbes(
  config: RelayConfig,
  plans: readonly ProbePlan[],
  options: RunOptions,
  onResult: (result: ProbeResult) => void,
): Promise<void> {
  const { context } = createSite(config, options);
  const clients = new ProbeClients(context);
  try {
    for (const plan of plans) {
      const { timeoutMs, relayUrl } = options;
      onResult(await probe(plan, options.listens, { clients, timeoutMs, relayUrl }));
    }
  } finally {
    await clients.close();
  }
}

async function probe(plan: ProbePlan, listens: boolean, options: ProbeOptions): Promise<ProbeResult> {
  const { topic } = plan;
  if (listens || topic === undefined) return probeByListening(plan, options);
  const result = await probeByPublishing({ ...plan, topic }, options);
  return result === mayNotPublish ? probeByListening(plan, options) : result;
}
