import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { checkGitOps } from "../../../components/checks/git-ops.ts";
import type { GitOpsArgs } from "../../../components/index.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

let repository: string;
let project: string;

/** A repository with the project in its folder `deploy`. */
beforeAll(() => {
  repository = createTemporaryFolder("repository");
  project = path.join(repository, "deploy");
  for (const folder of [".git", "deploy", "overlays/oslo"])
    mkdirSync(path.join(repository, folder), { recursive: true });
  const settings = '[remote "origin"]\n\turl = https://ci:secret-token@git.example.com/contoso/sites\n';
  writeFileSync(path.join(repository, ".git/config"), settings);
  writeFileSync(
    path.join(repository, "overlays/oslo/kustomization.yaml"),
    "resources: [../../deploy/manifests/oslo]\n",
  );
});

afterAll(removeTemporaryFolders);

function problemsOf(
  followed: pulumi.Input<string>,
  changed: { directory?: string; repositoryUrl?: string } = {},
): string[] {
  const { directory = "manifests/oslo", repositoryUrl = "ssh://git@git.example.com/contoso/sites.git" } = changed;
  const flux = { resourceGroupName: "rg", clusterName: "oslo", repositoryUrl, path: followed };
  const gitOps: GitOpsArgs = { directory, flux };
  return checkGitOps("gitOps", gitOps, [], project).map(
    ({ path: at, problem, remedy }) => `${at}: ${problem}; ${remedy}`,
  );
}

test.each([
  "./deploy/manifests/oslo",
  "deploy/manifests/oslo/",
  "./deploy/manifests/oslo/1-manifest",
  "./deploy/manifests",
  "./",
  "./overlays/oslo",
])("lets Flux follow %s, where it finds the manifests of deploy/manifests/oslo", (followed) => {
  expect(problemsOf(followed)).toEqual([]);
});

test.each(["./manifests/oslo", "./deploy/manifests/bergen", "./deploy/manifests/oslo/0-crd", "./overlays"])(
  "refuses %s, where Flux finds none of them",
  (followed) => {
    expect(problemsOf(followed)).toEqual([
      `gitOps.flux.path: is "${followed}", and the manifests are written to "./deploy/manifests/oslo" of this repository; ` +
        'set it to "./deploy/manifests/oslo", or put a kustomization.yaml there that refers to the manifests',
    ]);
  },
);

test("refuses a folder outside of the repository that Flux follows", () => {
  expect(problemsOf("./manifests/oslo", { directory: "../../manifests/oslo" })).toEqual([
    'gitOps.directory: is "../../manifests/oslo", outside of the repository that Flux follows; name a folder of that repository',
  ]);
});

test("says nothing of another repository, which the manifests may be copied to, nor of a path that is not known yet", () => {
  expect(problemsOf("./oslo", { repositoryUrl: "https://git.example.com/contoso/clusters" })).toEqual([]);
  expect(problemsOf(pulumi.output("./oslo"))).toEqual([]);
});
