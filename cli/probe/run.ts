import type { RelayConfig } from "../../runtime/contract/config.ts";
import { createSite, type SiteOptions } from "../client/site.ts";
import type { Finding } from "../doctor/finding.ts";
import type { DeclaredTopicSpace } from "../explain/topic-spaces.ts";
import { examineTested, type Tested } from "./examine.ts";
import { ProbeClients } from "./clients.ts";
import { probeByListening } from "./listen-probe.ts";
import type { ProbePlan } from "./plan.ts";
import { mayNotPublish, probeByPublishing, type ProbeOptions } from "./publish-probe.ts";
import type { ProbeResult } from "./result.ts";

/** How dataflows are tested. */
export interface RunOptions extends SiteOptions, Pick<ProbeOptions, "timeoutMs" | "relayUrl"> {
  /** Whether it only listens. */
  readonly listens: boolean;
  /** Topic spaces of the namespaces, where a file tells them. */
  readonly topicSpaces: readonly DeclaredTopicSpace[];
}

/** Takes what comes out, as it does. */
export interface RunReport {
  readonly onResult: (result: ProbeResult) => void;
  /** Called after the results, with what is wrong at the endpoints. */
  readonly onFinding: (finding: Finding) => void;
}

/**
 * Tests dataflows one after the other, and leaves nothing behind: its sessions end, its filters are taken back, and what it has
 * published expires where it waits.
 */
export async function runProbes(
  config: RelayConfig,
  plans: readonly ProbePlan[],
  options: RunOptions,
  { onResult, onFinding }: RunReport,
): Promise<void> {
  const { context } = createSite(config, options);
  const clients = new ProbeClients(context);
  const tested: Tested[] = [];
  try {
    for (const plan of plans) {
      const { timeoutMs, relayUrl } = options;
      const result = await probe(plan, options.listens, { clients, timeoutMs, relayUrl });
      tested.push({ plan, result });
      onResult(result);
    }
  } finally {
    await clients.close();
  }
  // Only now: each endpoint takes a session, and an identity may have none left beside those of the test.
  await examineTested(config, tested, options, onFinding);
}

async function probe(plan: ProbePlan, listens: boolean, options: ProbeOptions): Promise<ProbeResult> {
  const { topic } = plan;
  if (listens || topic === undefined) return probeByListening(plan, options);
  const result = await probeByPublishing({ ...plan, topic }, options);
  return result === mayNotPublish ? probeByListening(plan, options) : result;
}
