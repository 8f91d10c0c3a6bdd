import type * as inputs from "@pulumi/kubernetes/types/input.js";

/** Name of the document in its ConfigMap. */
export const configKey = "config.json";

/** The files of a relay's pod beside its configuration. */
export interface MountedFiles {
  /** Secrets by the name that endpoints refer to; each once. */
  readonly secretRefs: readonly string[];
  /** ConfigMaps with CA certificates by the name that endpoints refer to; each once. */
  readonly configMapRefs: readonly string[];
  readonly tokens: readonly ServiceAccountToken[];
}

/** A service account token for one endpoint. */
export interface ServiceAccountToken {
  readonly endpointName: string;
  readonly audience: string;
}

/** What one endpoint has mounted. */
export interface EndpointFiles {
  readonly secretRef?: string | undefined;
  readonly tokenAudience?: string | undefined;
  readonly trustedCaCertificateConfigMapRef?: string | undefined;
  readonly proxy?: ProxyFiles | undefined;
}

/** What an HTTP proxy has mounted. */
export type ProxyFiles = Pick<EndpointFiles, "secretRef" | "trustedCaCertificateConfigMapRef">;

/** Time in seconds that a token is good for; the kubelet renews it after 80 % of that. @see Azure IoT Operations, MQTT broker authentication */
const tokenLifetimeSeconds = 86_400;

/** Readable by the owner and the pod's group; a decimal number in the manifest. */
const secretMode = 0o440;

/** Gathers the files of all endpoints and of all proxies; what two of them share is mounted once. */
export function gatherFiles(
  endpoints: { readonly [name: string]: EndpointFiles },
  relayProxy: ProxyFiles = {},
): MountedFiles {
  const entries = Object.entries(endpoints).sort(([a], [b]) => (a < b ? -1 : 1));
  const users = [...entries.flatMap(([, endpoint]) => [endpoint, endpoint.proxy ?? {}]), relayProxy];
  return {
    secretRefs: distinct(users.map(({ secretRef }) => secretRef)),
    configMapRefs: distinct(users.map(({ trustedCaCertificateConfigMapRef }) => trustedCaCertificateConfigMapRef)),
    tokens: entries.flatMap(([endpointName, { tokenAudience: audience }]) =>
      audience === undefined ? [] : [{ endpointName, audience }],
    ),
  };
}

function distinct(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** The volumes of a relay's pod, in the order of {@link buildVolumeMounts}. */
export function buildVolumes(configMapName: string, files: MountedFiles): inputs.core.v1.Volume[] {
  return [
    { name: "config", configMap: { name: configMapName } },
    ...files.secretRefs.map((secretName, index) => ({
      name: `secret-${index}`,
      secret: { secretName, defaultMode: secretMode },
    })),
    ...files.configMapRefs.map((name, index) => ({ name: `configmap-${index}`, configMap: { name } })),
    ...(files.tokens.length === 0 ? [] : [{ name: "tokens", projected: buildTokens(files.tokens) }]),
  ];
}

function buildTokens(tokens: readonly ServiceAccountToken[]): inputs.core.v1.ProjectedVolumeSource {
  return {
    defaultMode: secretMode,
    sources: tokens.map(({ endpointName, audience }) => ({
      serviceAccountToken: { path: endpointName, audience, expirationSeconds: tokenLifetimeSeconds },
    })),
  };
}

/** Where the relay finds its files. Whole folders, because the kubelet never renews a file that is mounted by subPath. */
export function buildVolumeMounts(mountPath: string, files: MountedFiles): inputs.core.v1.VolumeMount[] {
  const mount = (name: string, folder: string) => ({ name, mountPath: `${mountPath}/${folder}`, readOnly: true });
  return [
    mount("config", "config"),
    ...files.secretRefs.map((secretRef, index) => mount(`secret-${index}`, `secrets/${secretRef}`)),
    ...files.configMapRefs.map((configMapRef, index) => mount(`configmap-${index}`, `configmaps/${configMapRef}`)),
    ...(files.tokens.length === 0 ? [] : [mount("tokens", "tokens")]),
  ];
}
