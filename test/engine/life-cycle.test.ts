import { readFileSync } from "node:fs";
import path from "node:path";

import { describeWithParts } from "../support/real-parts.ts";
import { removeTemporaryFolders } from "../support/temporary-folder.ts";
import { changes, namespaces } from "./life-cycle/changes.ts";
import { expectOnPage, renderTable } from "./life-cycle/page.ts";
import { comparePods, readPods, untilSettled } from "./life-cycle/pods.ts";
import { setUpScene } from "./life-cycle/scene.ts";
import type { Scene } from "./life-cycle/scene.ts";
import { countsOf, previewSteps, readCounts, summarize, withoutComponents } from "./life-cycle/steps.ts";
import { kubeconfigVariable } from "./support/setup.ts";
import { createNamespace } from "./support/site.ts";

const parts = ["pulumi", "kube-apiserver", "etcd", "pulumi-resource-kubernetes"] as const;

/*
 * One stack through the changes of its life, by Pulumi's own Kubernetes provider, on a real API server. Each test goes on from where
 * the one before it has left the stack.
 */
describeWithParts(parts, ([pulumi, , , provider]) => {
  let scene: Scene;
  const seen: string[][] = [];

  beforeAll(async () => {
    const kubeconfig = process.env[kubeconfigVariable] ?? "";
    scene = await setUpScene({ pulumi, provider, kubeconfig, namespaces });
    for (const namespace of namespaces) await createNamespace(scene.cluster, namespace);
    await scene.site.succeed("up", "--yes", "--skip-preview");
    await untilSettled(scene.cluster, namespaces);
  });

  afterAll(async () => {
    await scene.stop();
    removeTemporaryFolders();
  });

  const pods = () => readPods(scene.cluster, namespaces);

  test.each(changes)("$title: its preview, and what becomes of the pods", async (change) => {
    const before = await pods();
    await change.make(scene);

    const shown = await previewSteps(scene.site);
    // A replaced StatefulSet is what the API server can refuse in the preview that an update begins with.
    const isReplaced = change.preview.some((step) => step.startsWith("replace StatefulSet"));
    const done = readCounts(await scene.site.succeed("up", "--yes", ...(isReplaced ? [] : ["--skip-preview"])));
    await untilSettled(scene.cluster, namespaces);
    const became = comparePods(before, await pods());

    const resources = withoutComponents(shown);
    seen.push([change.title, summarize(resources), became, change.messages + proofOf(change.shownBy)]);
    expect(resources).toEqual(change.preview.toSorted());
    expect(done).toEqual(countsOf(shown));
    expect(became).toBe(change.pods);
  });

  test("after all of them a refresh and a preview find nothing to change", async () => {
    await scene.site.succeed("refresh", "--yes", "--skip-preview", "--expect-no-changes");

    await scene.site.succeed("preview", "--expect-no-changes");
  });

  test("the page has the table of this run", () => {
    expect(seen).toHaveLength(changes.length);
    const head = ["what changes", "what the preview shows", "the pods", "messages"];
    expectOnPage("changes", renderTable([head, ...seen]));
  });

  test.each(changes.filter(({ shownBy }) => shownBy !== undefined))(
    "$title: the row of the real node that it refers to is there",
    ({ shownBy = "" }) => {
      const page = readFileSync(path.join(import.meta.dirname, "../../doc/cluster.md"), "utf8");
      expect(page).toContain(`\n| ${shownBy} `);
    },
  );
});

/** Where messages were counted. */
function proofOf(row: string | undefined): string {
  return row === undefined ? "" : ` ([shown by](cluster.md) "${row}")`;
}
