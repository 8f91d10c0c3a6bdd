import { mkdirSync } from "node:fs";
import path from "node:path";

import { kubeconfigOf } from "../node/control-plane.ts";
import type { ClusterObject, Kubectl } from "../node/kubectl.ts";
import { inState, siteNamespace } from "../node/places.ts";
import { run, startProgram } from "../node/program.ts";
import type { NodeParts } from "../node/programs.ts";
import { serveRepositories } from "./git-server.ts";
import { repositoriesFolder } from "./repository.ts";
import type { Repository } from "./repository.ts";

/** Flux's controllers of Git repositories and of what is in them. */
export interface Flux {
  /** Has the cluster follow a repository's manifests, as `gitOps.flux` has it. */
  follow(repository: Repository): Promise<void>;
  /** Waits until the cluster has what a commit says. */
  untilApplied(commit: string): Promise<void>;
  stop(): Promise<void>;
}

/** Address at which the one controller serves the other what it has fetched. */
const artifactAddress = "127.0.0.1:9790";
const followed = "relay";
/** Here it looks every 5 s; `gitOps.flux` declares 10 minutes. */
const interval = "5s";

/** Starts the controllers beside those of Kubernetes, with the rights of an administrator as Azure's extension has them. */
export async function startFlux(kubectl: Kubectl, parts: NodeParts): Promise<Flux> {
  await kubectl(["apply", "--server-side", "--filename=-"], await run(parts["flux-definitions"], []));
  await kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
  const storage = inState("flux");
  mkdirSync(storage, { recursive: true });
  const env = { KUBECONFIG: kubeconfigOf("admin") };
  const listening = [`--storage-addr=${artifactAddress}`, `--storage-adv-addr=${artifactAddress}`];
  const controllers = [
    startProgram("source-controller", parts["source-controller"], [`--storage-path=${storage}`, ...listening], env),
    startProgram("kustomize-controller", parts["kustomize-controller"], ["--metrics-addr=127.0.0.1:8080"], env),
  ];
  const server = await serveRepositories(repositoriesFolder);
  return {
    follow: async ({ folder, manifests }) => {
      const url = `${server.url}/${path.basename(folder)}/.git`;
      const items = [declareSource(url), declareKustomization(`./${manifests}`)];
      await kubectl(["apply", "--filename=-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    },
    untilApplied: (commit) =>
      kubectl.untilTrue(
        ["--namespace", siteNamespace, "kustomizations.kustomize.toolkit.fluxcd.io", followed],
        `has applied ${commit}`,
        (object) => lastAppliedOf(object).endsWith(commit),
      ),
    stop: async () => {
      server.close();
      for (const controller of controllers) await controller.stop();
    },
  };
}

const metadata = { name: followed, namespace: siteNamespace };

function declareSource(url: string): object {
  const spec = { url, interval, ref: { branch: "main" } };
  return { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "GitRepository", metadata, spec };
}

function declareKustomization(manifests: string): object {
  const sourceRef = { kind: "GitRepository", name: followed };
  const spec = { sourceRef, path: manifests, interval, prune: true };
  return { apiVersion: "kustomize.toolkit.fluxcd.io/v1", kind: "Kustomization", metadata, spec };
}

function lastAppliedOf({ status }: ClusterObject): string {
  return (status as { readonly lastAppliedRevision?: string } | undefined)?.lastAppliedRevision ?? "";
}
