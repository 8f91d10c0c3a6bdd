import { strict as assert } from "node:assert";
import { readFileSync, globSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { inState } from "../node/places.ts";
import { isUnavoidable, readWarnings } from "../site/events.ts";
import { inNamespace, podOf, restartsOf, workingSetMebibytes } from "./pods.ts";
import { unready, unstarted } from "./row.ts";
import type { Row, Stage } from "./row.ts";
import { shortTokenSeconds } from "./sites.ts";

/** For so long Kubernetes' warnings about an object count, in seconds. */
const watchedSeconds = 600;
/** Memory of a relay with a disk and a few messages a second, as Kubernetes counts it. */
const mostMebibytes = 64;

export const steadyRows: readonly Row[] = [
  {
    name: "token",
    title: "nothing done for ten minutes, 2 instances with disks: the tokens, which end after 600 s here, are renewed",
    site: "steady",
    promise: { duplicates: 0, gapSeconds: 5 },
    run: async (stage) => {
      const { site, openedMs } = stage;
      const pod = await podOf(stage);
      await delay(Math.max(0, openedMs + (watchedSeconds + 20) * 1000 - performance.now()));
      const madeSeconds = Date.parse(pod.metadata.creationTimestamp ?? "") / 1000;
      assert.ok(Date.now() / 1000 > madeSeconds + shortTokenSeconds, "the first token has ended");
      assert.ok(issueSecondsOf(pod.metadata.uid ?? "") > madeSeconds + shortTokenSeconds / 2, "the kubelet renewed it");
      const refused = site.brokers.edgeEvents.filter(({ kind }) => kind === "refuse");
      assert.deepEqual(refused, []);
      assert.equal(restartsOf(await podOf(stage)), 0);
      assert.deepEqual(await unexpectedWarnings(stage), []);
      const mebibytes = await Promise.all(
        [0, 1].map(async (ordinal) => workingSetMebibytes(await podOf(stage, ordinal))),
      );
      for (const each of mebibytes) assert.ok(each < mostMebibytes, `${each} MiB of memory`);
      const memory = mebibytes.map((each) => each.toFixed(1)).join(" and ");
      return `the relay shows the new one, and none was refused; no event of its objects is a warning; the pods take ${memory} MiB (\`kubectl top\`)`;
    },
  },
];

export const lastRows: readonly Row[] = [
  {
    name: "node-restarted",
    title: "the node's power cut, and back after 5 s",
    site: "main",
    promise: { duplicates: 400, gapSeconds: 90 },
    warnings: [unready, "NodeNotReady", "FailedMount", "FailedCreatePodSandBox", unstarted],
    run: async (stage) => {
      const restarts = restartsOf(await podOf(stage));
      await stage.cluster.node.cutPower();
      await delay(5000);
      await stage.cluster.node.restorePower();
      await stage.cluster.kubectl.untilTrue(
        [...inNamespace, "pod", stage.site.deployment.podName(0)],
        "started again and ready",
        (pod) => restartsOf(pod) > restarts && pod.status?.containerStatuses?.[0]?.ready === true,
      );
      return "";
    },
  },
];

/** Warnings about a site's objects. */
async function unexpectedWarnings({ cluster, site }: Stage): Promise<string[]> {
  const warnings = (await readWarnings(cluster.kubectl)).filter(({ object }) => object.includes(site.name));
  return warnings.filter(({ text }) => !isUnavoidable(text)).map(({ object, text }) => `${object}: ${text}`);
}

/** When the token was issued that a pod has for AIO's broker, in seconds since 1970. */
function issueSecondsOf(uid: string): number {
  const [file = ""] = globSync(inState("kubelet", "pods", uid, "volumes/kubernetes.io~projected/tokens/edge"));
  const [, claims = ""] = readFileSync(file, "utf8").split(".");
  return (JSON.parse(Buffer.from(claims, "base64url").toString()) as { readonly iat: number }).iat;
}
