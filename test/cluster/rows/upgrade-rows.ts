import { strict as assert } from "node:assert";
import { setTimeout as delay } from "node:timers/promises";

import { earlierImage, relayImage } from "../image/names.ts";
import { siteNamespace } from "../node/places.ts";
import { podOf, readMetric, untilReplaced } from "./pods.ts";
import { unready } from "./row.ts";
import type { Row } from "./row.ts";

export const upgradeRows: readonly Row[] = [
  {
    name: "upgrade",
    title: "an upgrade from 0.1.0, image and components, with messages on the PersistentVolume and in sessions",
    site: "upgraded",
    promise: { duplicates: 400, gapSeconds: 40 },
    warnings: [unready],
    run: async (stage) => {
      const { cluster, site } = stage;
      const { plant } = site.brokers;
      const before = await podOf(stage);
      assert.equal(imageOf(before), earlierImage);
      await plant.stop();
      await delay(5000);
      const spooled = await readMetric(stage, "relay_spool_messages");
      assert.ok(spooled > 0, "messages wait on the disk");
      // Without a pod, what the machines publish waits in the relay's session.
      await cluster.kubectl([
        "--namespace",
        siteNamespace,
        "scale",
        `statefulset/${site.deployment.statefulSet}`,
        "--replicas=0",
      ]);
      await delay(4000);
      const queued = site.brokers.edge.stats().queued;
      assert.ok(queued > 0, "messages wait in the session");
      await site.change({ relay: { image: relayImage } }, { isAwaited: false });
      await plant.start();
      await untilReplaced(stage, before);
      await site.deployment.untilRolledOut();
      assert.equal(imageOf(await podOf(stage)), relayImage);
      return `${spooled} messages on the disk, ${queued} in the session`;
    },
  },
];

function imageOf({ spec }: Awaited<ReturnType<typeof podOf>>): string {
  const { containers } = spec as { readonly containers: readonly { readonly image: string }[] };
  return containers[0]?.image ?? "";
}
