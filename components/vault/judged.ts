import * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "../checks/rules.ts";
import { checkVault } from "../checks/vault.ts";
import { asOutput, isKnown, mapValues, withoutUndefined } from "../known.ts";
import { refuse } from "../refuse.ts";
import type { VaultArgs, VaultSecretContentArgs } from "./settings.ts";

/** Where a vault was given: the component, and the argument. */
interface VaultOwner {
  readonly component: pulumi.Resource;
  readonly name: string;
  /** `relay.vault`, or `vault`. */
  readonly path: string;
}

/**
 * The same vault, with what only the deployment tells judged before anything uses it. What a program has as a secret output is refused
 * where a name belongs: it would stand in clear text in the cluster.
 */
export function judgedVault(owner: VaultOwner, vault: VaultArgs): VaultArgs {
  const { secretSync, externalSecrets } = vault;
  const judged: VaultArgs = { ...vault, secrets: judgedSecrets(owner, vault) };
  if (secretSync !== undefined) {
    const { vaultName, vaultId } = secretSync;
    const whole = judge(owner, { vaultName, vaultId }, (known) => ({
      ...vault,
      secretSync: { ...secretSync, ...known },
    }));
    judged.secretSync = { ...secretSync, vaultName: after(whole, vaultName) };
  }
  if (externalSecrets !== undefined) {
    const { storeName, refreshIntervalSeconds } = externalSecrets;
    const whole = judge(owner, { storeName, refreshIntervalSeconds }, (known) => ({
      ...vault,
      externalSecrets: { ...externalSecrets, ...known },
    }));
    judged.externalSecrets = { ...externalSecrets, storeName: after(whole, storeName) };
  }
  return judged;
}

/** Judges a vault once everything of `given` is known; `undefined` where it is, so that a check has judged it before. */
function judge<T extends object>(
  { component, name, path }: VaultOwner,
  given: T,
  withKnown: (known: { [K in keyof T]: Exclude<pulumi.Unwrap<T[K]>, undefined> }) => VaultArgs,
): pulumi.Output<unknown> | undefined {
  if (Object.values(given).every(isKnown)) return undefined;
  return pulumi.output(given).apply((known) => {
    refuse(component, name, checkVault(path, withKnown(known as Parameters<typeof withKnown>[0]), []));
  });
}

function after(judged: pulumi.Output<unknown> | undefined, input: pulumi.Input<string>): pulumi.Input<string> {
  return judged === undefined ? input : pulumi.all([input, judged]).apply(([known]) => known);
}

/** All of them at once, so that everything that is wrong is said. */
function judgedSecrets({ component, name, path }: VaultOwner, vault: VaultArgs): VaultArgs["secrets"] {
  const late = Object.entries(vault.secrets).flatMap(([secretRef, content]) =>
    Object.entries(content).flatMap(([field, item]: [string, VaultSecretContentArgs["clientKey"]]) =>
      item === undefined || isKnown(item)
        ? []
        : [{ at: `${path}.secrets.${secretRef}.${field}`, item: asOutput(item) }],
    ),
  );
  if (late.length === 0) return vault.secrets;
  const areSecret = Promise.all(late.map(({ item }) => pulumi.isSecret(item)));
  const judged = pulumi.all([pulumi.output(vault.secrets), areSecret]).apply(([secrets, secret]) => {
    const content = late.flatMap(({ at }, index) => (secret[index] === true ? [at] : []));
    const found = checkVault(path, { ...vault, secrets }, []).filter((problem) => !content.includes(problem.path));
    refuse(component, name, [...found, ...byRule("vault", content.map(contentGiven))]);
  });
  return mapValues(vault.secrets, (content) =>
    mapValues(withoutUndefined(content) as { [field: string]: pulumi.Input<string> }, (item) =>
      isKnown(item) ? item : after(judged, item),
    ),
  );
}

function contentGiven(path: string): Problem {
  const problem = "is a secret output, and the name of a secret is none: who reads the cluster's objects would see it";
  const remedy = "give the name that the vault has for it, or, where it is just that, pulumi.unsecret(...) of it";
  return { path, problem, remedy };
}
