import { kubernetesName, nearestName } from "../../runtime/contract/config/field.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** A field that names a Secret or a ConfigMap. */
export interface FileReference {
  readonly path: string;
  /** `undefined`: only the deployment tells. */
  readonly name: string | undefined;
}

/** The Secrets, or the ConfigMaps, that are created with the relay. */
export interface DeclaredFiles {
  /** Argument that lists them: `relay.secrets`, or `relay.vault.secrets`. */
  readonly path: string;
  readonly names: readonly string[];
}

export interface FileFindings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/**
 * Compares the fields that name Secrets or ConfigMaps with those that are created. Others may be in the cluster already, so a name that
 * is declared nowhere is refused only beside a similar one that nothing names: a pod would wait for the mistyped one for ever.
 */
export function checkFileReferences(
  declared: readonly DeclaredFiles[],
  references: readonly FileReference[],
): FileFindings {
  const named = references.flatMap(({ name }) => (name === undefined ? [] : [name]));
  const names = declared.flatMap((files) => files.names);
  const listing = (name: string) => declared.find((files) => files.names.includes(name))?.path ?? "";
  const unused = names.filter((name) => !named.includes(name));
  if (unused.length === 0) return { problems: [], warnings: [] };
  const mistyped = references.flatMap((reference) => {
    const { name } = reference;
    // A text that is no name may be the secret itself, and is another rule's to refuse.
    if (name === undefined || names.includes(name) || !kubernetesName.test(name)) return [];
    const meant = nearestName(name, unused);
    return meant === undefined ? [] : [{ reference: { path: reference.path, name }, meant }];
  });
  const problems = mistyped.map(({ reference, meant }) => ({
    path: reference.path,
    problem: `is "${reference.name}", which ${listing(meant)} does not have, beside "${meant}", which nothing names`,
    remedy: `did you mean "${meant}"?`,
  }));
  const isCertain = references.every(({ name }) => name !== undefined);
  const others = unused.filter((name) => !mistyped.some(({ meant }) => meant === name));
  const idle = (isCertain ? others : []).map((name) => ({
    path: `${listing(name)}.${name}`,
    problem: "is created, and no endpoint and no proxy names it",
    remedy: "name it, or remove it",
  }));
  return isCertain
    ? { problems: byRule("file-references", problems), warnings: byRule("file-references", idle) }
    : { problems: [], warnings: byRule("file-references", problems) };
}

/** A field that names a Secret, and what its user reads there. */
export interface SecretUse extends FileReference {
  /** Who reads it, for messages: an authentication method, or a proxy. */
  readonly user: string;
  /** Contents that it needs. */
  readonly needs: readonly string[];
}

/** Refuses a Secret without what its user reads in it: the relay would say the same, in its pod. */
export function checkSecretUses(
  secretsPath: string,
  contents: { readonly [name: string]: readonly string[] },
  uses: readonly SecretUse[],
): Problem[] {
  const problems = uses.flatMap(({ path, name = "", user, needs }) => {
    const content = Object.hasOwn(contents, name) ? contents[name] : undefined;
    // One with nothing in it, or with half, is another rule's to refuse.
    if (content === undefined || content.length === 0 || needs.some((field) => content.includes(field))) return [];
    const problem = `is "${name}", which has ${content.join(" and ")} in ${secretsPath}, and ${user} needs ${needs.join(" and ")}`;
    return [{ path, problem, remedy: "name another Secret, or give this one that content" }];
  });
  return byRule("file-references", problems);
}
