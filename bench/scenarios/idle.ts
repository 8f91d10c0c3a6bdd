import { setTimeout as delay } from "node:timers/promises";

import type { Candidate } from "../measure/candidate.ts";
import type { Usage } from "../measure/process-usage.ts";
import type { PeerName } from "../peers/peer.ts";
import { closestPeers, startCandidate, startSeconds } from "./candidates.ts";
import { oneDataflow } from "./fan-out.ts";
import type { Figures, Scenario } from "./scenario.ts";

const scenario = "idle";
const dataflows = 10;
const peers: readonly PeerName[] = closestPeers;
export const idle: Scenario = {
  name: scenario,
  title: `Idle: connected, and no message comes (${dataflows} dataflows)`,
  method:
    "All bridges are idle side by side, for the time of a round before the first one; each round looks at all of them over the same time. A peer has ten topic filters. Wake-ups are the context switches of all threads of a process. Resident memory has the pages of the program's file in it, which the kernel can take back: some 35 MB of Node.js itself. What it can't take back is anonymous.",
  expectedSeconds: ({ rounds, pacedSeconds }, chosen) =>
    (peers.filter((peer) => chosen.includes(peer)).length + 1) * startSeconds + (1 + rounds) * pacedSeconds,
  run: async (bench) => {
    const started = new Map<string, Candidate>();
    const start = async (peer: PeerName, label: string, count: number) => {
      const candidate = await startCandidate(bench, { scenario, peers }, peer, { label, dataflows: count });
      if (candidate !== undefined) started.set(label, candidate);
    };
    try {
      for (const peer of peers) await start(peer, peer, dataflows);
      await start("relay", oneDataflow, 1);
      await delay(bench.size.pacedSeconds * 1000); // after a start a process has things to do yet
      for (let round = 0; round < bench.size.rounds; round++) {
        for (const [candidate, figures] of await measureRest(started, bench.size.pacedSeconds))
          bench.record({ scenario, candidate, round, figures });
      }
    } finally {
      for (const candidate of started.values()) await candidate.stop();
    }
  },
};

/** What each bridge takes while nothing happens for a time. */
async function measureRest(candidates: ReadonlyMap<string, Candidate>, seconds: number): Promise<[string, Figures][]> {
  const before = [...candidates.values()].map((candidate) => ({ usage: candidate.usage(), ms: performance.now() }));
  await delay(seconds * 1000);
  return [...candidates].flatMap(([label, candidate], index) => {
    const start = before[index];
    if (start === undefined) return [];
    return [[label, figuresOfRest(start.usage, candidate.usage(), (performance.now() - start.ms) / 1000)]];
  });
}

/** @param seconds between the two */
export function figuresOfRest(before: Usage, after: Usage, seconds: number): Figures {
  return {
    corePercent: (100 * (after.cpuSeconds - before.cpuSeconds)) / seconds,
    wakeUpsPerSecond: (after.contextSwitches - before.contextSwitches) / seconds,
    residentMegabytes: after.residentMegabytes,
    anonymousMegabytes: after.anonymousMegabytes,
  };
}
