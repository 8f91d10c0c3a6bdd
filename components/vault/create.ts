import * as authorization from "@pulumi/azure-native/authorization/index.js";
import * as managedidentity from "@pulumi/azure-native/managedidentity/index.js";
import * as apiextensions from "@pulumi/kubernetes/apiextensions/index.js";
import * as core from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";

import { buildFederation } from "../relay/identities.ts";
import type { RelayMetadata } from "../relay/manifests.ts";
import { buildExternalSecret } from "./external-secrets.ts";
import { buildVaultRoles } from "./roles.ts";
import { buildProviderClass, buildSecretSync } from "./secret-sync.ts";
import type { SecretSyncArgs, VaultArgs, VaultSecretContentArgs } from "./settings.ts";

/** What the objects of a vault's Secrets have in common. */
interface VaultParts {
  readonly relay: pulumi.Resource;
  /** Name of the relay, which the names of all resources begin with. */
  readonly name: string;
  readonly metadata: RelayMetadata;
  /** Federated identity credentials to come after: an identity takes one at a time. */
  readonly credentials: readonly pulumi.Resource[];
}

/**
 * Creates what has the cluster fetch Secrets from a vault, and nothing of their content. The Secrets appear some time after; a pod that
 * names one waits for it. Who mounts them depends on what is returned, so that deletion takes the pods first.
 */
export function createVaultSecrets(parts: VaultParts, vault: VaultArgs | undefined): pulumi.Resource[] {
  const { relay, name, metadata } = parts;
  const { secrets = {}, secretSync, externalSecrets } = vault ?? {};
  // Names are fixed, so a replacement that is created first would meet the object which it replaces.
  const options = { parent: relay, deleteBeforeReplace: true };
  if (externalSecrets !== undefined) {
    return Object.entries(secrets).map(([secretRef, content]) => {
      const manifest = buildExternalSecret({ ...metadata, name: secretRef }, content, externalSecrets);
      return new apiextensions.CustomResource(`${name}-${secretRef}`, manifest, options);
    });
  }
  return secretSync === undefined ? [] : createSecretSyncs(parts, secrets, secretSync, options);
}

function createSecretSyncs(
  parts: VaultParts,
  secrets: { readonly [secretRef: string]: VaultSecretContentArgs },
  settings: SecretSyncArgs,
  options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { name, metadata } = parts;
  const { serviceAccountName, access } = createAccess(parts, settings);
  return Object.entries(secrets).map(([secretRef, content]) => {
    const named = { ...metadata, name: secretRef };
    const providerClass = new apiextensions.CustomResource(
      `${name}-${secretRef}-class`,
      buildProviderClass(named, content, settings),
      options,
    );
    const names = { serviceAccountName, secretProviderClassName: secretRef };
    const dependsOn = [providerClass, ...access];
    return new apiextensions.CustomResource(
      `${name}-${secretRef}`,
      buildSecretSync(named, content, settings, names),
      // The controller looks into the vault at once, and the identity may read it by then.
      { ...options, dependsOn },
    );
  });
}

/** Creates secret sync's service account, the identity's trust in it, and the identity's roles: each where it is asked for. */
function createAccess({ relay, name, metadata, credentials }: VaultParts, settings: SecretSyncArgs) {
  const child = { parent: relay };
  const access: pulumi.Resource[] = [];
  let serviceAccountName: pulumi.Input<string> | undefined = settings.serviceAccountName;
  if (serviceAccountName === undefined) {
    // Not the relay's own: what runs in its pods has no way into the vault then.
    const account = new core.ServiceAccount(`${name}-vault`, { metadata, automountServiceAccountToken: false }, child);
    serviceAccountName = account.metadata.name;
    access.push(account);
    if (settings.identity.oidcIssuerUrl !== undefined) {
      const subject = pulumi.interpolate`system:serviceaccount:${metadata.namespace}:${serviceAccountName}`;
      const federation = buildFederation(settings.identity, subject);
      const after = { ...child, dependsOn: [...credentials] };
      access.push(new managedidentity.FederatedIdentityCredential(`${name}-vault-fic`, federation, after));
    }
  }
  for (const [role, assignment] of buildVaultRoles(settings)) {
    access.push(
      new authorization.RoleAssignment(`${name}-vault-${role}`, assignment, {
        ...child,
        // Azure takes no second assignment of the same role to the same principal at the same scope (409 RoleAssignmentExists).
        deleteBeforeReplace: true,
      }),
    );
  }
  return { serviceAccountName, access };
}
