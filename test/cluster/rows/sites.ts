import { planMemory } from "../../../runtime/contract/memory.ts";
import { applyFolder } from "../git-ops/repository.ts";
import { earlierSources } from "../image/earlier-release.ts";
import { earlierImage } from "../image/names.ts";
import { openExample, openStacks } from "../command-line/sites.ts";
import { addDisks } from "../site/disks.ts";
import { openSite } from "../site/site.ts";
import type { Cluster, Site } from "../site/site.ts";
import type { SiteName } from "./row.ts";

/** The shortest life of a token. @see Kubernetes, projected service account tokens */
export const shortTokenSeconds = 600;

/** How each site is opened. */
export const openers: Readonly<Record<SiteName, (cluster: Cluster) => Promise<Site>>> = {
  main: (cluster) => openSite(cluster, "oslo"),
  disk: async (cluster) => {
    await addDisks(cluster, "bergen", 1);
    return openSite(cluster, "bergen", { declared: { hasSpool: true } });
  },
  narrow: (cluster) =>
    openSite(cluster, "narvik", {
      declared: { dataflows: 10, relay: { memoryMebibytes: leastMemoryMebibytes } },
      traffic: { topics: 10, perSecond: 10, bytes: 100_000 },
    }),
  large: (cluster) => openSite(cluster, "harstad", { traffic: { perSecond: 2, bytes: largeBytes } }),
  // Every kind of object that a relay can have.
  steady: async (cluster) => {
    await addDisks(cluster, "tromso", 2);
    return openSite(cluster, "tromso", {
      declared: { hasSpool: true, relay: { instanceCount: 2 } },
      traffic: { perSecond: 5 },
      apply: { edit: shortenTokens },
    });
  },
  upgraded: async (cluster) => {
    await addDisks(cluster, "molde", 1);
    return openSite(cluster, "molde", {
      declared: { hasSpool: true, relay: { image: earlierImage } },
      apply: { sources: earlierSources },
    });
  },
  gitOps: (cluster) =>
    openSite(cluster, "stavanger", {
      declared: { isGitOps: true },
      apply: { deliver: applyFolder(cluster, "stavanger") },
    }),
  example: openExample,
  stacks: openStacks,
};

export const largeBytes = 2_000_000;

/** What a preview asks for with 20 dataflows. */
export const leastMemoryMebibytes = memoryNeededFor(20);

function memoryNeededFor(dataflows: number): number {
  const users = Array.from({ length: dataflows }, (_, at) => ({ name: String(at), maxInflightBytes: 0 }));
  const plan = planMemory(0, { dataflows: users, usesDisk: false });
  return "neededBytes" in plan ? Math.ceil(plan.neededBytes / 1024 / 1024) : 0;
}

/** The components ask for a day, of which the kubelet would renew the token after 19 hours. */
function shortenTokens(manifest: Record<string, unknown>): void {
  const text = JSON.stringify(manifest);
  Object.assign(
    manifest,
    JSON.parse(text.replaceAll(/"expirationSeconds":\d+/g, `"expirationSeconds":${shortTokenSeconds}`)),
  );
}
