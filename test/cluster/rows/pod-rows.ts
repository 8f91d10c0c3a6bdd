import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";

import { memoryFile } from "../node/machine.ts";
import { nodeName, siteNamespace } from "../node/places.ts";
import { podDefaults } from "../../../components/relay/defaults.ts";
import { cgroupOf, inNamespace, isReady, killRelay, podOf, untilReplaced } from "./pods.ts";
import { unready, unschedulable } from "./row.ts";
import type { Row, Stage } from "./row.ts";

/** What a pod that ends and begins again takes: its end, its start, and the first probe. */
const restart = { duplicates: 0, gapSeconds: 20 };
/** What was in flight when the relay was killed comes again. */
const killed = { duplicates: 400, gapSeconds: 20 };

export const podRows: readonly Row[] = [
  {
    name: "ready",
    title: "deployed: Ready under Pod Security `restricted`, messages both ways",
    site: "main",
    promise: { duplicates: 0, gapSeconds: 2 },
    run: async (stage) => {
      const pod = await podOf(stage);
      assert.ok(isReady(pod), "the pod is ready");
      await assertReadOnlyRoot(stage, pod.metadata.name);
      assert.equal(memoryLimitOf(pod), podDefaults.memoryMebibytes * 1024 * 1024);
      return `Ready ${secondsToReady(pod)} s after the pod was made; the root refuses a write; AIO's broker knows ${whoConnected(stage)}`;
    },
  },
  {
    name: "configuration",
    title: "the configuration changed",
    site: "main",
    promise: restart,
    warnings: [unready],
    run: async ({ site }) => {
      await site.change({ relay: { drainTimeoutSeconds: 19 } });
      return "";
    },
  },
  {
    name: "deleted",
    title: "`kubectl delete pod`",
    site: "main",
    promise: restart,
    warnings: [unready],
    run: async (stage) => {
      const pod = await podOf(stage);
      await stage.cluster.kubectl([...inNamespace, "delete", "pod", pod.metadata.name]);
      await untilReplaced(stage, pod);
      return "";
    },
  },
  {
    name: "evicted",
    title: "the pod evicted",
    site: "main",
    promise: restart,
    warnings: [unready],
    run: async (stage) => {
      const pod = await podOf(stage);
      const { name } = pod.metadata;
      const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: siteNamespace } };
      const path = `/api/v1/namespaces/${siteNamespace}/pods/${name}/eviction`;
      await stage.cluster.kubectl(["create", "--raw", path, "--filename=-"], JSON.stringify(eviction));
      await untilReplaced(stage, pod);
      return "";
    },
  },
  {
    name: "killed",
    title: "the relay killed (SIGKILL)",
    site: "main",
    promise: killed,
    run: async (stage) => {
      await killRelay(stage);
      return "";
    },
  },
  {
    name: "force-deleted",
    title: "`kubectl delete pod --force`: the new pod may start before the old one has ended",
    site: "main",
    promise: killed,
    run: async (stage) => {
      const pod = await podOf(stage);
      await stage.cluster.kubectl([...inNamespace, "delete", "pod", pod.metadata.name, "--force", "--grace-period=0"]);
      await untilReplaced(stage, pod);
      return "";
    },
  },
  {
    name: "drained",
    title: "the node drained, and uncordoned at once; 1 instance",
    site: "main",
    promise: restart,
    warnings: [unready, unschedulable],
    run: async (stage) => {
      const pod = await podOf(stage);
      await stage.cluster.kubectl([...drain, `--pod-selector=${selectorOf(stage)}`, "--timeout=60s"]);
      await stage.cluster.kubectl(["uncordon", nodeName]);
      await untilReplaced(stage, pod);
      return "";
    },
  },
];

export const drain = ["drain", nodeName, "--ignore-daemonsets", "--delete-emptydir-data"];

export function selectorOf({ site }: Stage): string {
  return `app.kubernetes.io/instance=${site.name}-relay`;
}

async function assertReadOnlyRoot({ cluster }: Stage, pod: string): Promise<void> {
  const program = 'try { require("fs").writeFileSync("/app/x", "") } catch (e) { console.log(e.code) }';
  const answer = await cluster.kubectl([...inNamespace, "exec", pod, "--", "node", "-e", program]);
  assert.match(answer, /EROFS|EACCES/);
}

function memoryLimitOf(pod: Awaited<ReturnType<typeof podOf>>): number {
  return Number(readFileSync(memoryFile(cgroupOf(pod), { v1: "memory.limit_in_bytes", v2: "memory.max" }), "utf8"));
}

function secondsToReady(pod: Awaited<ReturnType<typeof podOf>>): number {
  const conditions = (pod.status?.conditions ?? []) as readonly { type: string; lastTransitionTime?: string }[];
  const ready = conditions.find(({ type }) => type === "Ready")?.lastTransitionTime ?? "";
  return (Date.parse(ready) - Date.parse(pod.metadata.creationTimestamp ?? "")) / 1000;
}

/** Whom AIO's broker took the relay for, out of the token that the cluster signed. */
function whoConnected({ site }: Stage): string {
  const connected = site.brokers.edgeEvents.filter((event) => event.kind === "connect" && event.method === "K8S-SAT");
  const names = new Set(connected.map((event) => (event.kind === "connect" ? event.authenticationName : "")));
  assert.ok(names.size > 0, "the relay has shown a token of the cluster");
  return [...names]
    .map((name) => `\`${name}\``)
    .join(", ")
    .replace(/-[0-9a-f]{8}`/, "-…`");
}
