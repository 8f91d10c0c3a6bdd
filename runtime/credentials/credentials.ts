import type { Endpoint } from "../config/endpoint.ts";
import { ConnectionError } from "../errors.ts";
import type { ConnectOptions } from "../mqtt/connect.ts";
import type { TlsMaterial } from "../transport/open-stream.ts";
import { systemAssignedTokens, userAssignedTokens, type TokenSource } from "./azure-identity.ts";
import type { Mounts } from "./mounts.ts";

/** What CONNECT carries of a client's credentials. */
export type Proof = Pick<ConnectOptions, "username" | "password" | "authenticationMethod" | "authenticationData">;

/** What a client shows to a broker. Held only while a connection is made. */
export interface Credentials {
  readonly proof: Proof;
  /** Omitted: the connection is not encrypted. */
  readonly tls?: TlsMaterial;
}

/** Gets an endpoint's credentials anew for each connection. */
export interface CredentialSource {
  /** @throws {ConnectionError} when something that it needs is missing; says what and where */
  readonly read: (signal: AbortSignal) => Promise<Credentials>;
}

/**
 * Authentication methods of enhanced authentication.
 * @see Event Grid, Microsoft Entra JWT authentication; Azure IoT Operations, Broker authentication (2025-04-10)
 */
const enhancedMethod = { entraToken: "OAUTH2-JWT", serviceAccountToken: "K8S-SAT" } as const;

/** Chooses how an endpoint's credentials are got. Reads nothing yet. */
export function createCredentialSource(name: string, endpoint: Endpoint, mounts: Mounts): CredentialSource {
  const { tls } = endpoint.mqttSettings;
  const readProof = createProofReader(name, endpoint, mounts);
  return {
    read: async (signal) => {
      const proof = await readProof(signal);
      return tls.mode === "Disabled" ? { proof } : { proof, tls: await readTls(endpoint, mounts) };
    },
  };
}

function createProofReader(name: string, endpoint: Endpoint, mounts: Mounts): (signal: AbortSignal) => Promise<Proof> {
  const { authentication } = endpoint.mqttSettings;
  const username = endpoint.relay.username === undefined ? {} : { username: endpoint.relay.username };
  switch (authentication.method) {
    case "Anonymous":
      return () => Promise.resolve({});
    case "ServiceAccountToken":
      return async () => ({
        authenticationMethod: enhancedMethod.serviceAccountToken,
        authenticationData: await mounts.readToken(name),
      });
    case "SystemAssignedManagedIdentity":
      return entraProof(systemAssignedTokens(authentication.systemAssignedManagedIdentitySettings.audience));
    case "UserAssignedManagedIdentity":
      return entraProof(userAssignedTokens(authentication.userAssignedManagedIdentitySettings));
    case "X509Certificate":
      // TLS shows the certificate; the user name is the authentication name that Event Grid may ask for.
      return () => Promise.resolve(username);
    case "AccessToken": {
      const { secretRef } = authentication.accessTokenSettings;
      return async () => ({ ...username, password: trimmed(await mounts.readSecret(secretRef, "accessToken")) });
    }
    case "UsernamePassword": {
      const { secretRef } = authentication.usernamePasswordSettings;
      return async () => ({
        username: trimmed(await mounts.readSecret(secretRef, "username")).toString("utf8"),
        password: trimmed(await mounts.readSecret(secretRef, "password")),
      });
    }
  }
}

function entraProof(tokens: TokenSource): (signal: AbortSignal) => Promise<Proof> {
  return async (signal) => ({
    authenticationMethod: enhancedMethod.entraToken,
    authenticationData: Buffer.from(await tokens.getToken(signal)),
  });
}

/** A file written by hand often ends with a line break that is no part of the secret. */
function trimmed(secret: Buffer): Buffer {
  return Buffer.from(secret.toString("utf8").replace(/\r?\n$/, ""));
}

async function readTls({ mqttSettings: { tls, authentication } }: Endpoint, mounts: Mounts): Promise<TlsMaterial> {
  const ref = tls.trustedCaCertificateConfigMapRef;
  const trust = ref === undefined ? {} : { ca: await mounts.readConfigMap(ref) };
  if (authentication.method !== "X509Certificate") return trust;
  return { ...trust, ...(await readCertificate(mounts, authentication.x509CertificateSettings.secretRef)) };
}

/** The keys that AIO prescribes, and those of a `kubernetes.io/tls` Secret. */
const certificateLayouts = [
  { cert: "client_cert.pem", key: "client_key.pem" },
  { cert: "tls.crt", key: "tls.key" },
] as const;
const intermediatesKey = "client_intermediate_certs.pem";

async function readCertificate(mounts: Mounts, secret: string): Promise<Pick<TlsMaterial, "cert" | "key">> {
  const keys = await mounts.listSecret(secret);
  const layout = certificateLayouts.find(({ cert }) => keys.includes(cert));
  if (layout === undefined) {
    const wanted = certificateLayouts.map(({ cert, key }) => `"${cert}" and "${key}"`).join(" or ");
    throw new ConnectionError(`Secret "${secret}" has no client certificate; mount it with ${wanted}`, {
      retryable: true,
    });
  }
  const read = async (key: string) => (await mounts.readSecret(secret, key)).toString("utf8");
  const leaf = await read(layout.cert);
  const intermediates = keys.includes(intermediatesKey) ? await read(intermediatesKey) : "";
  return { cert: intermediates === "" ? leaf : `${leaf.trimEnd()}\n${intermediates}`, key: await read(layout.key) };
}
