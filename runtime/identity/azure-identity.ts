import { createDefaultHttpClient, type HttpClient } from "@azure/core-rest-pipeline";
import { ClientAssertionCredential, ManagedIdentityCredential, type TokenCredential } from "@azure/identity";

import { readBoundedFile } from "../bounded-file.ts";
import { ConnectionError, describeError, splitRemedy } from "../contract/errors.ts";
import { withoutSecrets } from "../contract/redact.ts";
import { RequestAgent } from "../transport/request-agent.ts";
import { describeStreamError } from "../transport/tls-failure.ts";
import type { ProxyReader } from "./proxy.ts";
import { readToken, type Token } from "./token.ts";

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

/**
 * The node's own identity, such as a VM's, an AKS node's or an Arc-enabled server's. Its endpoint is on the node: no
 * proxy leads there, whatever the environment says.
 *
 * @param audience resource of the token
 */
export function systemAssignedTokens(audience: string): TokenSource {
  const scope = `${audience.replace(/\/$/, "")}/.default`;
  const client = clientThrough(() => Promise.resolve(undefined));
  return tokenSource(() => new ManagedIdentityCredential({ httpClient: client }), client, {
    scope,
    remedy: nodeRemedy,
  });
}

/**
 * A user-assigned identity by workload identity: the token file is that of the federated service account.
 *
 * @param readProxy the proxy to a host, as it is when a token is asked for
 */
export function userAssignedTokens(
  identity: { clientId: string; tenantId: string; scope: string },
  readProxy: ProxyReader,
): TokenSource {
  const authorityHost = process.env["AZURE_AUTHORITY_HOST"];
  const { clientId, tenantId, scope } = identity;
  const authority =
    authorityHost === undefined ? {} : { authorityHost, disableInstanceDiscovery: !knownAuthority.test(authorityHost) };
  const client = clientThrough(readProxy);
  const create = () =>
    new ClientAssertionCredential(tenantId, clientId, readFederatedToken, { httpClient: client, ...authority });
  return tokenSource(create, client, { scope, remedy: workloadRemedy });
}

const federatedTokenBound = { bytes: 65_535, reason: "far more than a service account token has" };

/**
 * Reads the token of the pod's service account, anew each time: the kubelet replaces it. The library's
 * `WorkloadIdentityCredential` does the same, but reads a file of any size and waits for ever at a named pipe.
 */
async function readFederatedToken(): Promise<string> {
  const file = process.env["AZURE_FEDERATED_TOKEN_FILE"] ?? "";
  if (file === "") throw new Error("AZURE_FEDERATED_TOKEN_FILE is not set");
  const token = (await readBoundedFile(file, federatedTokenBound)).toString("utf8").trim();
  if (token === "") throw new Error(`${file}: is empty`);
  return token;
}

const nodeRemedy = "check that this node has a managed identity, and that its identity endpoint answers";
const workloadRemedy =
  "check clientId, tenantId and the federated credential, the pod's label and service account, and the way to Entra";

/** The credential is made at the first use: settings that the library refuses are for one connection to say. */
function tokenSource(
  create: () => TokenCredential,
  client: WitnessingClient,
  { scope, remedy }: { readonly scope: string; readonly remedy: string },
): TokenSource {
  let credential: TokenCredential | undefined;
  const fail = (problem: string, cause?: unknown) => {
    // What to do comes once, at the end. Of a proxy it is said where it failed; of a server, that is said for brokers.
    const seen = splitRemedy(client.failure ?? "");
    const what = `${splitRemedy(problem).problem}${seen.problem === "" ? "" : ` (${seen.problem})`}`;
    const own = seen.problem.includes(": proxy ") ? seen.remedy : undefined;
    const text = `no token for ${scope}: ${what}; ${own ?? remedy}`;
    return new ConnectionError(text, { retry: "soon" }, { cause });
  };
  return {
    getToken: async (signal) => {
      let answer;
      try {
        credential ??= create();
        answer = await aborting(credential.getToken(scope, { abortSignal: signal }), signal);
      } catch (cause) {
        throw fail(firstLine(withoutSecrets(describeError(cause), [])), cause);
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

/** An HTTP client that remembers what went wrong: the library's errors often don't say it. */
interface WitnessingClient extends HttpClient {
  /** Of the last request; `undefined` when it was answered. */
  failure: string | undefined;
}

/**
 * The library's HTTP client with this relay's way to connect and its choice of a proxy. Its own would send requests to the
 * node's endpoint to `HTTPS_PROXY` too, takes no CA for a proxy, and gives each address of a host 250 ms.
 */
function clientThrough(readProxy: ProxyReader): WitnessingClient {
  const inner = createDefaultHttpClient();
  const client: WitnessingClient = {
    failure: undefined,
    sendRequest: async (request) => {
      const { protocol, hostname, host, port } = new URL(request.url);
      const isTls = protocol === "https:";
      const givenUp = new AbortController();
      const onAbort = () => {
        givenUp.abort(new Error("the request was given up"));
      };
      try {
        const target = { hostname, port: port === "" ? (isTls ? httpsPort : httpPort) : Number(port) };
        const proxy = await readProxy(target, true);
        const { agent: _environments, proxySettings: _none, ...rest } = request;
        if (request.abortSignal?.aborted === true) onAbort();
        request.abortSignal?.addEventListener("abort", onAbort);
        const agent = new RequestAgent({ isTls, proxy, signal: givenUp.signal });
        const response = await inner.sendRequest({ ...rest, agent });
        client.failure = response.status < firstErrorStatus ? undefined : `${host} answered ${response.status}`;
        return response;
      } catch (cause) {
        client.failure = `${host}: ${describeStreamError(cause)}`;
        throw cause;
      } finally {
        request.abortSignal?.removeEventListener("abort", onAbort);
      }
    },
  };
  return client;
}

const firstErrorStatus = 400;
const httpsPort = 443;
const httpPort = 80;

/** Not everything below the library ends when it is told to. */
async function aborting<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      reject(signal.reason as Error);
    };
  });
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    work.catch(() => undefined); // one that comes too late to matter
  }
}

/** Entra's messages go on with trace identifiers and links over many lines. */
function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0]?.slice(0, 300) ?? text;
}
