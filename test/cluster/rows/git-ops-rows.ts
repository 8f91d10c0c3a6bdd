import { strict as assert } from "node:assert";

import { startFlux } from "../git-ops/flux.ts";
import type { Flux } from "../git-ops/flux.ts";
import { createRepository } from "../git-ops/repository.ts";
import type { ClusterObject } from "../node/kubectl.ts";
import { fluxParts } from "../node/programs.ts";
import { addDisks } from "../site/disks.ts";
import { inNamespace, podOf } from "./pods.ts";
import { unready } from "./row.ts";
import type { Row, Stage } from "./row.ts";

/** The pod ends and begins again. */
const restart = { duplicates: 0, gapSeconds: 20 };

export const gitOpsRows: readonly Row[] = [
  {
    name: "git-ops",
    title: "the files of `gitOps` applied by `kubectl apply --server-side`; one of them changed, and applied again",
    site: "gitOps",
    promise: restart,
    warnings: [unready],
    run: async (stage) => {
      await stage.site.change({ relay: { drainTimeoutSeconds: 19 } });
      await assertConfigured(stage);
      return "the relay has the configuration that is in the file";
    },
  },
  {
    name: "flux",
    title:
      "Flux's controllers take the same files over from a Git repository; a change is committed, then the first spool",
    site: "gitOps",
    needs: fluxParts,
    promise: restart,
    warnings: [unready],
    run: async (stage) => {
      const flux = await startFlux(stage.cluster.kubectl, stage.cluster.parts);
      try {
        return await handOver(stage, flux);
      } finally {
        await flux.stop();
      }
    },
  },
];

async function handOver(stage: Stage, flux: Flux): Promise<string> {
  const { site } = stage;
  const repository = await createRepository(site.name);
  const pod = await podOf(stage);
  await flux.follow(repository);
  await flux.untilApplied(await repository.head());
  await site.deployment.untilRolledOut();
  assert.equal((await podOf(stage)).metadata.uid, pod.metadata.uid, "the pod stays");
  let seconds = 0;
  const deliver = async (objects: readonly ClusterObject[]) => {
    const startMs = performance.now();
    await flux.untilApplied(await repository.commit(objects));
    seconds = Math.round((performance.now() - startMs) / 1000);
  };
  await site.change({ relay: { drainTimeoutSeconds: 18 } }, { deliver });
  await assertConfigured(stage);
  const changed = seconds;
  await addDisks(stage.cluster, site.name, 1);
  await site.change({ hasSpool: true }, { deliver });
  await assertConfigured(stage);
  const claim = `spool-${site.deployment.podName(0)}`;
  const { status } = await stage.cluster.kubectl.get([...inNamespace, "persistentvolumeclaim", claim]);
  assert.equal((status as { readonly phase?: string } | undefined)?.phase, "Bound");
  return `the pod stays when Flux takes over; a change is in the cluster ${changed} s after the commit, the set with its disk after ${seconds} s`;
}

/** What the relay reads is what the ConfigMap among the files says. */
async function assertConfigured(stage: Stage): Promise<void> {
  const { cluster, site } = stage;
  const map = site.deployment.objects.find(
    ({ kind, metadata }) => kind === "ConfigMap" && metadata.name.includes("-cfg"),
  );
  const [declared = ""] = Object.values((map as unknown as { readonly data: Record<string, string> }).data);
  const program = 'process.stdout.write(require("fs").readFileSync("/etc/mqtt-dataflow/config/config.json"))';
  const read = await cluster.kubectl([...inNamespace, "exec", site.deployment.podName(0), "--", "node", "-e", program]);
  assert.equal(read, declared);
}
