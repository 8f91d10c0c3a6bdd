import { randomUUID } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";

import type { JSONWebKeySet } from "jose";

import { ArcChallenges, arcKeyFolder as defaultArcKeyFolder } from "./arc-challenge.ts";
import { arcTokenPath, respond } from "./routes.ts";
import { createSigningKey, expiryAfter, nowSeconds } from "./signing-key.ts";
import type { SigningKey } from "./signing-key.ts";

/** Trust of an identity in the tokens of a cluster. @see Azure REST API, FederatedIdentityCredential (2023-01-31) */
export interface FederatedCredential {
  readonly issuer: string;
  /** `system:serviceaccount:<namespace>:<name>`. */
  readonly subject: string;
  /** @default ["api://AzureADTokenExchange"] */
  readonly audiences?: readonly string[];
  /** The issuer's public keys. */
  readonly keySet: JSONWebKeySet;
}

/** A managed identity. */
export interface ManagedIdentity {
  readonly clientId: string;
  /** What role assignments name, and the `oid` of its tokens. */
  readonly principalId: string;
  readonly federatedCredentials?: readonly FederatedCredential[];
}

export interface IdentityServiceOptions {
  readonly tenantId: string;
  /** The first one is the machine's own (system-assigned): who names no client ID gets its tokens. */
  readonly identities: readonly ManagedIdentity[];
  /** Server certificate and key as PEM, for the host name `localhost`. */
  readonly tls: { readonly certificate: string; readonly key: string };
  /** @default 3600 */
  readonly tokenLifetimeSeconds?: number;
  /**
   * Folder for the keys of an Arc-enabled server, which its clients have to see as `/var/opt/azcmagent/tokens`.
   * @default that folder itself, which is made when a client asks
   */
  readonly arcKeyFolder?: string;
  /** Port of the HTTPS authority. @default 0 (a free port) */
  readonly authorityPort?: number;
  /** Port of the HTTP endpoint for managed identities. @default 0 (a free port) */
  readonly managedIdentityPort?: number;
}

/** What every request gets instead of an answer: `{ status: 429, body: "" }`. */
export interface IdentityFailure {
  readonly status: number;
  readonly body: string;
  /** Further headers, such as `{ "retry-after": "1" }`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the routes need of the service. */
export interface IdentityDirectory {
  readonly tenantId: string;
  readonly identities: readonly ManagedIdentity[];
  readonly keySet: JSONWebKeySet;
  /** Value of the header that App Service gives to its apps. */
  readonly identityHeader: string;
  readonly issuer: string;
  readonly arc: ArcChallenges;
  tokenLifetimeSeconds: number;
  failure: IdentityFailure | undefined;
  issue(identity: ManagedIdentity, audience: string): Promise<string>;
}

/** Stand-in for Microsoft Entra ID and for the managed identity endpoints of a machine, on loopback. */
export interface IdentityService {
  /** For `authorityHost`: `https://localhost:<port>`. */
  readonly authorityHost: string;
  /** `iss` of its tokens. */
  readonly issuer: string;
  /** Its public keys, which the event-grid profile trusts. */
  readonly keySet: JSONWebKeySet;
  /** Environment of a process that uses `ManagedIdentityCredential` in the way of App Service. */
  readonly appServiceEnvironment: { readonly IDENTITY_ENDPOINT: string; readonly IDENTITY_HEADER: string };
  /** Environment of a process that uses `ManagedIdentityCredential` in the way of a virtual machine (IMDS). */
  readonly imdsEnvironment: { readonly AZURE_POD_IDENTITY_AUTHORITY_HOST: string };
  /** Environment of a process that uses `ManagedIdentityCredential` in the way of an Arc-enabled server. */
  readonly arcEnvironment: { readonly IDENTITY_ENDPOINT: string; readonly IMDS_ENDPOINT: string };
  /** Lifetime of the tokens that are issued from now on; may be a fraction. */
  tokenLifetimeSeconds: number;
  /** Makes a token without HTTP. @throws when no identity has the client ID */
  createToken(clientId: string, audience: string): Promise<string>;
  /** Answers every request in this way; `undefined` ends it. */
  fail(failure: IdentityFailure | undefined): void;
  close(): Promise<void>;
}

const defaultLifetimeSeconds = 3600;

/** Starts the service on 127.0.0.1. */
export async function createIdentityService(options: IdentityServiceOptions): Promise<IdentityService> {
  const directory = createDirectory(options, await createSigningKey());
  const { issuer, keySet, identityHeader } = directory;
  const handle = respond(directory);
  const authority = createHttpsServer({ cert: options.tls.certificate, key: options.tls.key }, handle);
  const managed = createHttpServer(handle);
  const authorityHost = `https://localhost:${await listen(authority, options.authorityPort)}`;
  const endpoint = `http://127.0.0.1:${await listen(managed, options.managedIdentityPort)}`;
  return {
    authorityHost,
    issuer,
    keySet,
    appServiceEnvironment: { IDENTITY_ENDPOINT: `${endpoint}/msi/token`, IDENTITY_HEADER: identityHeader },
    imdsEnvironment: { AZURE_POD_IDENTITY_AUTHORITY_HOST: endpoint },
    arcEnvironment: { IDENTITY_ENDPOINT: `${endpoint}${arcTokenPath}`, IMDS_ENDPOINT: endpoint },
    get tokenLifetimeSeconds() {
      return directory.tokenLifetimeSeconds;
    },
    set tokenLifetimeSeconds(seconds) {
      directory.tokenLifetimeSeconds = seconds;
    },
    createToken: async (clientId, audience) => {
      const identity = options.identities.find((candidate) => candidate.clientId === clientId);
      if (!identity) throw new Error(`client ID "${clientId}" has no identity; add it to identities`);
      return directory.issue(identity, audience);
    },
    fail: (failure) => {
      directory.failure = failure;
    },
    close: async () => {
      authority.closeAllConnections();
      managed.closeAllConnections();
      await Promise.all([closed(authority), closed(managed), directory.arc.close()]);
    },
  };
}

function createDirectory(
  { tenantId, identities, tokenLifetimeSeconds, arcKeyFolder = defaultArcKeyFolder }: IdentityServiceOptions,
  key: SigningKey,
): IdentityDirectory {
  const issuer = `https://sts.windows.net/${tenantId}/`;
  const directory: IdentityDirectory = {
    tenantId,
    identities,
    keySet: key.keySet,
    identityHeader: randomUUID(),
    arc: new ArcChallenges(arcKeyFolder),
    issuer,
    failure: undefined,
    tokenLifetimeSeconds: tokenLifetimeSeconds ?? defaultLifetimeSeconds,
    issue: ({ clientId, principalId }, audience) => {
      const iat = nowSeconds();
      const exp = expiryAfter(directory.tokenLifetimeSeconds);
      const who = { oid: principalId, sub: principalId, appid: clientId, tid: tenantId };
      return key.sign({ iss: issuer, aud: audience, iat, nbf: iat, exp, ...who });
    },
  };
  return directory;
}

async function listen(server: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
