import { strict as assert } from "node:assert";
import { createServer } from "node:net";
import { once } from "node:events";

import { relayImage } from "../image/names.ts";
import { bridge, siteNamespace } from "../node/places.ts";
import { run } from "../node/program.ts";
import { removeRules, rulesOf } from "../site/network-policy.ts";
import type { NetworkPolicy } from "../site/network-policy.ts";
import { inNamespace, isReady, podOf } from "./pods.ts";
import { unready } from "./row.ts";
import type { Row, Stage } from "./row.ts";

/** A port of the node that no policy allows. */
const forbiddenPort = 9999;
const metricsPort = 9600;

export const networkRows: readonly Row[] = [
  {
    name: "network-policy",
    title: "the NetworkPolicy enforced by nftables rules that are made from it",
    site: "main",
    promise: { duplicates: 400, gapSeconds: 15 },
    warnings: [unready],
    run: async (stage) => {
      const server = createServer((socket) => socket.end()).listen(forbiddenPort, bridge.address);
      await once(server, "listening");
      await addNeighbour(stage);
      const before = await probe(stage);
      await enforce(stage);
      const during = await probe(stage);
      await reconnect(stage);
      await run(stage.cluster.parts.nft, ["--file", "-"], removeRules);
      server.close();
      assert.deepEqual(before, { out: "open", metrics: "open", otherPort: "refused" });
      assert.deepEqual(during, { out: "blocked", metrics: "open", otherPort: "blocked" });
      return "brokers, names and metrics are reached; another port of the node and of the pod is not, and was before";
    },
  },
];

const neighbour = "neighbour";

/** A pod beside the relay's, which may be no more than that either. */
async function addNeighbour({ cluster: { kubectl } }: Stage): Promise<void> {
  const container = {
    name: "neighbour",
    image: relayImage,
    imagePullPolicy: "IfNotPresent",
    command: ["node", "-e", "setInterval(() => {}, 1e6)"],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
  const spec = {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: "RuntimeDefault" } },
    containers: [container],
  };
  const metadata = { name: neighbour, namespace: siteNamespace };
  await kubectl(["apply", "--filename=-"], JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec }));
  await kubectl.untilTrue([...inNamespace, "pod", neighbour], "ready", isReady);
}

async function enforce(stage: Stage): Promise<void> {
  const { cluster, site } = stage;
  const policy = site.deployment.objects.find(({ kind }) => kind === "NetworkPolicy") as unknown as NetworkPolicy;
  const address = (await podOf(stage)).status?.podIP ?? "";
  await run(cluster.parts.nft, ["--file", "-"], rulesOf(policy, address, bridge.address));
}

/** Connects to what the policy forbids and allows, out of the relay's pod and into it. */
async function probe(stage: Stage) {
  const relay = await podOf(stage);
  const address = relay.status?.podIP ?? "";
  return {
    out: await connect(stage, relay.metadata.name, bridge.address, forbiddenPort),
    metrics: await connect(stage, neighbour, address, metricsPort),
    otherPort: await connect(stage, neighbour, address, forbiddenPort),
  };
}

/** Connections that were there before a rule stay; those of the rollout have to come under it. */
async function reconnect({ site: { brokers } }: Stage): Promise<void> {
  await brokers.plant.stop();
  await brokers.plant.start();
}

async function connect({ cluster }: Stage, pod: string, host: string, port: number): Promise<string> {
  const program = `const socket = require("net").connect({ host: "${host}", port: ${port}, timeout: 2000 })
    .on("connect", () => { console.log("open"); process.exit() })
    .on("timeout", () => { console.log("blocked"); process.exit() })
    .on("error", ({ code }) => { console.log(code === "ECONNREFUSED" ? "refused" : code); process.exit() })`;
  return (await cluster.kubectl([...inNamespace, "exec", pod, "--", "node", "-e", program])).trim();
}
