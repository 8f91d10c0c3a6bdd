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

What the relay does in a cluster, tested on one real Kubernetes node: kube-apiserver, controllers, scheduler and kubelet 1.34 on containerd, the image
of \`npm run image\`, and the objects that \`MqttBridge\` declares. They are applied server-side as Pulumi's provider does; where a row says so, \`pulumi\`
and that provider apply them. There are two brokers. AIO's is the project's emulator, which verifies service account tokens with the cluster's own keys.
The other is mosquitto with client certificates. Each direction carries 20 numbered messages a second with QoS 1. Every message that a broker has
acknowledged to its publisher has to arrive.

\`npm run test:cluster\` runs the test, also in CI. \`npm run cluster -- rows --page\` wrote this page. To work with the node by hand, see
[development/cluster.md](development/cluster.md).

`;

const notes = `
"At most" is the limit of the test: more is a failure. On a busy machine a gap may be longer, in proportion to the number of processes for each core.

Differences from your cluster:

- There is one node, so an evicted pod comes back to the same one. Services have no address of their own, so names lead to the brokers directly.
- The kubelet checks Secrets and ConfigMaps every 10 s. By default it checks every minute, so a rotation is in the pod after up to 90 s.
- At the site where nothing is done, the token expires after 600 s, the shortest life in Kubernetes. The components ask for a day.
- nftables rules that the test makes from the NetworkPolicy enforce it. No CNI plugin that enforces policies is part of the test.
- "Events" are the warnings that Kubernetes gave meanwhile about the objects of the relays. Each row lists the expected ones; any other fails the test. At the
  site where nothing is done there were none in ten minutes. Two kinds are no failure. If more than four processes wait for each core, a relay may start later than its
  first probe. And one of Kubernetes' programs may hear late of what another one has done: it says so, and tries again.
- Rows with \`pulumi\` have messages in one direction, since the example has one dataflow. A stand-in is Azure for \`stacks/\`, and nobody knows the name of
  its Event Grid broker here: the pod is ready by \`readyWhen: "Started"\`, and the messages go to the plant's broker. A claim stays behind, as
  [it is meant to](operations.md#the-disks-of-a-relay).
- Flux runs beside the node's own programs instead of in pods, its source controller with Git repositories only, and checks every 5 s.
- The upgrade starts from an earlier commit, the first that recorded what 0.1.0 writes, because nothing has been published yet.
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
