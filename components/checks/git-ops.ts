import type { Problem } from "../../runtime/contract/errors.ts";
import type { GitOpsArgs } from "../git-ops/settings.ts";
import { isKnown } from "../known.ts";
import { byRule } from "./rules.ts";

/** Refuses what can't be handed over in files: Secrets would lie there in clear text, and from there go into a repository. */
export function checkGitOps(path: string, gitOps: GitOpsArgs | undefined, secretRefs: readonly string[]): Problem[] {
  if (gitOps === undefined) return [];
  const problems: Problem[] = secretRefs.map((secretRef) => ({
    path: `relay.secrets.${secretRef}`,
    problem: `would be written to "${gitOps.directory}" in clear text`,
    remedy: "create this Secret in the cluster, such as by synchronising it from Key Vault, and leave it out here",
  }));
  if (gitOps.directory.trim() === "") {
    problems.push({ path: `${path}.directory`, problem: "is empty", remedy: "name the folder for the manifests" });
  }
  const url = gitOps.flux?.repositoryUrl;
  if (url !== undefined && isKnown(url) && !/^(https?|ssh):\/\/\S+$/.test(url)) {
    const problem = "is no address that Flux takes";
    problems.push({ path: `${path}.flux.repositoryUrl`, problem, remedy: "begin it with https:// or ssh://" });
  }
  return byRule("git-ops", problems);
}
