import { existsSync } from "node:fs";
import path from "node:path";

import type { Problem } from "../../runtime/contract/errors.ts";
import { addressOf, findRepository, manifestsFolder, projectFolder, withSlashes } from "../git-ops/folder.ts";
import type { FluxArgs, GitOpsArgs } from "../git-ops/settings.ts";
import { isKnown } from "../known.ts";
import { byRule } from "./rules.ts";

/** Refuses what can't be handed over in files: Secrets would lie there in clear text, and from there go into a repository. */
export function checkGitOps(
  at: string,
  gitOps: GitOpsArgs | undefined,
  secretRefs: readonly string[],
  project = projectFolder(),
): Problem[] {
  if (gitOps === undefined) return [];
  const { directory, flux } = gitOps;
  const problems: Problem[] = secretRefs.map((secretRef) => ({
    path: `relay.secrets.${secretRef}`,
    problem: `would be written to "${directory}" in clear text`,
    remedy:
      "move its content to a vault and declare it in relay.vault, or create this Secret in the cluster and leave it out here",
  }));
  if (directory.trim() === "") {
    return byRule("git-ops", [
      ...problems,
      { path: `${at}.directory`, problem: "is empty", remedy: "name the folder for the manifests" },
    ]);
  }
  return byRule("git-ops", [...problems, ...(flux === undefined ? [] : checkFlux(at, directory, flux, project))]);
}

function checkFlux(
  at: string,
  directory: string,
  { repositoryUrl, path: followed }: FluxArgs,
  project: string,
): Problem[] {
  if (!isKnown(repositoryUrl)) return [];
  if (!/^(https?|ssh):\/\/\S+$/.test(repositoryUrl)) {
    const problem = "is no address that Flux takes";
    return [{ path: `${at}.flux.repositoryUrl`, problem, remedy: "begin it with https:// or ssh://" }];
  }
  return isKnown(followed) ? checkPath(at, directory, { repositoryUrl, followed }, project) : [];
}

/**
 * Compares the folder that Flux follows with the one that the manifests are written to. Nothing is known of another repository than
 * the project's own: the manifests may be copied there.
 */
function checkPath(
  at: string,
  directory: string,
  { repositoryUrl, followed }: { readonly repositoryUrl: string; readonly followed: string },
  project: string,
): Problem[] {
  const repository = findRepository(project);
  if (repository?.addresses.includes(addressOf(repositoryUrl)) !== true) return [];
  const written = path.resolve(project, directory);
  if (!isWithin(written, repository.folder)) {
    const problem = `is "${directory}", outside of the repository that Flux follows`;
    return [{ path: `${at}.directory`, problem, remedy: "name a folder of that repository" }];
  }
  const top = path.join(repository.folder, followed);
  if (leadsTo(top, written) || isOverlay(top)) return [];
  const wanted = `./${withSlashes(path.relative(repository.folder, written))}`;
  const problem = `is "${followed}", and the manifests are written to "${wanted}" of this repository`;
  const remedy = `set it to "${wanted}", or put a kustomization.yaml there that refers to the manifests`;
  return [{ path: `${at}.flux.path`, problem, remedy }];
}

/** Flux takes the manifests of a folder and of those below it. @see Flux, Kustomization, generate kustomization.yaml */
function leadsTo(top: string, folder: string): boolean {
  return isWithin(folder, top) || path.resolve(top) === path.join(folder, manifestsFolder);
}

function isWithin(folder: string, top: string): boolean {
  const below = path.relative(top, folder);
  return below !== ".." && !below.startsWith(`..${path.sep}`) && !path.isAbsolute(below);
}

/** @see Kustomize, names of its file */
function isOverlay(folder: string): boolean {
  return ["kustomization.yaml", "kustomization.yml", "Kustomization"].some((file) =>
    existsSync(path.join(folder, file)),
  );
}
