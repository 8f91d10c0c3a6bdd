import type { IncomingMessage, ServerResponse } from "node:http";

import { createTokenVerifier } from "../authentication/token.ts";
import type { IdentityDirectory, ManagedIdentity } from "./identity-service.ts";
import { nowSeconds } from "./signing-key.ts";

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where an Arc-enabled server gives tokens; its own agent has the path of IMDS, on a port of its own. */
export const arcTokenPath = "/arc/metadata/identity/oauth2/token";

/** Audience of tokens that are exchanged for Entra's. @see Azure IoT Operations, Secure settings (2025-01-21) */
const tokenExchangeAudience = "api://AzureADTokenExchange";
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const defaultScopeSuffix = "/.default";
const maxBodyBytes = 64 * 1024;

/** Creates the request listener of both servers. Never throws into the server. */
export function respond(directory: IdentityDirectory): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    if (directory.failure !== undefined) {
      const { status, body, headers } = directory.failure;
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
      return;
    }
    route(directory, request)
      .catch((error: unknown): Reply => failure(500, "server_error", String(error)))
      .then(({ status, body, headers }) => {
        response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
      })
      .catch(() => response.destroy());
  };
}

async function route(directory: IdentityDirectory, request: IncomingMessage): Promise<Reply> {
  const url = new URL(request.url ?? "/", `https://${request.headers.host ?? "localhost"}`);
  const pathname = url.pathname.replace(/\/+$/, ""); // msal-node puts a slash behind the path of IMDS
  if (pathname === "/common/discovery/instance") return instanceDiscovery(directory, url);
  if (pathname === "/metadata/identity/oauth2/token") return imdsToken(directory, request, url);
  if (pathname === arcTokenPath) return arcToken(directory, request, url);
  if (pathname === "/msi/token") return appServiceToken(directory, request, url);
  const [, tenant = "", ...rest] = pathname.split("/");
  if (tenant !== directory.tenantId) return failure(400, "invalid_request", `tenant "${tenant}" does not exist`);
  const path = rest.join("/");
  if (path === "v2.0/.well-known/openid-configuration") return openIdConfiguration(directory, url);
  if (path === "discovery/v2.0/keys") return { status: 200, body: directory.keySet };
  if (path === "oauth2/v2.0/token" && request.method === "POST") return exchange(directory, await readForm(request));
  return failure(404, "invalid_request", `nothing is at "${pathname}"`);
}

function openIdConfiguration({ tenantId }: IdentityDirectory, { host }: URL): Reply {
  const authority = `https://${host}/${tenantId}`;
  return {
    status: 200,
    body: {
      issuer: `${authority}/v2.0`,
      authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
      token_endpoint: `${authority}/oauth2/v2.0/token`,
      end_session_endpoint: `${authority}/oauth2/v2.0/logout`,
      jwks_uri: `${authority}/discovery/v2.0/keys`,
      response_types_supported: ["code", "id_token"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["RS256"],
    },
  };
}

function instanceDiscovery({ tenantId }: IdentityDirectory, { host }: URL): Reply {
  const metadata = [{ preferred_network: host, preferred_cache: host, aliases: [host] }];
  const tenant_discovery_endpoint = `https://${host}/${tenantId}/v2.0/.well-known/openid-configuration`;
  return { status: 200, body: { tenant_discovery_endpoint, "api-version": "1.1", metadata } };
}

/** Exchanges a federated token for an access token. */
async function exchange(directory: IdentityDirectory, form: URLSearchParams): Promise<Reply> {
  const clientId = form.get("client_id") ?? "";
  const scope = form.get("scope") ?? "";
  if (form.get("grant_type") !== "client_credentials")
    return failure(400, "unsupported_grant_type", "only client_credentials");
  if (!scope.split(" ")[0]?.endsWith(defaultScopeSuffix))
    return failure(400, "invalid_scope", `"${scope}" does not end with "/.default"`);
  const identity = directory.identities.find((candidate) => candidate.clientId === clientId);
  if (!identity) return failure(401, "unauthorized_client", `client ID "${clientId}" does not exist`);
  if (form.get("client_assertion_type") !== assertionType) return failure(401, "invalid_client", "no client assertion");
  const problem = await assertionProblem(identity, form.get("client_assertion") ?? "");
  if (problem !== undefined) return failure(401, "invalid_client", problem);
  const audience = (scope.split(" ")[0] ?? "").slice(0, -defaultScopeSuffix.length);
  const lifetime = Math.ceil(directory.tokenLifetimeSeconds);
  const access_token = await directory.issue(identity, audience);
  return { status: 200, body: { token_type: "Bearer", expires_in: lifetime, ext_expires_in: lifetime, access_token } };
}

async function assertionProblem(identity: ManagedIdentity, assertion: string): Promise<string | undefined> {
  const problems: string[] = [];
  for (const credential of identity.federatedCredentials ?? []) {
    const { keySet, issuer, subject, audiences = [tokenExchangeAudience] } = credential;
    const verdict = await createTokenVerifier({ keySet, issuer, audiences })(assertion);
    if (verdict.kind === "valid" && verdict.claims.sub === subject) return undefined;
    const isOtherSubject = verdict.kind === "valid";
    problems.push(isOtherSubject ? `the subject is "${verdict.claims.sub}", not "${subject}"` : verdict.why);
  }
  return `no federated credential of "${identity.clientId}" matches: ${problems.join("; ")}`;
}

async function imdsToken(directory: IdentityDirectory, request: IncomingMessage, url: URL): Promise<Reply> {
  if (request.headers.metadata !== "true") return failure(400, "invalid_request", 'header "Metadata" is not "true"');
  return managedIdentityToken(directory, url);
}

async function appServiceToken(directory: IdentityDirectory, request: IncomingMessage, url: URL): Promise<Reply> {
  if (request.headers["x-identity-header"] !== directory.identityHeader) {
    return failure(401, "unauthorized", 'header "X-IDENTITY-HEADER" is wrong');
  }
  return managedIdentityToken(directory, url);
}

/** @see Azure Arc, Authenticate against Azure resources with Azure Arc-enabled servers */
async function arcToken(directory: IdentityDirectory, request: IncomingMessage, url: URL): Promise<Reply> {
  const { metadata, authorization } = request.headers;
  if (metadata !== "true") return failure(400, "invalid_request", 'header "Metadata" is not "true"');
  if (await directory.arc.isAnswered(authorization)) return managedIdentityToken(directory, url);
  const reply = failure(401, "unauthorized_client", "show the content of the file that WWW-Authenticate names");
  return { ...reply, headers: { "www-authenticate": await directory.arc.challenge() } };
}

async function managedIdentityToken(directory: IdentityDirectory, { searchParams }: URL): Promise<Reply> {
  const clientId = searchParams.get("client_id");
  const resource = searchParams.get("resource");
  const { identities } = directory;
  const identity = clientId === null ? identities[0] : identities.find((known) => known.clientId === clientId);
  if (!identity) return failure(400, "invalid_request", `client ID "${clientId ?? ""}" is not on this machine`);
  if (resource === null) return failure(400, "invalid_request", "the resource is missing");
  const lifetime = Math.ceil(directory.tokenLifetimeSeconds);
  return {
    status: 200,
    body: {
      access_token: await directory.issue(identity, resource),
      client_id: identity.clientId,
      expires_in: String(lifetime),
      expires_on: String(nowSeconds() + lifetime),
      resource,
      token_type: "Bearer",
    },
  };
}

function failure(status: number, error: string, error_description: string): Reply {
  return { status, body: { error, error_description } };
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Error(`the body has more than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString());
}
