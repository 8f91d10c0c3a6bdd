import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import path from "node:path";

import * as pulumi from "@pulumi/pulumi";

import { addressOf, findRepository, projectFolder, renderFolder } from "../../../components/git-ops/folder.ts";
import { createTemporaryFolder, removeTemporaryFolders } from "../../support/temporary-folder.ts";

const start = process.cwd();

afterEach(() => process.chdir(start));
afterAll(removeTemporaryFolders);

/** A project whose Pulumi.yaml has `main: stacks/index.ts`, with the program's folder as the working directory. */
function enterProject(): string {
  const project = realpathSync(createTemporaryFolder("project"));
  mkdirSync(path.join(project, "stacks"));
  writeFileSync(path.join(project, "Pulumi.yaml"), "name: project\nmain: stacks/index.ts\nruntime: nodejs\n");
  process.chdir(path.join(project, "stacks"));
  return project;
}

test("counts a folder from that of Pulumi.yaml, where the provider counts from the program's", () => {
  const project = enterProject();

  expect(projectFolder()).toBe(project);
  expect(renderFolder("manifests/oslo")).toBe("../manifests/oslo");
  expect(renderFolder("stacks/manifests")).toBe("manifests");
  expect(renderFolder("stacks")).toBe(".");
  expect(renderFolder("/srv/manifests")).toBe("/srv/manifests");
});

test("takes the project's folder from the engine where it tells it", () => {
  enterProject();
  jest.spyOn(pulumi, "getRootDirectory").mockReturnValue(path.dirname(start));

  expect(projectFolder()).toBe(path.dirname(start));
});

test.each([
  ["https://git.example.com/contoso/sites", "git.example.com/contoso/sites"],
  ["https://git.example.com:8443/Contoso/sites.git", "git.example.com/contoso/sites"],
  ["https://user:token@git.example.com/contoso/sites.git/", "git.example.com/contoso/sites"],
  ["ssh://git@git.example.com:22/contoso/sites.git", "git.example.com/contoso/sites"],
  ["git@git.example.com:contoso/sites.git", "git.example.com/contoso/sites"],
  ["../sites", "../sites"],
])("knows %s as %s, however it is reached", (url, address) => {
  expect(addressOf(url)).toBe(address);
});

test("finds a repository's remotes, also in a worktree, and none where there is no repository or nothing can be read of it", () => {
  const folder = createTemporaryFolder("repository");
  const settings = '[core]\n\tbare = false\n[remote "origin"]\n\turl = git@git.example.com:contoso/sites.git\n';
  mkdirSync(path.join(folder, "main/.git/worktrees/other"), { recursive: true });
  mkdirSync(path.join(folder, "main/deploy/oslo"), { recursive: true });
  mkdirSync(path.join(folder, "other"));
  mkdirSync(path.join(folder, "broken"));
  writeFileSync(path.join(folder, "main/.git/config"), settings);
  writeFileSync(path.join(folder, "main/.git/worktrees/other/commondir"), "../..\n");
  writeFileSync(path.join(folder, "other/.git"), "gitdir: ../main/.git/worktrees/other\n");
  writeFileSync(path.join(folder, "broken/.git"), "");
  const addresses = ["git.example.com/contoso/sites"];

  expect(findRepository(path.join(folder, "main/deploy/oslo"))).toEqual({
    folder: path.join(folder, "main"),
    addresses,
  });
  expect(findRepository(path.join(folder, "other"))).toEqual({ folder: path.join(folder, "other"), addresses });
  expect(findRepository(path.join(folder, "broken"))).toEqual({ folder: path.join(folder, "broken"), addresses: [] });
  expect(findRepository(folder)).toBeUndefined();
});
