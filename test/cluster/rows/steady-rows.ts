import { strict as assert } from "node:assert";
import { readFileSync, globSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { inState } from "../node/places.ts";
import { readWarnings } from "../site/events.ts";
import { inNamespace, podOf, restartsOf, sayRestarts } from "./pods.ts";
import type { Row } from "./row.ts";

/** For so long Kubernetes' warnings about an object count, in seconds. */
const watchedSeconds = 600;

export const steadyRows: readonly Row[] = [
  {
    name: "token",
    title: "nothing done for ten minutes, 2 instances with disks: the tokens, which end after 600 s here, are renewed",
    site: "steady",
    promise: { duplicates: 0, gapSeconds: 5 },
    run: async (stage) => {
      const { site, openedMs, cluster } = stage;
      const pod = await podOf(stage);
      const first = expiryOf(pod.metadata.uid ?? "");
      await delay(Math.max(0, openedMs + (watchedSeconds + 20) * 1000 - performance.now()));
      const now = expiryOf(pod.metadata.uid ?? "");
      assert.ok(Date.now() / 1000 > first || now > first, "the first token has ended");
      assert.ok(now > first, "the kubelet has renewed the token");
      const refused = site.brokers.edgeEvents.filter(({ kind }) => kind === "refuse");
      assert.deepEqual(refused, []);
      assert.equal(restartsOf(await podOf(stage)), 0);
      assert.deepEqual(
        (await readWarnings(cluster.kubectl)).filter(({ object }) => object.includes(site.name)),
        [],
      );
      return "the relay shows the new one, and none was refused; no event of its objects is a warning";
    },
  },
];

export const lastRows: readonly Row[] = [
  {
    name: "node-restarted",
    title: "the node's power cut, and back after 5 s",
    site: "main",
    promise: { duplicates: 400, gapSeconds: 90 },
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
      return sayRestarts(stage.site);
    },
  },
];

/** When the token ends that a pod has for AIO's broker, in seconds since 1970. */
function expiryOf(uid: string): number {
  const [file = ""] = globSync(inState("kubelet", "pods", uid, "volumes/kubernetes.io~projected/tokens/edge"));
  const [, claims = ""] = readFileSync(file, "utf8").split(".");
  return (JSON.parse(Buffer.from(claims, "base64url").toString()) as { readonly exp: number }).exp;
}
