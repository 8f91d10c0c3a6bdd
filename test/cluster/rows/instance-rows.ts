import { strict as assert } from "node:assert";
import { setTimeout as delay } from "node:timers/promises";

import { untilAsked } from "../node/kubectl.ts";
import { nodeName, siteNamespace } from "../node/places.ts";
import { plantHost } from "../site/brokers.ts";
import { drain, selectorOf } from "./pod-rows.ts";
import { inNamespace, isReady, readMetric, untilInstances } from "./pods.ts";
import { unready, unschedulable } from "./row.ts";
import type { Row, Stage } from "./row.ts";

/** While others go on, what an instance had in flight comes to them. */
const others = { duplicates: 0, gapSeconds: 20 };

/** Until the first instance's plain subscription has given way to the shared one, or the reverse, its session has both. */
const bothForms = { duplicates: 100, gapSeconds: 20 };

export const instanceRows: readonly Row[] = [
  {
    name: "one-to-three",
    title: "1 → 3 instances",
    site: "main",
    promise: bothForms,
    warnings: [unready],
    run: async (stage) => {
      await changeInstances(stage, 3);
      const received = (ordinal: number) => readMetric(stage, "relay_messages_received_total", ordinal);
      const haveJoined = async () => (await Promise.all([received(1), received(2)])).every((messages) => messages > 0);
      await untilAsked("messages at the new instances", haveJoined);
      return "the new ones take their part once the first has its shared subscription";
    },
  },
  {
    name: "scaled-by-hand",
    title: "`kubectl scale` by hand, from 3 to 4 and back",
    site: "main",
    promise: { duplicates: 0, gapSeconds: 5 },
    warnings: [unready],
    run: async ({ cluster, site }) => {
      const { statefulSet } = site.deployment;
      await cluster.kubectl([...inNamespace, "scale", `statefulset/${statefulSet}`, "--replicas=4"]);
      const pod = [...inNamespace, "pod", site.deployment.podName(3)];
      await cluster.kubectl.untilTrue(pod, "running", ({ status }) => status?.phase === "Running");
      await delay(7000); // two probes
      assert.ok(!isReady(await cluster.kubectl.get(pod)), "the fourth is not ready");
      const path = `/api/v1/namespaces/${siteNamespace}/pods/${site.deployment.podName(3)}:9600/proxy/readyz`;
      const said = await cluster.kubectl(["get", "--raw", path]).catch(String);
      await cluster.kubectl([...inNamespace, "scale", `statefulset/${statefulSet}`, "--replicas=3"]);
      assert.match(said, /503|unavailable|instance 3/i);
      return "the fourth connects to no broker and is never ready";
    },
  },
  {
    name: "drained-with-three",
    title: "the node drained and uncordoned; 3 instances",
    site: "main",
    promise: others,
    warnings: [unready, unschedulable],
    run: async (stage) => {
      const draining = stage.cluster.kubectl([...drain, `--pod-selector=${selectorOf(stage)}`, "--timeout=10s"]);
      const said = await draining.then(() => "", String);
      const ready = (await stage.site.deployment.pods()).filter(isReady).length;
      await stage.cluster.kubectl(["uncordon", nodeName]);
      await untilInstances(stage, 3);
      assert.match(said, /disruption budget|global timeout/);
      assert.equal(ready, 2);
      return "the budget lets one pod go; the others stay, since there is no second node";
    },
  },
  {
    name: "wrong-host-with-three",
    title: "a wrong host rolled out, and rolled back after 15 s; 3 instances",
    site: "main",
    promise: others,
    warnings: [unready],
    run: (stage) => rollOutWrongHost(stage, 2),
  },
  {
    name: "three-to-two",
    title: "3 → 2 instances",
    site: "main",
    promise: others,
    warnings: [unready],
    run: (stage) => changeInstances(stage, 2),
  },
  {
    name: "two-to-one",
    title: "2 → 1 instances",
    site: "main",
    promise: bothForms,
    warnings: [unready],
    run: (stage) => changeInstances(stage, 1),
  },
  {
    name: "wrong-host",
    title: "a wrong host rolled out, and rolled back after 15 s; 1 instance",
    site: "main",
    promise: { duplicates: 0, gapSeconds: 50 },
    warnings: [unready],
    run: (stage) => rollOutWrongHost(stage, 0),
  },
];

async function changeInstances(stage: Stage, instanceCount: number): Promise<string> {
  const { site } = stage;
  await site.change({ relay: { ...site.declared.relay, instanceCount } });
  await untilInstances(stage, instanceCount);
  return "";
}

/** @param readyOnes instances that go on delivering meanwhile */
async function rollOutWrongHost(stage: Stage, readyOnes: number): Promise<string> {
  const { site } = stage;
  await site.change({ plantHost: "nowhere.plant.example" }, { isAwaited: false });
  await delay(15_000);
  const ready = (await site.deployment.pods()).filter(isReady).length;
  await site.change({ plantHost });
  assert.equal(ready, readyOnes);
  return readyOnes === 0 ? "the rollout stops" : `the rollout stops at the first pod, ${readyOnes} go on delivering`;
}
