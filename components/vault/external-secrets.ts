import type * as apiextensions from "@pulumi/kubernetes/apiextensions/index.js";

import { SecretStoreKind } from "../enumerations.ts";
import { mapInput } from "../known.ts";
import type { RelayMetadata } from "../relay/manifests.ts";
import { secretEntries } from "../relay/secrets.ts";
import type { ExternalSecretsArgs, VaultSecretContentArgs } from "./settings.ts";

/** Time in seconds, as the operator itself has it. @see External Secrets Operator, ExternalSecret, spec.refreshInterval */
const defaultRefreshSeconds = 3600;

/**
 * Says which content of the store goes under which key of the Secret, which has the name of the `ExternalSecret` and is deleted with it.
 * @see External Secrets Operator, ExternalSecret (external-secrets.io/v1)
 */
export function buildExternalSecret(
  metadata: RelayMetadata & { readonly name: string },
  content: VaultSecretContentArgs,
  { storeName, storeKind, refreshIntervalSeconds }: ExternalSecretsArgs,
): apiextensions.CustomResourceArgs {
  return {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata,
    spec: {
      refreshInterval: mapInput(refreshIntervalSeconds ?? defaultRefreshSeconds, (seconds) => `${seconds}s`),
      secretStoreRef: { name: storeName, kind: storeKind ?? SecretStoreKind.ClusterSecretStore },
      // What is gone from the vault stays in the cluster: the relay goes on with what it has.
      target: { name: metadata.name, creationPolicy: "Owner", deletionPolicy: "Retain" },
      data: secretEntries(content).map(([secretKey, key]) => ({ secretKey, remoteRef: { key } })),
    },
  };
}
