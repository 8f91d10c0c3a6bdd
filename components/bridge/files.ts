import { checkFileReferences } from "../checks/file-references.ts";
import type { FileFindings, FileReference } from "../checks/file-references.ts";
import { isKnown } from "../known.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";
import type { BridgeEndpoint } from "./endpoints.ts";

const fields = { secrets: "secretRef", trustBundles: "trustedCaCertificateConfigMapRef" } as const;

/** Compares the Secrets and ConfigMaps that endpoints and proxies name with those that the bridge creates. */
export function checkBridgeFiles({ relay }: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): FileFindings {
  const all = (["secrets", "trustBundles"] as const).map((part) => {
    const names = Object.keys(relay?.[part] ?? {});
    // The pod's own settings may name them too, in fields that are Kubernetes'.
    if (names.length === 0 || relay?.pod !== undefined) return { problems: [], warnings: [] };
    const proxies = [{ path: "relay.proxy", proxy: relay?.proxy }, ...endpoints.map(proxyOf)];
    const references = [
      ...endpoints.map(({ path, fields: given }) => referenceOf(`${path}.${fields[part]}`, given[fields[part]])),
      ...proxies.map(({ path, proxy }) => referenceOf(`${path}.${fields[part]}`, proxy?.[fields[part]])),
    ];
    return checkFileReferences({ path: `relay.${part}`, names }, references.flat());
  });
  return {
    problems: all.flatMap(({ problems }) => problems),
    warnings: all.flatMap(({ warnings }) => warnings),
  };
}

function proxyOf({ path, fields: { proxy } }: BridgeEndpoint) {
  return { path: `${path}.proxy`, proxy };
}

function referenceOf(path: string, name: BridgeEndpoint["fields"]["secretRef"]): FileReference[] {
  if (name === undefined) return [];
  return [{ path, name: isKnown(name) ? name : undefined }];
}
