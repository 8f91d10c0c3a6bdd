import { setTimeout as delay } from "node:timers/promises";

import { describeWithParts } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { expectOnPage } from "./life-cycle/page.ts";
import { readPods, untilSettled } from "./life-cycle/pods.ts";
import { Report } from "./life-cycle/report.ts";
import { setUpScene } from "./life-cycle/scene.ts";
import type { Scene } from "./life-cycle/scene.ts";
import { startApiServer } from "./support/kube-apiserver.ts";
import type { ApiServer } from "./support/kube-apiserver.ts";
import { createNamespace } from "./support/site.ts";
import type { Values } from "./support/values.ts";

const parts = ["pulumi", "kube-apiserver", "etcd", "pulumi-resource-kubernetes"] as const;

/*
 * What becomes of an update by Pulumi's own Kubernetes provider while the API server is away: with a cluster of its own, since that is
 * stopped meanwhile.
 */
describeWithParts(parts, ([pulumi, apiServer, etcd, provider]) => {
  const namespace = "life";
  const report = new Report();
  let server: ApiServer;
  let scene: Scene;

  beforeAll(async () => {
    server = await startApiServer(etcd, apiServer, createTemporaryFolder("own-kube-apiserver"));
    scene = await setUpScene({ pulumi, provider, kubeconfig: server.kubeconfig, namespaces: [namespace] });
    await createNamespace(scene.cluster, namespace);
    await scene.site.succeed("up", "--yes", "--skip-preview");
    await untilSettled(scene.cluster, [namespace]);
  });

  afterAll(async () => {
    await scene.stop();
    await server.stop();
    removeTemporaryFolders();
  });

  /** Updates the stack, and notes what came of it. */
  const update = async (resource: string) => {
    const result = await scene.site.run("up", "--skip-preview", "--yes");
    return { code: result.code, shown: report.command("up --skip-preview", result, resource) };
  };
  const wantedPods = async () => {
    const [set] = await scene.cluster.all("apps/v1", "StatefulSet", namespace);
    return (set?.["spec"] as Values | undefined)?.["replicas"];
  };

  test("one that is away ends the update, and the next one makes the change", async () => {
    report.heading("The API server is away");
    scene.site.configure({ relay: { image: "mqtt-dataflow-relay:1.0.1" } });
    await server.interrupt();

    const refused = await update("oslo-relay-set");
    await server.resume();
    const done = await update("oslo-relay-set");

    expect(refused.shown).toContain("configured Kubernetes cluster is unreachable");
    expect(done.code).toBe(0);
    await scene.site.succeed("preview", "--expect-no-changes");
  });

  test("one that stops while an update waits for pods, and is back after 5 s, does not end it", async () => {
    report.heading("The API server stops for 5 s while `pulumi up` waits for a second pod");
    await untilSettled(scene.cluster, [namespace]);
    scene.site.configure({ relay: { instanceCount: 2 } });
    await scene.pauseControllers();
    const ended = new AbortController();
    const running = update("oslo-relay-set").finally(() => ended.abort());
    while (!ended.signal.aborted && (await wantedPods()) !== 2) await delay(100);

    await server.interrupt();
    await delay(5000);
    const hadEnded = ended.signal.aborted;
    await server.resume();
    scene.resumeControllers();
    const done = await running;

    expect(hadEnded).toBe(false);
    expect(done.code).toBe(0);
    await untilSettled(scene.cluster, [namespace]);
    expect(Object.keys(await readPods(scene.cluster, [namespace]))).toHaveLength(2);
    await scene.site.succeed("preview", "--expect-no-changes");
  });

  test("the page has what was printed", () => {
    expectOnPage("outage", report.text);
  });
});
