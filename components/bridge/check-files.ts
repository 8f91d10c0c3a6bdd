import type { Problem } from "../../runtime/contract/errors.ts";
import { checkFileReferences, checkSecretUses } from "../checks/file-references.ts";
import type { DeclaredFiles, FileFindings, FileReference, SecretUse } from "../checks/file-references.ts";
import { givenFields, isKnown, mapValues } from "../known.ts";
import type { MqttBridgeArgs } from "./settings.ts";
import type { Plan, PlannedEndpoint } from "./plan.ts";

const fields = { secrets: "secretRef", trustBundles: "trustedCaCertificateConfigMapRef" } as const;

/** Compares the Secrets and ConfigMaps that endpoints and proxies name with those that the bridge creates. */
export function checkBridgeFiles({ args: { relay }, endpoints }: Plan): FileFindings {
  const all = (["secrets", "trustBundles"] as const).map((part) => {
    const declared = declaredFiles(relay, part);
    // The pod's own settings may name them too, in fields that are Kubernetes'.
    if (declared.every(({ names }) => names.length === 0) || relay?.pod !== undefined)
      return { problems: [], warnings: [] };
    const proxies = [{ path: "relay.proxy", proxy: relay?.proxy }, ...endpoints.map(proxyOf)];
    const references = [
      ...endpoints.map(({ path, fields: given }) => referenceOf(`${path}.${fields[part]}`, given[fields[part]])),
      ...proxies.map(({ path, proxy }) => referenceOf(`${path}.${fields[part]}`, proxy?.[fields[part]])),
    ];
    return checkFileReferences(declared, references.flat());
  });
  return {
    problems: all.flatMap(({ problems }) => problems),
    warnings: all.flatMap(({ warnings }) => warnings),
  };
}

function declaredFiles(relay: MqttBridgeArgs["relay"], part: keyof typeof fields): DeclaredFiles[] {
  const given = { path: `relay.${part}`, names: Object.keys(relay?.[part] ?? {}) };
  if (part !== "secrets") return [given];
  return [given, { path: "relay.vault.secrets", names: Object.keys(relay?.vault?.secrets ?? {}) }];
}

/** What each method that has a Secret reads in it. @see Azure IoT Operations, Configure MQTT data flow endpoints */
const needsOfMethod: { readonly [method: string]: readonly string[] } = {
  X509Certificate: ["clientCertificate", "clientKey"],
  AccessToken: ["accessToken"],
  UsernamePassword: ["username", "password"],
};

/** Compares the content of Secrets that the bridge creates with what their users read. */
export function checkBridgeSecretUses({ args: { relay }, endpoints }: Plan): Problem[] {
  const contentsOf = (secrets: { readonly [name: string]: object }) =>
    mapValues(secrets, (content) => givenFields(content).filter((field) => field !== "type"));
  const proxies = [{ path: "relay.proxy", proxy: relay?.proxy }, ...endpoints.map(proxyOf)];
  const uses: SecretUse[] = [
    ...endpoints.flatMap(({ path, fields: { secretRef, authenticationMethod: method } }) =>
      referenceOf(`${path}.secretRef`, secretRef).map((reference) => ({
        ...reference,
        user: `authentication method ${method}`,
        needs: needsOfMethod[method] ?? [],
      })),
    ),
    ...proxies.flatMap(({ path, proxy }) =>
      referenceOf(`${path}.secretRef`, proxy?.secretRef).map((reference) => ({
        ...reference,
        user: "a proxy",
        needs: ["username", "password"],
      })),
    ),
  ];
  return [
    ...checkSecretUses("relay.secrets", contentsOf(relay?.secrets ?? {}), uses),
    ...checkSecretUses("relay.vault.secrets", contentsOf(relay?.vault?.secrets ?? {}), uses),
  ];
}

function proxyOf({ path, fields: { proxy } }: PlannedEndpoint) {
  return { path: `${path}.proxy`, proxy };
}

function referenceOf(path: string, name: PlannedEndpoint["fields"]["secretRef"]): FileReference[] {
  if (name === undefined) return [];
  return [{ path, name: isKnown(name) ? name : undefined }];
}
