import { createHash } from "node:crypto";

import type * as apiextensions from "@pulumi/kubernetes/apiextensions/index.js";
import type * as pulumi from "@pulumi/pulumi";

import { mapInput } from "../known.ts";
import { secretEntries } from "../relay/secrets.ts";
import type { RelayMetadata } from "../relay/manifests.ts";
import type { SecretSyncArgs, VaultSecretContentArgs } from "./settings.ts";

/** What a `SecretProviderClass` tells the Azure provider. @see Azure Arc, Secret Store extension, SecretProviderClass (2026-02) */
interface ProviderParameters {
  readonly clientID: string;
  readonly keyvaultName: string;
  /** YAML in a text: the secrets to fetch. */
  readonly objects: string;
  readonly tenantID: string;
}

/** Says where one Secret's content comes from, and as whom it is read. Another Secret's missing content does not hold this one up. */
export function buildProviderClass(
  metadata: RelayMetadata,
  content: VaultSecretContentArgs,
  settings: SecretSyncArgs,
): apiextensions.CustomResourceArgs {
  return {
    apiVersion: "secrets-store.csi.x-k8s.io/v1",
    kind: "SecretProviderClass",
    metadata,
    spec: { provider: "azure", parameters: parametersOf(content, settings) },
  };
}

function parametersOf(content: VaultSecretContentArgs, { vaultName, identity }: SecretSyncArgs) {
  const { clientId, tenantId } = identity;
  const items = secretEntries(content).map(([, item]) => item);
  return mapInput({ clientId, tenantId, vaultName, items }, (known): ProviderParameters => ({
    clientID: known.clientId,
    keyvaultName: known.vaultName,
    objects: `array:\n${[...new Set(known.items)].map(buildObject).join("")}`,
    tenantID: known.tenantId,
  }));
}

/** Quoted, because YAML would read a name of digits as a number. */
function buildObject(name: string): string {
  return `  - |\n    objectName: ${JSON.stringify(name)}\n    objectType: secret\n`;
}

/**
 * Says under which keys the content goes into the Secret, which has the name of the `SecretSync` and is deleted with it.
 * @see Azure Arc, Secret Store extension, SecretSync (2025-08), and Kubernetes SIGs, secrets-store-sync-controller, its CRD
 */
export function buildSecretSync(
  metadata: RelayMetadata & { readonly name: string },
  content: VaultSecretContentArgs,
  settings: SecretSyncArgs,
  names: { readonly serviceAccountName: pulumi.Input<string>; readonly secretProviderClassName: pulumi.Input<string> },
): apiextensions.CustomResourceArgs {
  const entries = secretEntries(content).map(([targetKey, sourcePath]) => ({ sourcePath, targetKey }));
  return {
    apiVersion: "secret-sync.x-k8s.io/v1alpha1",
    kind: "SecretSync",
    metadata,
    spec: {
      serviceAccountName: names.serviceAccountName,
      secretProviderClassName: names.secretProviderClassName,
      secretObject: { type: "Opaque", data: entries, labels: metadata.labels },
      // The controller looks at once when this changes; what changes beside it in the class it would see after its poll interval only.
      forceSynchronization: mapInput([parametersOf(content, settings), settings.syncNow ?? ""], fingerprint),
    },
  };
}

function fingerprint(parts: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
