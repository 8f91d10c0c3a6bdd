import { kubernetesName } from "../../runtime/contract/config/field.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { givenFields, isKnown } from "../known.ts";
import { checkContent, checkSecretName } from "../relay/secrets.ts";
import type { ExternalSecretsArgs, SecretSyncArgs, VaultArgs, VaultSecretContentArgs } from "../vault/settings.ts";
import { byRule } from "./rules.ts";

/** @see Azure Key Vault, About keys, secrets, and certificates, vault name and object name */
const keyVaultName = /^(?=.{3,24}$)[a-z](-?[a-z0-9])*$/i;
const keyVaultSecretName = /^[0-9a-z][0-9a-z-]{0,126}$/i;
const keyVaultId = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.KeyVault\/vaults\/([^/]+)$/i;

/** What a store calls its contents, whichever vault it leads to: no blank and no line break, which a secret itself may well have. */
const storeKey = /^[\x21-\x7e]{1,253}$/;

/**
 * Lists what is wrong with Secrets from a vault, as far as it is known.
 * @param secretRefs names of the Secrets that are created with the relay from contents that the program has
 */
export function checkVault(path: string, vault: VaultArgs | undefined, secretRefs: readonly string[]): Problem[] {
  if (vault === undefined) return [];
  const { secrets, secretSync, externalSecrets } = vault;
  return byRule("vault", [
    ...checkSource(path, vault),
    ...(Object.keys(secrets).length > 0
      ? []
      : [{ path: `${path}.secrets`, problem: "lists no Secrets", remedy: "add one, or remove vault" }]),
    ...Object.entries(secrets).flatMap(([secretRef, content]) => {
      const at = `${path}.secrets.${secretRef}`;
      return [
        ...checkSecretName(at, secretRef),
        ...checkTwin(at, secretRef, secretRefs),
        ...checkContent(at, givenFields(content)),
        ...checkItems(at, content, externalSecrets === undefined),
      ];
    }),
    ...(secretSync === undefined ? [] : checkSecretSync(`${path}.secretSync`, secretSync)),
    ...(externalSecrets === undefined ? [] : checkExternalSecrets(`${path}.externalSecrets`, externalSecrets)),
  ]);
}

function checkSource(path: string, { secretSync, externalSecrets }: VaultArgs): Problem[] {
  if ((secretSync === undefined) !== (externalSecrets === undefined)) return [];
  const problem =
    secretSync === undefined ? "says not what fetches its Secrets" : "has both secretSync and externalSecrets";
  return [{ path, problem, remedy: "set either secretSync or externalSecrets" }];
}

/** Both would own one Secret: secret sync leaves alone what it has not made, and the relay would read whichever is there. */
function checkTwin(path: string, secretRef: string, secretRefs: readonly string[]): Problem[] {
  if (!secretRefs.includes(secretRef)) return [];
  const problem = "is created from the program too, in secrets";
  return [{ path, problem, remedy: "remove one of them, or give this one another name and its endpoint with it" }];
}

/** Never shows a name that is none: it may be the secret itself. */
function checkItems(path: string, content: VaultSecretContentArgs, isKeyVault: boolean): Problem[] {
  const [pattern, problem, remedy] = isKeyVault
    ? [keyVaultSecretName, "is no name of a secret in Key Vault", 'give its name, of 1 to 127 letters, digits and "-"']
    : [storeKey, "is no key of a secret in a store", "give its key there, up to 253 characters without blanks"];
  return Object.entries(content).flatMap(([field, name]: [string, VaultSecretContentArgs["clientKey"]]) =>
    name === undefined || !isKnown(name) || pattern.test(name) ? [] : [{ path: `${path}.${field}`, problem, remedy }],
  );
}

