import { withChange } from "./declaration.ts";
import type { CheckExample } from "./declaration.ts";

const id = "00000000-0000-0000-0000-0000000000c1";
const trusting = {
  clientId: id,
  tenantId: id,
  resourceGroupName: "rg",
  identityName: "id-vault",
  oidcIssuerUrl: "https://oidc.example/oslo",
};
const vaultId =
  "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-plants";

/** A client certificate from a vault, for an endpoint that no dataflow uses yet. */
const fromVault = {
  customEndpoints: {
    other: { host: "mqtt.example.com:8883", authenticationMethod: "X509Certificate", secretRef: "historian" },
  },
  relay: {
    vault: { secrets: { historian: { clientCertificate: "historian-cert", clientKey: "historian-key" } } },
  },
};
const bySecretSync = withChange(fromVault, {
  relay: { vault: { secretSync: { vaultName: "kv-plants", identity: trusting } } },
});
const byExternalSecrets = withChange(fromVault, { relay: { vault: { externalSecrets: { storeName: "plants" } } } });

/** Secrets that the cluster fetches; the page shows the change to `relay.vault` alone. */
function example(path: string, base: object, fails: object, passes: object): CheckExample {
  const change = (vault: object) => withChange(base, { relay: { vault } });
  const shown = `a vault with \`${JSON.stringify(fails)}\``;
  return { rule: "vault", path: `relay.vault${path}`, shown, fails: change(fails), passes: change(passes) };
}

export const vaultExamples: readonly CheckExample[] = [
  {
    ...example("", fromVault, {}, { externalSecrets: { storeName: "plants" } }),
    shown: "a vault, and nothing that fetches from it",
  },
  example(
    ".secretSync.vaultName",
    bySecretSync,
    { secretSync: { vaultName: "https://kv-plants.vault.azure.net" } },
    {},
  ),
  example(
    ".secretSync.identity.oidcIssuerUrl",
    bySecretSync,
    { secretSync: { serviceAccountName: "aio-ssc-sa" } },
    { secretSync: { serviceAccountName: "aio-ssc-sa", identity: { oidcIssuerUrl: undefined } } },
  ),
  example(
    ".secretSync.vaultId",
    bySecretSync,
    { secretSync: { identity: { principalId: "p" } } },
    { secretSync: { identity: { principalId: "p" }, vaultId } },
  ),
  example(
    ".secrets.historian.clientKey",
    bySecretSync,
    { secrets: { historian: { clientKey: "-----BEGIN PRIVATE KEY-----" } } },
    { secrets: { historian: { clientKey: "historian-key" } } },
  ),
  example(
    ".externalSecrets.refreshIntervalSeconds",
    byExternalSecrets,
    { externalSecrets: { refreshIntervalSeconds: 0 } },
    { externalSecrets: { refreshIntervalSeconds: 300 } },
  ),
  {
    rule: "file-references",
    path: "customEndpoints.other.secretRef",
    fails: withChange(byExternalSecrets, { customEndpoints: { other: { secretRef: "historain" } } }),
    passes: byExternalSecrets,
    shown: '`secretRef: "historain"` at a custom endpoint, with `historian` in `relay.vault.secrets`',
  },
  {
    rule: "file-references",
    path: "customEndpoints.other.secretRef",
    fails: withChange(byExternalSecrets, {
      relay: {
        vault: { secrets: { historian: { clientCertificate: undefined, clientKey: undefined, accessToken: "t" } } },
      },
    }),
    passes: byExternalSecrets,
    shown: "X509Certificate, with an `accessToken` of the vault in its Secret",
  },
];
