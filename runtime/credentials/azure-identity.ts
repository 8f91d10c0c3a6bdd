import { ManagedIdentityCredential, WorkloadIdentityCredential, type TokenCredential } from "@azure/identity";

import { ConnectionError, describeError } from "../errors.ts";

/** Gets access tokens from Microsoft Entra. Tokens are cached by `@azure/identity` until shortly before they expire. */
export interface TokenSource {
  /** @throws {ConnectionError} when Entra, or the node's identity endpoint, gives none */
  readonly getToken: (signal: AbortSignal) => Promise<string>;
}

/** Hosts of Microsoft Entra that `@azure/identity` knows without asking; any other is taken as it is. */
const knownAuthority =
  /^https:\/\/login\.(microsoftonline\.(com|us)|partner\.microsoftonline\.cn|chinacloudapi\.cn)\/?$/;

/** The node's own identity, such as a VM's, an AKS node's or an Arc-enabled server's. @param audience resource of the token */
export function systemAssignedTokens(audience: string): TokenSource {
  return tokenSource(() => new ManagedIdentityCredential(), `${audience.replace(/\/$/, "")}/.default`);
}

/** A user-assigned identity by workload identity: the token file is that of the federated service account. */
export function userAssignedTokens(identity: { clientId: string; tenantId: string; scope: string }): TokenSource {
  const authorityHost = process.env["AZURE_AUTHORITY_HOST"];
  const { clientId, tenantId, scope } = identity;
  const authority =
    authorityHost === undefined ? {} : { authorityHost, disableInstanceDiscovery: !knownAuthority.test(authorityHost) };
  return tokenSource(() => new WorkloadIdentityCredential({ clientId, tenantId, ...authority }), scope);
}

/** The credential is made at the first use: without a federated token it can't be, which one connection has to say. */
function tokenSource(create: () => TokenCredential, scope: string): TokenSource {
  let credential: TokenCredential | undefined;
  return {
    getToken: async (signal) => {
      try {
        credential ??= create();
        const answer = await credential.getToken(scope, { abortSignal: signal });
        if (answer !== null) return answer.token;
      } catch (cause) {
        throw new ConnectionError(
          `no token for ${scope}: ${firstLine(describeError(cause))}`,
          { retryable: true },
          { cause },
        );
      }
      throw new ConnectionError(`no token for ${scope}: Microsoft Entra returned none`, { retryable: true });
    },
  };
}

/** Entra's messages go on with trace identifiers and links over many lines. */
function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0]?.slice(0, 300) ?? text;
}
