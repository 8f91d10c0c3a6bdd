import type * as managedidentity from "@pulumi/azure-native/managedidentity/index.js";
import type * as pulumi from "@pulumi/pulumi";

import { mapInput } from "../known.ts";
import type { RelayArgs, WorkloadIdentityArgs } from "./settings.ts";

/** Audience that Microsoft Entra expects in a token which it exchanges. @see Azure IoT Operations, secure settings */
const tokenExchangeAudience = "api://AzureADTokenExchange";

/** The trust of a managed identity in the relay's service account; the relay's own, since AIO's trusts AIO's dataflows only. */
export function buildFederation(
  { resourceGroupName = "", identityName = "", oidcIssuerUrl = "" }: WorkloadIdentityArgs,
  subject: pulumi.Input<string>,
): managedidentity.FederatedIdentityCredentialArgs {
  return {
    resourceGroupName,
    resourceName: identityName,
    issuer: oidcIssuerUrl,
    subject,
    audiences: [tokenExchangeAudience],
  };
}

/** The managed identities of a relay. */
export interface RelayIdentities {
  readonly identity?: WorkloadIdentityArgs;
  readonly furtherIdentities?: { readonly [name: string]: WorkloadIdentityArgs };
}

/** The identities that get a federated credential, by the last part of its resource's name. */
export function federatedIdentities({ identity, furtherIdentities = {} }: RelayIdentities) {
  const all = [
    ...(identity === undefined ? [] : [["fic", identity] as const]),
    ...Object.entries(furtherIdentities).map(([name, further]) => [`${name}-fic`, further] as const),
  ];
  return all.filter(([, { oidcIssuerUrl }]) => oidcIssuerUrl !== undefined);
}

/** Whether pods fetch tokens for a managed identity: one that the relay was given, or one that an endpoint names. */
export function usesManagedIdentity({
  endpoints,
  identity,
  furtherIdentities = {},
}: RelayIdentities & Pick<RelayArgs, "endpoints">): pulumi.Input<boolean> {
  if (identity !== undefined || Object.keys(furtherIdentities).length > 0) return true;
  const clientIds = Object.values(endpoints).map(({ clientId }) => clientId);
  return mapInput(clientIds, (known) => known.some((id) => id !== undefined));
}
