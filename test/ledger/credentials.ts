import { randomUUID } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { TlsOptions } from "node:tls";

import { createCertificateAuthority } from "../../emulator/certificates/certificate-authority.ts";
import { createClusterIssuer } from "../../emulator/identity/cluster-issuer.ts";
import type { EndpointInput } from "../../runtime/contract/config/endpoint.ts";
import { swapFiles } from "../support/mounted-files.ts";
import type { SideScene } from "./scene.ts";

type Side = "source" | "destination";
type Issuer = Awaited<ReturnType<typeof createClusterIssuer>>;

/** What the relay shows to one side's broker, and what that side shows to it. */
export interface SideCredentials {
  /** For the proxy; omitted: plain TCP. */
  readonly tls: TlsOptions | undefined;
  /** Of an endpoint's settings. */
  readonly settings: Pick<EndpointInput["mqttSettings"], "authentication" | "tls">;
  readonly relay: EndpointInput["relay"];
  /** Keys of the tokens. */
  readonly keySet: Issuer["keySet"] | undefined;
  /** Puts another certificate or token in the place of today's, as cert-manager and the kubelet do. */
  renew(): Promise<void>;
}

const dayMs = 86_400_000;
/** The relay's clock jumps by up to three days. */
const validity = { notBefore: new Date(Date.now() - 20 * dayMs), notAfter: new Date(Date.now() + 60 * dayMs) };
const tokenSeconds = (20 * dayMs) / 1000;

/** Makes one side's credentials and writes them below the folders that instances have their files mounted from. */
export async function createCredentials(
  side: Side,
  { credential, hasTls }: SideScene,
  mounts: readonly string[],
): Promise<SideCredentials> {
  const authority = await createCertificateAuthority(`CA of the ${side}`, validity);
  const server = await authority.createServerCertificate(["127.0.0.1"], validity);
  const issuer = await createClusterIssuer();
  const swap = (kind: string, name: string, files: Readonly<Record<string, string>>) => {
    for (const folder of mounts) swapFiles(path.join(folder, kind, name), files);
  };
  // One folder holds the tokens of all endpoints: there each side has its own file in it.
  const writeToken = async () => {
    const token = await issuer.createToken({
      namespace: "plant",
      serviceAccount: "relay",
      audiences: ["aio-internal"],
      expirySeconds: tokenSeconds,
    });
    for (const folder of mounts) replaceFile(path.join(folder, "tokens"), side, token);
  };
  const renew = async () => {
    if (credential === "certificate") {
      const { certificate, key } = await authority.createClientCertificate("relay", validity);
      swap("secrets", `device-${side}`, { "tls.crt": certificate, "tls.key": key });
    }
    if (credential === "accessToken") swap("secrets", `access-${side}`, { accessToken: randomUUID() });
    if (credential === "token") await writeToken();
  };
  if (hasTls) swap("configmaps", `trust-${side}`, { "ca.crt": authority.certificate });
  await renew();
  return {
    tls: hasTls
      ? {
          cert: server.certificate,
          key: server.key,
          ...(credential === "certificate"
            ? { ca: authority.certificate, requestCert: true, rejectUnauthorized: true }
            : {}),
        }
      : undefined,
    settings: {
      authentication: authenticationOf(credential, side),
      tls: hasTls ? { trustedCaCertificateConfigMapRef: `trust-${side}` } : { mode: "Disabled" },
    },
    relay: credential === "accessToken" ? { username: "relay" } : {},
    keySet: credential === "token" ? issuer.keySet : undefined,
    renew,
  };
}

function replaceFile(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function authenticationOf(
  credential: SideScene["credential"],
  side: Side,
): EndpointInput["mqttSettings"]["authentication"] {
  switch (credential) {
    case "none":
      return { method: "Anonymous" };
    case "certificate":
      return { method: "X509Certificate", x509CertificateSettings: { secretRef: `device-${side}` } };
    case "accessToken":
      return { method: "AccessToken", accessTokenSettings: { secretRef: `access-${side}` } };
    case "token":
      return { method: "ServiceAccountToken" };
  }
}
