import { parseHost, type Endpoint } from "../contract/config/endpoint.ts";
import type { ProxySettings } from "../contract/config/proxy.ts";
import { ConnectionError } from "../contract/errors.ts";
import type { ConnectOptions } from "../mqtt/connect.ts";
import type { TlsMaterial } from "../transport/open-stream.ts";
import type { Proxy } from "../transport/proxy-tunnel.ts";
import { checkDates, readClientCertificate, readTrustedCertificates, type ClientCertificate } from "./certificate.ts";
import { EndWatch, type CredentialEnd, type EndEvent } from "./end-watch.ts";
import type { Mounts } from "./mounts.ts";
import { createProofSource, type ProofSource } from "./proof.ts";
import { createProxyReader } from "./proxy.ts";
import { Renewer, type RenewalEvent } from "./renewer.ts";
import type { Token } from "./token.ts";

/** What CONNECT carries of a client's credentials. */
export type Proof = Pick<ConnectOptions, "username" | "password" | "authenticationMethod" | "authenticationData">;

/** What a client shows to a broker. Held only while a connection is made, and while it is watched. */
export interface Credentials {
  readonly proof: Proof;
  /** Omitted: the connection is not encrypted. */
  readonly tls?: TlsMaterial;
  /** The token in `proof`, where it has one. */
  readonly token?: Token;
  /** The client certificate in `tls`, where it has one. */
  readonly certificate?: ClientCertificate;
  /** The proxy that leads to the broker; omitted: straight. */
  readonly proxy?: Proxy;
}

/**
 * What a live connection has to do about a newer credential.
 * - `token`: show it by AUTH
 * - `reconnect`: it counts only in a new connection
 */
export type CredentialChange =
  { readonly kind: "token"; readonly data: Buffer } | { readonly kind: "reconnect"; readonly what: string };

/** What becomes of an endpoint's credentials, for the log. */
export type CredentialEvent = RenewalEvent | EndEvent;

/** Gets an endpoint's credentials anew for each connection, and newer ones for those that last. */
export interface CredentialSource {
  /** @throws {ConnectionError} when something that it needs is missing or wrong; says what and where */
  readonly read: (signal: AbortSignal) => Promise<Credentials>;
  /**
   * Calls back for each newer credential while a connection lives.
   * @returns a function that ends it
   */
  readonly watch: (used: Credentials, onChange: (change: CredentialChange) => void) => () => void;
  /** Tokens and certificates in use, with their ends. */
  readonly ends: () => readonly CredentialEnd[];
}

export interface CredentialSourceOptions {
  readonly onEvent?: (event: CredentialEvent) => void;
  readonly random?: () => number;
  /** Wall clock in milliseconds. */
  readonly now?: () => number;
  /** Time between two looks at mounted files whose change nobody tells. @default 30000 */
  readonly pollMs?: number;
  /** Time for a renewal to fetch a token or to read a file. @default 30000 */
  readonly fetchTimeoutMs?: number;
  /** The relay's own proxy; an endpoint may have another. */
  readonly proxy?: ProxySettings | undefined;
}

/** Chooses how an endpoint's credentials are got. Reads nothing yet. */
export function createCredentialSource(
  name: string,
  endpoint: Endpoint,
  mounts: Mounts,
  { onEvent = () => undefined, random = Math.random, now = Date.now, proxy, ...times }: CredentialSourceOptions = {},
): CredentialSource {
  const { tls } = endpoint.mqttSettings;
  const renewal = { onEvent, random, now, ...times };
  const readProxy = createProxyReader(endpoint, proxy, mounts);
  const address = parseHost(endpoint.mqttSettings.host);
  const proofs = createProofSource(name, endpoint, mounts, renewal, readProxy);
  const certificates = createCertificateRenewer(endpoint, mounts, renewal);
  const ends = new EndWatch(onEvent, now);
  const readTls = async (signal: AbortSignal): Promise<Pick<Credentials, "tls" | "certificate">> => {
    if (tls.mode === "Disabled") return {};
    const trust = await readTrust(endpoint, mounts, ends);
    const certificate = await certificates?.read(signal);
    if (certificate === undefined) return { tls: trust };
    const { cert, key, subject, endsAtMs, startsAtMs } = certificate;
    ends.set([{ kind: "client_certificate", name: subject, endsAtMs, startsAtMs }]);
    return { tls: { ...trust, cert, key }, certificate };
  };
  return {
    read: async (signal) => {
      const shown = await proofs.read(signal);
      ends.setToken(shown.token, proofs.warnAt);
      const proxy = address === undefined ? undefined : await readProxy(address, tls.mode === "Enabled");
      return { ...shown, ...(await readTls(signal)), ...(proxy === undefined ? {} : { proxy }) };
    },
    watch: (used, onChange) => {
      const endings = [watchProof(proofs, used, ends, onChange), watchCertificate(certificates, used, ends, onChange)];
      return () => {
        for (const end of endings) end();
      };
    },
    ends: () => ends.all(),
  };
}

function watchProof(
  proofs: ProofSource,
  { token }: Credentials,
  ends: EndWatch,
  onChange: (change: CredentialChange) => void,
): () => void {
  if (token === undefined || proofs.watch === undefined) return () => undefined;
  return proofs.watch(token, (newer) => {
    ends.setToken(newer, proofs.warnAt);
    onChange(proofs.isShownLive ? { kind: "token", data: newer.data } : { kind: "reconnect", what: proofs.what });
  });
}

function watchCertificate(
  certificates: Renewer<ClientCertificate> | undefined,
  { certificate }: Credentials,
  ends: EndWatch,
  onChange: (change: CredentialChange) => void,
): () => void {
  if (certificates === undefined || certificate === undefined) return () => undefined;
  return certificates.watch(certificate, ({ subject, endsAtMs, startsAtMs }) => {
    ends.set([{ kind: "client_certificate", name: subject, endsAtMs, startsAtMs }]);
    onChange({ kind: "reconnect", what: `client certificate "${subject}"` });
  });
}

function createCertificateRenewer(
  { mqttSettings: { authentication } }: Endpoint,
  mounts: Mounts,
  renewal: ConstructorParameters<typeof Renewer<ClientCertificate>>[1],
): Renewer<ClientCertificate> | undefined {
  if (authentication.method !== "X509Certificate") return undefined;
  const { secretRef } = authentication.x509CertificateSettings;
  return new Renewer<ClientCertificate>(
    {
      what: `client certificate of Secret "${secretRef}"`,
      remedy: "renew it",
      fetch: async () => {
        const certificate = await readClientCertificate(mounts, secretRef);
        const what = `client certificate "${certificate.subject}" of Secret "${secretRef}"`;
        const problem = checkDates(what, certificate, renewal.now());
        if (problem !== undefined) throw new ConnectionError(problem, { retry: "soon" });
        return certificate;
      },
      isSame: (a, b) => a.cert === b.cert && a.key === b.key,
      endsAtMs: (certificate) => certificate.endsAtMs,
      // Whoever issues it decides when: only the mounted files tell.
      renewAtMs: () => undefined,
      folder: mounts.secretFolder(secretRef),
    },
    renewal,
  );
}

async function readTrust({ mqttSettings }: Endpoint, mounts: Mounts, ends: EndWatch): Promise<TlsMaterial> {
  const ref = mqttSettings.tls.trustedCaCertificateConfigMapRef;
  if (ref === undefined) return {};
  const { pem, ends: certificates } = readTrustedCertificates(ref, await mounts.readConfigMap(ref));
  ends.set(certificates.map(({ subject, ...times }) => ({ kind: "ca_certificate", name: subject, ...times })));
  return { ca: pem };
}
