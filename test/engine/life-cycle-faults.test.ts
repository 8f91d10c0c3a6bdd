import { readFileSync } from "node:fs";

import { describeWithParts } from "../support/real-parts.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../support/temporary-folder.ts";
import { expectOnPage } from "./life-cycle/page.ts";
import { Report } from "./life-cycle/report.ts";
import { setUpScene } from "./life-cycle/scene.ts";
import type { Scene } from "./life-cycle/scene.ts";
import { startApiServer } from "./support/kube-apiserver.ts";
import type { ApiServer } from "./support/kube-apiserver.ts";
import { readKubeconfig } from "./support/kubernetes/client.ts";
import { createNamespace } from "./support/site.ts";
import type { Values } from "./support/values.ts";

const parts = ["pulumi", "kube-apiserver", "etcd", "pulumi-resource-kubernetes"] as const;

/*
 * What Pulumi's own Kubernetes provider says when something is wrong, with a cluster of its own, whose tokens the test knows. Each
 * test goes on from where the one before it has left the stack, and the page is made of what all of them have seen.
 */
describeWithParts(parts, ([pulumi, apiServer, etcd, provider]) => {
  const namespace = "life";
  const report = new Report();
  let server: ApiServer;
  let scene: Scene;

  beforeAll(async () => {
    server = await startApiServer(etcd, apiServer, createTemporaryFolder("own-kube-apiserver"));
    scene = await setUpScene({ pulumi, provider, kubeconfig: server.kubeconfig, namespaces: [namespace] });
  });

  afterAll(async () => {
    await scene.stop();
    await server.stop();
    removeTemporaryFolders();
  });

  /** Runs a command, and notes what came of it. */
  const run = async (text: string, resource?: string) => report.run(scene.site, text, resource);
  const foreign = { apiVersion: "v1", kind: "Secret", metadata: { name: "historian-client", namespace } };
  const use = (kubeconfig: string) => scene.site.configureSecret("mqtt-dataflow:kubernetes.kubeconfig", kubeconfig);
  const memory = (memoryMebibytes: number) => scene.site.configure({ relay: { memoryMebibytes } });

  test("a namespace that is missing passes the preview, and ends the update after a minute", async () => {
    report.heading("The relay's namespace is missing");

    const preview = await run("preview");
    const update = await run("up --skip-preview", "oslo-relay-cfg");

    expect(preview).toEqual({ code: 0, shown: "28 to create" });
    expect(update.shown).toContain(`namespaces "${namespace}" not found`);
  });

  test("a Secret of somebody else's is taken over, and keeps its other keys", async () => {
    report.heading("A Secret of the declared name exists already");
    await createNamespace(scene.cluster, namespace);
    await scene.cluster.create({ ...foreign, data: { "their.key": Buffer.from("theirs").toString("base64") } });

    const preview = await run("preview");
    const update = await run("up --skip-preview");

    report.note("the Secret has the declared keys and its own, and `pulumi destroy` deletes it");
    expect([preview.code, update.code]).toEqual([0, 0]);
    const { data } = (await scene.cluster.get(foreign)) as { readonly data?: Values };
    expect(Object.keys(data ?? {}).sort()).toEqual(["client_cert.pem", "client_key.pem", "their.key"]);
  });

  test("a token that the API server does not know, and one without rights, end in its words", async () => {
    const kubeconfig = readFileSync(server.kubeconfig, "utf8");
    const { token } = readKubeconfig(kubeconfig);
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "nobody", namespace } };
    await scene.cluster.create(account);
    memory(320);
    report.heading("A token that has ended");
    await use(kubeconfig.replace(token, "ended"));
    await run("preview", "oslo-relay-cfg");
    const ended = await run("up --skip-preview", "oslo-relay-cfg");

    report.heading("A token without rights in the namespace");
    await use(kubeconfig.replace(token, await scene.cluster.tokenOf(account)));
    await run("preview", "oslo-relay-cfg");
    const powerless = await run("up --skip-preview", "oslo-relay-cfg");
    await use(kubeconfig);

    expect(ended.code).not.toBe(0);
    expect(powerless.shown).toContain("forbidden");
  });

  test("destroying ends in its preview while the namespace is protected; once it isn't, all but the disk goes", async () => {
    report.heading("`destroy`, and `up` again");
    const refused = await run("destroy", "oslo-broker-ns");
    const disks = await scene.cluster.list("v1", "PersistentVolumeClaim", namespace);
    scene.site.configure({ eventGrid: { protect: false } });
    await scene.site.succeed("up", "--yes", "--skip-preview");

    const destroyed = await run("destroy --skip-preview");
    const left = await scene.cluster.list("apps/v1", "StatefulSet", namespace);
    const again = await run("up --skip-preview");

    expect(refused.shown).toContain("cannot be deleted");
    expect(destroyed.shown).toBe("28 deleted");
    expect(left).toEqual([]);
    expect(again.shown).toBe("28 created");
    expect(disks).toHaveLength(1);
    expect(await scene.cluster.list("v1", "PersistentVolumeClaim", namespace)).toEqual(disks);
  });

  test("the page has what was printed", () => {
    expectOnPage("faults", report.text);
  });
});
