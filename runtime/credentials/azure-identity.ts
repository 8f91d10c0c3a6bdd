import { ManagedIdentityCredential, WorkloadIdentityCredential, type TokenCredential } from "@azure/identity";

import { ConnectionError, describeError } from "../errors.ts";
import type { Token } from "./token.ts";
import { readToken } from "./token.ts";

/** Gets access tokens from Microsoft Entra. Tokens are cached by `@azure/identity` until shortly before they expire. */
export interface TokenSource {
  /** @throws {ConnectionError} when Entra, or the node's identity endpoint, gives none */
  readonly getToken: (signal: AbortSignal) => Promise<Token>;
}

/** Hosts of Microsoft Entra that `@azure/identity` knows without asking; any other is taken as it is. */
const knownAuthority =
  /^https:\/\/login\.(microsoftonline\.(com|us)|partner\.microsoftonline\.cn|chinacloudapi\.cn)\/?$/;

/** Three parts in base64url. @see RFC 7519 §3 */
const webToken = /^[\w-]+\.[\w-]+\.[\w-]+$/;

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
  const fail = (problem: string, cause?: unknown) =>
    new ConnectionError(`no token for ${scope}: ${problem}`, { retryable: true }, { cause });
  return {
    getToken: async (signal) => {
      let answer;
      try {
        credential ??= create();
        answer = await aborting(credential.getToken(scope, { abortSignal: signal }), signal);
      } catch (cause) {
        throw fail(firstLine(describeError(cause)), cause);
      }
      if (answer === null) throw fail("Microsoft Entra returned none");
      if (!webToken.test(answer.token)) throw fail("what the identity endpoint returned is no JSON Web Token");
      return withEnd(readToken(Buffer.from(answer.token)), answer.expiresOnTimestamp);
    },
  };
}

/** The library counts from when it asked, by the clock of this machine: that is right where the clock is wrong. */
function withEnd(token: Token, endsAtMs: number): Token {
  return Number.isFinite(endsAtMs) ? { ...token, endsAtMs } : token;
}

/** Not everything below the library ends when it is told to. */
async function aborting<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", onAbort);
    });
  });
}

/** Entra's messages go on with trace identifiers and links over many lines. */
function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0]?.slice(0, 300) ?? text;
}
