import { readFileSync } from "node:fs";
import path from "node:path";

import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { expectOnPage } from "./life-cycle/page.ts";
import { untilSettled } from "./life-cycle/pods.ts";
import { Report } from "./life-cycle/report.ts";
import { setUpScene } from "./life-cycle/scene.ts";
import type { Scene } from "./life-cycle/scene.ts";
import type { KubernetesObject } from "./support/kubernetes/client.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { createNamespace } from "./support/site.ts";

const parts = ["pulumi", "kube-apiserver", "etcd", "pulumi-resource-kubernetes"] as const;

/*
 * What Pulumi's own Kubernetes provider does about objects that others have changed. Each test goes on from where the one before it
 * has left the stack, and the page is made of what all of them have seen.
 */
describeWithParts(parts, ([pulumi, , , provider]) => {
  const namespace = "life-drift";
  const report = new Report();
  let scene: Scene;

  beforeAll(async () => {
    const kubeconfig = process.env[kubeconfigVariable] ?? "";
    scene = await setUpScene({ pulumi, provider, kubeconfig, namespaces: [namespace] });
    await createNamespace(scene.cluster, namespace);
    await scene.site.succeed("up", "--yes", "--skip-preview");
    await untilSettled(scene.cluster, [namespace]);
  });

  afterAll(async () => {
    await scene.stop();
    removeTemporaryFolders();
  });

  /** Runs a command, and notes what came of it. */
  const run = async (text: string, resource?: string) => report.run(scene.site, text, resource);
  const find = async (apiVersion: string, kind: string, name: string) => {
    const found = (await scene.cluster.all(apiVersion, kind, namespace)).find(({ metadata }) =>
      metadata.name.startsWith(name),
    );
    if (found === undefined) throw new Error(`${kind} ${name} is not there`);
    return found;
  };
  const config = () => find("v1", "ConfigMap", "oslo-relay-cfg");
  const set = () => find("apps/v1", "StatefulSet", "oslo-relay-set");
  const textOf = (object: KubernetesObject) => (object["data"] as { readonly "config.json": string })["config.json"];
  /** Changes the relay's configuration in the cluster. */
  const editConfig = async (change: (text: string) => string, fieldManager?: string) => {
    const before = await config();
    await scene.cluster.edit(before, { data: { "config.json": change(textOf(before)) } }, fieldManager);
    return textOf(before);
  };
  const addLine = (text: string) => `${text}\n`;
  const foreign = { apiVersion: "v1", kind: "Secret", metadata: { name: "historian-client", namespace } };

  test("a ConfigMap edited with kubectl is found by a refresh, ends the preview, and is taken back without one", async () => {
    report.heading("`kubectl edit` of the relay's ConfigMap");
    const declared = await editConfig(addLine);

    const unseen = await run("preview");
    await run("refresh --skip-preview");
    const preview = await run("preview", "oslo-relay-cfg");
    const edited = textOf(await config());
    const update = await run("up --skip-preview");

    expect(unseen).toEqual({ code: 0, shown: "28 unchanged" });
    const page = readFileSync(path.join(import.meta.dirname, "../../doc/operations.md"), "utf8");
    expect(preview.shown).toContain('conflict with "kubectl-edit" using v1: .data.config.json');
    expect(page).toContain(preview.shown.replace(`${namespace}/oslo-relay-cfg-<made up>`, "<namespace>/<ConfigMap>"));
    expect(edited).not.toBe(declared);
    expect(update).toEqual({ code: 0, shown: "1 updated, 27 unchanged" });
    expect(textOf(await config())).toBe(declared);
  });

  test("one changed by a program ends the update too, until that program lets go", async () => {
    report.heading("The same by a program, field manager `site-operator`");
    const declared = await editConfig(addLine, "site-operator");

    await run("refresh --skip-preview");
    const preview = await run("preview", "oslo-relay-cfg");
    const update = await run("up --skip-preview", "oslo-relay-cfg");
    await editConfig(() => declared, "site-operator");
    await scene.site.succeed("refresh", "--yes", "--skip-preview");

    for (const { shown } of [preview, update]) expect(shown).toContain('conflict with "site-operator"');
    await scene.site.succeed("preview", "--expect-no-changes");
  });

  test("a StatefulSet scaled with kubectl is found by a refresh, and ends the update until it is scaled back", async () => {
    report.heading("`kubectl scale` of the StatefulSet to 2");
    await scene.cluster.scale(await set(), 2);

    const unseen = await run("preview");
    await run("refresh --skip-preview");
    const preview = await run("preview", "oslo-relay-set");
    const update = await run("up --skip-preview", "oslo-relay-set");
    await scene.cluster.scale(await set(), 1);
    report.note("`kubectl scale` to 1");
    await run("refresh --skip-preview");
    const after = await run("preview");

    expect(unseen.shown).toBe("28 unchanged");
    for (const { shown } of [preview, update]) {
      expect(shown).toContain('conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas');
    }
    expect(after).toEqual({ code: 0, shown: "28 unchanged" });
  });

  test("a Secret that was deleted is found by a refresh, and created again", async () => {
    report.heading("`kubectl delete secret`");
    await scene.cluster.delete(foreign);

    const unseen = await run("preview");
    await run("refresh --skip-preview");
    const preview = await run("preview");
    const update = await run("up --skip-preview");

    expect(unseen.shown).toBe("28 unchanged");
    expect(preview.shown).toBe("1 to create, 27 unchanged");
    expect(update.shown).toBe("1 created, 27 unchanged");
    expect(await scene.cluster.get(foreign)).toBeDefined();
  });

  test("the page has what was printed", () => {
    expectOnPage("drift", report.text);
  });
});
