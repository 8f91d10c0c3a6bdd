import type * as pulumi from "@pulumi/pulumi";

import type { AuthenticationNameSource } from "../enumerations.ts";
import { withoutUndefined } from "../known.ts";
import { buildUsedIdentity } from "./namespace-identity.ts";

/** A certificate in Key Vault whose key signs tokens. */
export interface IssuerCertificateArgs {
  /**
   * The certificate, `https://<vault>.vault.azure.net/certificates/<name>/<version>`. The namespace's identity needs the role Key Vault
   * Certificate User at the vault, before it is deployed.
   */
  certificateUrl: pulumi.Input<string>;
  /** User-assigned managed identity that reads the certificate, one of the namespace's. Omitted: its system-assigned one. */
  userAssignedIdentityId?: pulumi.Input<string>;
}

/** A certificate whose key signs tokens, given as it is. */
export interface EncodedIssuerCertificateArgs {
  /** Identifier of the key, which a token names in its header's `kid`. */
  kid: pulumi.Input<string>;
  /** The certificate in PEM format. Never its private key. */
  encodedCertificate: pulumi.Input<string>;
}

/**
 * Clients that authenticate with a JSON Web Token of an issuer other than Microsoft Entra ID: MQTT 5, authentication method
 * `CUSTOM-JWT`, algorithm RS256, claims `iss`, `sub`, `aud`, `exp` and `nbf`; `sub` is the authentication name and `aud` has the
 * namespace's host name. What they may do is up to client groups and permission bindings.
 */
export interface CustomJwtAuthenticationArgs {
  /** The issuer, as tokens have it in their claim `iss`. */
  tokenIssuer: pulumi.Input<string>;
  /** Certificates in Key Vault that tokens are checked with, 2 at most: the second one lets a key be renewed. */
  issuerCertificates?: IssuerCertificateArgs[];
  /** Certificates that tokens are checked with, each with another `kid`. */
  encodedIssuerCertificates?: EncodedIssuerCertificateArgs[];
}

/** Clients that a webhook of one's own lets in: Event Grid sends it what CONNECT holds, and it allows or denies. */
export interface WebhookAuthenticationArgs {
  /** Where Event Grid asks, with `https://`. Give it as a secret output where it holds a key. */
  endpointUrl: pulumi.Input<string>;
  /** ID or URI of the Microsoft Entra application that Event Grid gets its token for. */
  azureActiveDirectoryApplicationIdOrUri: pulumi.Input<string>;
  /** Microsoft Entra tenant that issues that token, a GUID. */
  azureActiveDirectoryTenantId: pulumi.Input<string>;
  /** User-assigned managed identity that Event Grid asks with, one of the namespace's. Omitted: its system-assigned one. */
  userAssignedIdentityId?: pulumi.Input<string>;
}

/** How clients show who they are, beside Microsoft Entra tokens and the user name of their CONNECT. */
export interface ClientAuthentication {
  readonly authenticationNameSources?: AuthenticationNameSource[];
  readonly customJwtAuthentication?: CustomJwtAuthenticationArgs;
  readonly webhookAuthentication?: WebhookAuthenticationArgs;
}

/** Tells whether a namespace has what only another version of Azure's API can say. */
export function hasClientAuthentication(args: ClientAuthentication): boolean {
  const { authenticationNameSources, customJwtAuthentication, webhookAuthentication } = args;
  return [authenticationNameSources, customJwtAuthentication, webhookAuthentication].some((one) => one !== undefined);
}

/** `clientAuthentication` of a namespace's topic spaces configuration, by its ARM names. */
export function buildClientAuthentication(args: ClientAuthentication) {
  const { authenticationNameSources, customJwtAuthentication: jwt, webhookAuthentication: webhook } = args;
  return {
    ...withoutUndefined({ alternativeAuthenticationNameSources: authenticationNameSources }),
    ...(jwt === undefined ? {} : { customJwtAuthentication: buildCustomJwt(jwt) }),
    ...(webhook === undefined ? {} : { webhookAuthentication: buildWebhook(webhook) }),
  };
}

function buildCustomJwt({ tokenIssuer, issuerCertificates, encodedIssuerCertificates }: CustomJwtAuthenticationArgs) {
  return {
    tokenIssuer,
    ...(issuerCertificates === undefined
      ? {}
      : {
          issuerCertificates: issuerCertificates.map(({ certificateUrl, userAssignedIdentityId }) => ({
            certificateUrl,
            identity: buildUsedIdentity(userAssignedIdentityId),
          })),
        }),
    ...(encodedIssuerCertificates === undefined
      ? {}
      : {
          encodedIssuerCertificates: encodedIssuerCertificates.map(({ kid, encodedCertificate }) => ({
            kid,
            encodedCertificate,
          })),
        }),
  };
}

function buildWebhook({ userAssignedIdentityId, ...webhook }: WebhookAuthenticationArgs) {
  const { endpointUrl, azureActiveDirectoryApplicationIdOrUri, azureActiveDirectoryTenantId } = webhook;
  return {
    identity: buildUsedIdentity(userAssignedIdentityId),
    endpointUrl,
    azureActiveDirectoryApplicationIdOrUri,
    azureActiveDirectoryTenantId,
  };
}
