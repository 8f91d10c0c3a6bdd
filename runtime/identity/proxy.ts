import { HostType, type Endpoint, type HostAddress } from "../contract/config/endpoint.ts";
import type { ProxySettings } from "../contract/config/proxy.ts";
import { proxyOfEnvironment, type Proxy } from "../transport/proxy-tunnel.ts";
import { readTrustedCertificates } from "./certificate.ts";
import type { Mounts } from "./mounts.ts";

/** Finds the proxy to a host, with the credentials of today; `undefined`: straight. */
export type ProxyReader = (target: HostAddress, isTls: boolean) => Promise<Proxy | undefined>;

/**
 * Chooses the proxy of an endpoint and of the identity service that it asks: its own; else the relay's; else, for TLS,
 * that of `HTTPS_PROXY` unless `NO_PROXY` names the host. AIO's own broker is in the cluster: only its own counts.
 */
export function createProxyReader(
  { relay, hostType }: Endpoint,
  relayProxy: ProxySettings | undefined,
  mounts: Mounts,
): ProxyReader {
  const isInside = hostType === HostType.LocalBroker;
  const settings = relay.proxy ?? (isInside ? undefined : relayProxy);
  if (settings !== undefined) return () => readProxy(settings, mounts);
  return (target, isTls) => Promise.resolve(isTls && !isInside ? proxyOfEnvironment(target) : undefined);
}

async function readProxy(settings: ProxySettings, mounts: Mounts): Promise<Proxy | undefined> {
  const { url, secretRef, trustedCaCertificateConfigMapRef: ref } = settings;
  if (url.toLowerCase() === "direct") return undefined;
  const readLine = async (secret: string, key: string) =>
    (await mounts.readLogin(secret, key)).toString("utf8").replace(/\r?\n$/, "");
  return {
    url: url.replace(/\/$/, ""),
    ...(secretRef === undefined
      ? {}
      : {
          credentials: {
            username: await readLine(secretRef, "username"),
            password: await readLine(secretRef, "password"),
          },
        }),
    ...(ref === undefined ? {} : { ca: readTrustedCertificates(ref, await mounts.readConfigMap(ref)).pem }),
  };
}