function checkSecretSync(path: string, settings: SecretSyncArgs): Problem[] {
  const { vaultName, serviceAccountName, identity } = settings;
  const isName = !isKnown(vaultName) || keyVaultName.test(vaultName);
  return [
    ...(isName ? [] : [noVaultName(`${path}.vaultName`, vaultName)]),
    ...(serviceAccountName === undefined || kubernetesName.test(serviceAccountName)
      ? []
      : [
          {
            path: `${path}.serviceAccountName`,
            problem: `is "${serviceAccountName}", which is no name for a service account`,
            remedy: 'name it with lower-case letters, digits, "-" and "."',
          },
        ]),
    ...checkTrust(path, serviceAccountName, identity),
    ...checkRoles(path, settings),
  ];
}

function noVaultName(path: string, vaultName: string): Problem {
  const [, host] = /^https?:\/\/([^./]+)\.vault\./i.exec(vaultName) ?? [];
  const remedy = host === undefined ? 'give 3 to 24 letters, digits and "-"' : `set it to "${host}"`;
  return { path, problem: `is "${vaultName}", which is no name of a Key Vault`, remedy };
}

/** Without trust the vault refuses every look into it, and the pods wait for ever. */
function checkTrust(
  path: string,
  serviceAccountName: string | undefined,
  { oidcIssuerUrl }: SecretSyncArgs["identity"],
): Problem[] {
  if ((serviceAccountName === undefined) !== (oidcIssuerUrl === undefined)) return [];
  if (serviceAccountName === undefined) {
    const problem = "is missing, and nothing has the identity trust the service account of secret sync";
    const remedy = "add it, or set serviceAccountName to one that the identity trusts already";
    return [{ path: `${path}.identity.oidcIssuerUrl`, problem, remedy }];
  }
  const problem = "is set beside serviceAccountName, which names one that the identity trusts already";
  return [{ path: `${path}.identity.oidcIssuerUrl`, problem, remedy: "remove one of them" }];
}

function checkRoles(path: string, { vaultName, vaultId, identity: { principalId } }: SecretSyncArgs): Problem[] {
  if (vaultId === undefined) {
    const problem = "is missing, and identity.principalId gets its roles there";
    const remedy = "add the resource ID of the Key Vault, or leave identity.principalId out";
    return principalId === undefined ? [] : [{ path: `${path}.vaultId`, problem, remedy }];
  }
  if (principalId === undefined) {
    const problem = "is set, and no identity.principalId gets roles there";
    return [{ path: `${path}.vaultId`, problem, remedy: "remove it, or add identity.principalId" }];
  }
  if (!isKnown(vaultId)) return [];
  const [, name] = keyVaultId.exec(vaultId) ?? [];
  if (name === undefined) {
    const remedy = "give the one that `az keyvault show --query id` prints, which begins with /subscriptions/";
    return [{ path: `${path}.vaultId`, problem: `is "${vaultId}", which is no resource ID of a Key Vault`, remedy }];
  }
  if (!isKnown(vaultName) || name.toLowerCase() === vaultName.toLowerCase()) return [];
  const problem = `is that of "${name}", and ${path}.vaultName is "${vaultName}"`;
  return [{ path: `${path}.vaultId`, problem, remedy: "give both of the same Key Vault" }];
}

function checkExternalSecrets(path: string, { storeName, refreshIntervalSeconds: seconds }: ExternalSecretsArgs) {
  return [...checkStore(`${path}.storeName`, storeName), ...checkInterval(`${path}.refreshIntervalSeconds`, seconds)];
}

function checkStore(path: string, name: ExternalSecretsArgs["storeName"]): Problem[] {
  if (!isKnown(name) || kubernetesName.test(name)) return [];
  const remedy = 'name it with lower-case letters, digits, "-" and "."';
  return [{ path, problem: `is "${name}", which is no name for a store`, remedy }];
}

function checkInterval(path: string, seconds: ExternalSecretsArgs["refreshIntervalSeconds"]): Problem[] {
  if (seconds === undefined || !isKnown(seconds) || (Number.isInteger(seconds) && seconds >= 1)) return [];
  const problem = `is ${seconds} s, with which a rotated secret does not arrive`;
  return [{ path, problem, remedy: "give a whole number of 1 or more" }];
}
