import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

import { stringify } from "yaml";

import { manifestsFolder } from "../../../components/git-ops/folder.ts";
import type { ClusterObject } from "../node/kubectl.ts";
import { inState } from "../node/places.ts";
import { run } from "../node/program.ts";
import { manifestsOf } from "../site/declaration.ts";
import type { ApplyOptions } from "../site/deployment.ts";
import type { Cluster } from "../site/site.ts";

/** A Git repository with the manifests of one bridge. */
export interface Repository {
  /** Its top folder. */
  readonly folder: string;
  /** Folder of the manifests, counted from the top. */
  readonly manifests: string;
  /** Writes one file for each object, as Pulumi's provider does, and commits them. @returns the commit */
  commit(objects: readonly ClusterObject[]): Promise<string>;
  /** The commit that the branch is at. */
  head(): Promise<string>;
}

/** Where repositories are, each in a folder of its own. */
export const repositoriesFolder = inState("repositories");

/** Makes the repository of a site, whose branch is `main`; or finds it. */
export async function createRepository(site: string): Promise<Repository> {
  const folder = path.join(repositoriesFolder, site);
  mkdirSync(folder, { recursive: true });
  const git = (...args: readonly string[]) => run("git", ["-C", folder, ...identity, ...args]);
  await git("init", "--quiet", "--initial-branch=main");
  const manifests = path.join(manifestsOf(site), manifestsFolder);
  const head = async () => (await git("rev-parse", "HEAD")).trim();
  return {
    folder,
    manifests,
    head,
    commit: async (objects) => {
      const target = path.join(folder, manifests);
      rmSync(target, { recursive: true, force: true });
      mkdirSync(target, { recursive: true });
      for (const object of objects) writeFileSync(path.join(target, fileOf(object)), stringify(object, asProvider));
      await git("add", "--all");
      await git("commit", "--quiet", "--message=deployed");
      return head();
    },
  };
}

/** Text of several lines as it is: Flux's libraries add a line to one that is folded. */
const asProvider = { blockQuote: "literal", lineWidth: 0 } as const;

const identity = ["-c", "user.name=platform", "-c", "user.email=platform@plant.example", "-c", "commit.gpgSign=false"];

/** Brings objects into the cluster as somebody does who has the repository and kubectl. */
export function applyFolder({ kubectl }: Pick<Cluster, "kubectl">, site: string): NonNullable<ApplyOptions["deliver"]> {
  return async (objects) => {
    const { folder, manifests, commit } = await createRepository(site);
    await commit(objects);
    const files = path.join(folder, manifests);
    // By their names the StatefulSet would come before the ServiceAccount that its pods need.
    await kubectl(["apply", "--server-side", `--filename=${files}/v1-*.yaml`, `--filename=${files}`]);
  };
}

/** @see Pulumi's Kubernetes provider, renderPathForResource */
function fileOf({ apiVersion, kind, metadata: { namespace = "default", name } }: ClusterObject): string {
  return `${apiVersion.replaceAll("/", "_")}-${kind.toLowerCase()}-${namespace}-${name}.yaml`;
}
