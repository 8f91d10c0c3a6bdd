import { machineLoad } from "../support/patience.ts";
import { rows } from "./rows/all.ts";
import type { Row, RowResult } from "./rows/row.ts";

/** What a run of all rows came to. */
export interface Run {
  /** Seconds from the start of etcd until the node was Ready. */
  readonly nodeSeconds: number;
  readonly seconds: number;
  readonly results: readonly RowResult[];
}

const head = `# On a real node

What the relay does in a cluster, tried on one real node of Kubernetes: kube-apiserver, controllers, scheduler and kubelet 1.34 on containerd, the
image of \`npm run image\`, and the objects that \`MqttBridge\` declares, applied server-side as Pulumi's provider does; by \`pulumi\` and that provider
themselves where a row says so. Two brokers: AIO's is the project's emulator, and verifies the service account tokens with the cluster's own keys; the other
is mosquitto with client certificates. 20 messages a second in each direction, QoS 1, each with a number: what a broker has acknowledged to its publisher
has to arrive.

\`npm run test:cluster\` runs it, and CI does; this page is what \`npm run cluster -- rows --page\` wrote. How to work with the node by hand:
[development/cluster.md](development/cluster.md).

`;

const notes = `
"At most" is what a run may cost; the test fails on more. On a busy machine a gap may be longer, as many times as there are more processes than cores.

What differs from a cluster of yours:

- One node: a pod that is evicted comes back to the same one. Services have no address of their own, so names lead to the brokers directly.
- The kubelet looks after Secrets and ConfigMaps every 10 s; it does every minute by default, so that a rotation is in the pod after up to 90 s.
- The token of the site that nothing is done to ends after 600 s, the shortest life that Kubernetes has; the components ask for a day.
- The NetworkPolicy is enforced by nftables rules that the test makes from the object: no CNI plugin that enforces policies is part of it.
- "Events" are the warnings that Kubernetes gave meanwhile about the objects of the relays. Each row names those that a fault draws; on any other one
  the test fails. At the site that nothing is done to there were none in ten minutes. Where more than ten processes wait for each core a relay may start
  later than its first probe, so that this warning alone is no failure there.
- Rows with \`pulumi\` have messages in one direction, since the example has one dataflow. A stand-in is Azure for \`stacks/\`, and its Event Grid broker has
  a name that nobody knows here: the pod is ready by \`readyWhen: "Started"\`, and the messages go to the plant's broker. A claim stays behind, as
  [it is meant to](operations.md#the-disks-of-a-relay).
- Flux runs beside the node's own programs instead of in pods, its controller of sources with Git repositories alone, and looks every 5 s.
- What is upgraded is an earlier commit, the first that recorded what 0.1.0 writes: nothing has been published yet.
`;

/** Writes the page of a run. */
export function renderPage(run: Run): string {
  const found = run.results.reduce((sum, { account }) => sum + account.published, 0);
  const lost = run.results.reduce((sum, { account }) => sum + account.lost, 0);
  const total = `The node was Ready ${run.nodeSeconds} s after etcd was started, and all rows took ${Math.round(run.seconds / 60)} minutes, at ${loadText()}. ${found} messages, ${lost} lost.\n`;
  const header =
    "| | published | delivered | lost | twice (at most) | longest gap (at most) | seen | events |\n|---|---|---|---|---|---|---|---|\n";
  const lines = rows.map((row) =>
    line(
      row,
      run.results.find(({ name }) => name === row.name),
    ),
  );
  return `${head}${total}\n${header}${lines.join("")}${notes}`;
}

function line(row: Row, result: RowResult | undefined): string {
  const { duplicates, gapSeconds } = row.promise;
  if (result === undefined) return `| ${row.title} | not run | | | (${duplicates}) | (${gapSeconds} s) | | |\n`;
  const { account, seen, warnings } = result;
  const cells = [
    row.title,
    account.published,
    account.delivered,
    account.lost,
    `${account.duplicated} (${duplicates})`,
    `${(account.longestGapMs / 1000).toFixed(1)} s (${gapSeconds} s)`,
    seen,
    [...new Set(warnings.map((text) => text.split(":")[0] ?? ""))].join(", "),
  ];
  return `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |\n`;
}

function loadText(): string {
  const load = Math.round(machineLoad());
  return load <= 1 ? "an idle machine" : `${load} processes a core`;
}
