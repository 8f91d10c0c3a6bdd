import type { Endpoint } from "../contract/config/endpoint.ts";
import type * as AzureIdentity from "./azure-identity.ts";
import type { TokenSource } from "./azure-identity.ts";
import type { Credentials } from "./credentials.ts";
import { inLastThird, never, onceKubeletIsLate, type WarningRule } from "./end-watch.ts";
import type { Mounts } from "./mounts.ts";
import type { ProxyReader } from "./proxy.ts";
import { Renewer, type Renewable, type RenewerOptions } from "./renewer.ts";
import { readToken, renewAtMs, type Token } from "./token.ts";

type Shown = Pick<Credentials, "proof" | "token">;

/** Where the part of the credentials comes from that CONNECT carries. */
export interface ProofSource {
  /** What is shown, for messages. */
  readonly what: string;
  readonly read: (signal: AbortSignal) => Promise<Shown>;
  /** Omitted: what was shown at CONNECT counts as long as the connection. */
  readonly watch?: (used: Token, onChange: (newer: Token) => void) => () => void;
  /** Whether a newer token is shown on the live connection, by AUTH. */
  readonly isShownLive: boolean;
  /** When somebody has to be told that a token was not renewed. */
  readonly warnAt: WarningRule;
}

/**
 * Authentication methods of enhanced authentication.
 * @see Event Grid, Microsoft Entra JWT authentication; Azure IoT Operations, Broker authentication (2025-04-10)
 */
const enhancedMethod = { entraToken: "OAUTH2-JWT", serviceAccountToken: "K8S-SAT" } as const;

/** The relay renews Entra's tokens, the kubelet a service account's; who renews an access token, nobody knows here. */
const warningRules = { entraToken: never, serviceAccountToken: onceKubeletIsLate, accessToken: inLastThird } as const;

/** Chooses what an endpoint's CONNECT carries. Reads nothing yet. */
export function createProofSource(
  name: string,
  { mqttSettings: { authentication }, relay }: Endpoint,
  mounts: Mounts,
  options: RenewerOptions,
  readProxy: ProxyReader,
): ProofSource {
  const username = relay.username === undefined ? {} : { username: relay.username };
  switch (authentication.method) {
    case "Anonymous":
      return fixedProof(() => ({}));
    case "ServiceAccountToken":
      return enhancedProof("serviceAccountToken", serviceAccountToken(name, mounts, options), options);
    case "SystemAssignedManagedIdentity": {
      const { audience } = authentication.systemAssignedManagedIdentitySettings;
      const tokens = loadedTokens(({ systemAssignedTokens }) => systemAssignedTokens(audience));
      return enhancedProof("entraToken", entraToken(audience, tokens, options), options);
    }
    case "UserAssignedManagedIdentity": {
      const settings = authentication.userAssignedManagedIdentitySettings;
      const tokens = loadedTokens(({ userAssignedTokens }) => userAssignedTokens(settings, readProxy));
      return enhancedProof("entraToken", entraToken(settings.scope, tokens, options), options);
    }
    case "X509Certificate":
      // TLS shows the certificate; the user name is the authentication name that Event Grid may ask for.
      return fixedProof(() => username);
    case "AccessToken":
      return passwordProof(accessToken(authentication.accessTokenSettings.secretRef, mounts), options, username);
    case "UsernamePassword":
      return fixedProof(() => readUserAndPassword(mounts, authentication.usernamePasswordSettings.secretRef));
  }
}

/** Microsoft's library is loaded with the first token: a relay without a managed identity starts without it. */
function loadedTokens(create: (library: typeof AzureIdentity) => TokenSource): TokenSource {
  let tokens: TokenSource | undefined;
  return {
    getToken: async (signal) => {
      tokens ??= create(await import("./azure-identity.ts"));
      return tokens.getToken(signal);
    },
  };
}

async function readUserAndPassword(mounts: Mounts, secretRef: string): Promise<Shown["proof"]> {
  return {
    username: trimmed(await mounts.readLogin(secretRef, "username")).toString("utf8"),
    password: trimmed(await mounts.readLogin(secretRef, "password")),
  };
}

function fixedProof(read: () => Shown["proof"] | Promise<Shown["proof"]>): ProofSource {
  return { what: "credentials", read: async () => ({ proof: await read() }), isShownLive: false, warnAt: never };
}

function enhancedProof(
  method: keyof typeof enhancedMethod,
  renewable: Renewable<Token>,
  options: RenewerOptions,
): ProofSource {
  const authenticationMethod = enhancedMethod[method];
  const prove = ({ data }: Token) => ({ authenticationMethod, authenticationData: data });
  return { ...tokenProof(renewable, options, prove), isShownLive: true, warnAt: warningRules[method] };
}

function passwordProof(renewable: Renewable<Token>, options: RenewerOptions, username: Shown["proof"]): ProofSource {
  const prove = ({ data }: Token) => ({ ...username, password: data });
  return { ...tokenProof(renewable, options, prove), isShownLive: false, warnAt: warningRules.accessToken };
}

function tokenProof(
  renewable: Renewable<Token>,
  options: RenewerOptions,
  prove: (token: Token) => Shown["proof"],
): Pick<ProofSource, "what" | "read" | "watch"> {
  const renewer = new Renewer(renewable, options);
  return {
    what: renewable.what,
    read: async (signal) => {
      const token = await renewer.read(signal);
      return { proof: prove(token), token };
    },
    watch: (used, onChange) => renewer.watch(used, onChange),
  };
}

const tokenTimes = {
  isSame: (a: Token, b: Token) => a.data.equals(b.data),
  endsAtMs: ({ endsAtMs }: Token) => endsAtMs,
} as const;

function entraToken(audience: string, tokens: TokenSource, { now, random }: RenewerOptions): Renewable<Token> {
  return {
    ...tokenTimes,
    what: `token for ${audience}`,
    remedy: "check the identity endpoint and this machine's clock",
    fetch: (signal) => tokens.getToken(signal),
    renewAtMs: (token) => renewAtMs(token, now(), random),
  };
}

function serviceAccountToken(name: string, mounts: Mounts, { now, random }: RenewerOptions): Renewable<Token> {
  return {
    ...tokenTimes,
    what: `service account token "${name}"`,
    remedy: "see why the kubelet does not renew it, and check this machine's clock",
    fetch: async () => readToken(await mounts.readToken(name)),
    // The kubelet renews it; a look shortly before its end is for a change that nobody told.
    renewAtMs: (token) => renewAtMs(token, now(), random),
    folder: mounts.tokenFolder,
  };
}

function accessToken(secretRef: string, mounts: Mounts): Renewable<Token> {
  return {
    ...tokenTimes,
    what: `access token of Secret "${secretRef}"`,
    remedy: 'put a newer one under "accessToken"',
    fetch: async () => readToken(trimmed(await mounts.readLogin(secretRef, "accessToken"))),
    renewAtMs: () => undefined,
    folder: mounts.secretFolder(secretRef),
  };
}

/** A file written by hand often ends with a line break that is no part of the secret. */
function trimmed(secret: Buffer): Buffer {
  return Buffer.from(secret.toString("utf8").replace(/\r?\n$/, ""));
}
