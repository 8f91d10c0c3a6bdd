import type * as pulumi from "@pulumi/pulumi";

import type { PrincipalType, SecretStoreKind } from "../enumerations.ts";

/**
 * Secrets that the cluster fetches from a vault and renews from there: their content is neither in the program nor in Pulumi's state.
 * Exactly one of `secretSync` and `externalSecrets` says what fetches them. See "Secrets from a vault" in `doc/vault.md`.
 */
export interface VaultArgs {
  /** Secrets to have in the relay's namespace, by the name that an endpoint has as its `secretRef`; 1 or more. */
  secrets: { [secretRef: string]: VaultSecretContentArgs };
  /** Azure Key Vault, by the Secret Store extension that Azure IoT Operations comes with ("secret sync"). */
  secretSync?: SecretSyncArgs;
  /** Any vault that the External Secrets Operator of the cluster (0.16 or later) has a store for. */
  externalSecrets?: ExternalSecretsArgs;
}

/**
 * Where the vault has the content of one Secret: each field is the name of a secret in the vault, never the content itself. Only what its
 * authentication method needs. The Secret gets the keys of AIO's GA release, `client_cert.pem` and so on.
 */
export interface VaultSecretContentArgs {
  /** X509Certificate: name of the secret with the client certificate in PEM format, its own first where others follow. */
  clientCertificate?: pulumi.Input<string>;
  /** X509Certificate: name of the secret with its private key in PEM format, not encrypted. */
  clientKey?: pulumi.Input<string>;
  /** X509Certificate: name of the secret with the certificates between it and the CA, in PEM format. */
  intermediateCertificates?: pulumi.Input<string>;
  /** AccessToken: name of the secret with the token. */
  accessToken?: pulumi.Input<string>;
  /** UsernamePassword: name of the secret with the MQTT user name. */
  username?: pulumi.Input<string>;
  /** UsernamePassword: name of the secret with the MQTT password. */
  password?: pulumi.Input<string>;
}

/**
 * Secret sync: a `SecretProviderClass` and a `SecretSync` for each Secret, in the relay's namespace. How often the vault is asked is a
 * setting of the extension, `rotationPollIntervalInSeconds`: once an hour by default.
 */
export interface SecretSyncArgs {
  /** Name of the Key Vault, such as `"kv-plants"`; 3 to 24 characters. */
  vaultName: pulumi.Input<string>;
  /** Managed identity that reads the vault. It need not be one that the relay connects with, and better is not. */
  identity: VaultIdentityArgs;
  /**
   * Service account in the relay's namespace that the identity trusts already, such as `"aio-ssc-sa"` in AIO's namespace once
   * `az iot ops secretsync enable` has run. Omitted: one of its own, with `identity.oidcIssuerUrl` for the trust. Plain, because it
   * decides what is created; a change renews the Secrets in place.
   */
  serviceAccountName?: string;
  /** Any text, such as a date: a change has secret sync look into the vault at once, and not after its interval. It restarts no pod. */
  syncNow?: pulumi.Input<string>;
  /** Resource ID of the Key Vault. Needed for role assignments, with `identity.principalId`. */
  vaultId?: pulumi.Input<string>;
}

/** The user-assigned managed identity that secret sync reads the vault with. */
export interface VaultIdentityArgs {
  /** Client ID of the managed identity. */
  clientId: pulumi.Input<string>;
  /** Microsoft Entra tenant of the Key Vault. */
  tenantId: pulumi.Input<string>;
  /**
   * Object ID of the managed identity, or of a group that it is in. Given, it gets the roles Key Vault Reader and Key Vault Secrets User
   * at `vaultId`, for all secrets of the vault; omitted, they are left to others.
   */
  principalId?: pulumi.Input<string>;
  /**
   * What that object is.
   * @default "ServicePrincipal"
   */
  principalType?: pulumi.Input<PrincipalType>;
  /** Resource group of the managed identity. Needed for the federated identity credential. */
  resourceGroupName?: pulumi.Input<string>;
  /** Name of the managed identity. Needed for the federated identity credential. */
  identityName?: pulumi.Input<string>;
  /**
   * OIDC issuer of the cluster, `https://…`. Given, the federated identity credential for secret sync's service account is created, one of
   * the 20 that an identity can have. Not together with `serviceAccountName`.
   */
  oidcIssuerUrl?: pulumi.Input<string>;
}

/** External Secrets: an `ExternalSecret` for each Secret, in the relay's namespace. The store, and its access to the vault, exist already. */
export interface ExternalSecretsArgs {
  /** Name of the store. */
  storeName: pulumi.Input<string>;
  /**
   * Kind of the store: one for the whole cluster, or one in the relay's namespace.
   * @default "ClusterSecretStore"
   */
  storeKind?: pulumi.Input<SecretStoreKind>;
  /**
   * Time in seconds between two looks into the vault, 1 or more.
   * @default 3600
   */
  refreshIntervalSeconds?: pulumi.Input<number>;
}
