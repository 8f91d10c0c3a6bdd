import { rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import type { RelayConfig } from "../../runtime/contract/config.ts";
import { parseHost } from "../../runtime/contract/config/endpoint.ts";
import type { DeclaredSite } from "./declared-site.ts";
import type { EmulatedCloud } from "./emulated-cloud.ts";
import { mountPodFiles } from "./kubelet.ts";
import type { RelayProcessOptions } from "./relay-process.ts";

/** The relay's pod, laid out in a folder instead of a container. */
export type PodFolder = Omit<RelayProcessOptions, "onLog" | "pagePort"> & { readonly remove: () => Promise<void> };

/** Audience and path of the token with which a pod becomes a managed identity. @see Microsoft Entra Workload ID */
const workloadIdentity = { audience: "api://AzureADTokenExchange", file: "azure-identity-token" } as const;

/** Mounts what the StatefulSet mounts, and adds what Kubernetes' own controllers and webhooks would. `remove` it. */
export async function preparePod(site: DeclaredSite, config: RelayConfig, cloud: EmulatedCloud): Promise<PodFolder> {
  const root = await mkdtemp(path.join(tmpdir(), "mqtt-dataflow-demo-"));
  const removeNow = () => {
    rmSync(root, { recursive: true, force: true });
  };
  process.once("exit", removeNow); // for an end that waits for nothing
  const contents = {
    // What the stack doesn't declare is AIO's trust bundle: in this demo its broker's CA.
    configMap: (name: string) => site.configMaps.get(name) ?? { "ca.crt": cloud.authority.certificate },
    secret: (name: string) => site.secrets.get(name) ?? {},
    token: cloud.createPodToken,
  };
  await mountPodFiles(site.pod, contents, root);
  const federatedToken = path.join(root, workloadIdentity.file);
  await writeFile(federatedToken, await cloud.createPodToken(workloadIdentity.audience), { mode: 0o600 });
  const systemRoots = path.join(root, "system-roots.crt");
  await writeFile(systemRoots, cloud.authority.certificate);
  return {
    configFile: path.join(root, site.configFile),
    mountPath: path.join(root, config.relay.mountPath),
    // The volume of the StatefulSet.
    spoolPath: path.join(root, config.relay.spoolPath),
    connectTo: [cloud.edge, cloud.cloud].map(({ host, port }) => `${withoutPath(host)}=127.0.0.1:${port}`),
    environment: {
      RELAY_ORDINAL: "0",
      AZURE_FEDERATED_TOKEN_FILE: federatedToken,
      AZURE_AUTHORITY_HOST: cloud.identityHost,
      // Event Grid's and Entra's certificates come from public CAs; here the demo's CA stands in for those.
      NODE_EXTRA_CA_CERTS: systemRoots,
    },
    drainTimeoutMs: config.relay.drainTimeoutSeconds * 1000,
    remove: async () => {
      await rm(root, { recursive: true, force: true });
      process.off("exit", removeNow);
    },
  };
}

function withoutPath(host: string): string {
  const address = parseHost(host);
  return address === undefined ? host : `${address.hostname}:${address.port}`;
}
