import path from "node:path";

import type { DeclaredResource } from "./evaluate-stack.ts";
import type { PodFiles, Volume } from "./kubelet.ts";

/** What the components declared, as far as brokers, identity service and kubelet of the demo have to know it. */
export interface DeclaredSite {
  /** Bytes of the relay's configuration, out of its ConfigMap. */
  readonly configText: string;
  readonly configFile: string;
  readonly pod: PodFiles & { readonly namespace: string; readonly serviceAccount: string };
  readonly configMaps: Keys;
  readonly secrets: Keys;
  readonly namespace: { readonly maxSessions: number; readonly maxSessionExpiryHours: number };
  readonly topicSpaces: readonly { readonly name: string; readonly topicTemplates: readonly string[] }[];
  readonly roles: readonly DeclaredRole[];
  /** Service accounts that the managed identity trusts. */
  readonly federatedCredentials: readonly { readonly subject: string; readonly audiences: readonly string[] }[];
}

/** Contents by name of the object and key. */
export type Keys = ReadonlyMap<string, Readonly<Record<string, string>>>;

interface DeclaredRole {
  readonly principalId: string;
  readonly role: "publisher" | "subscriber";
  /** Name of the topic space; omitted: all of the namespace. */
  readonly topicSpace?: string;
}

/** Role definitions by what they allow. @see Azure built-in roles, Integration */
const roleDefinitions = {
  publisher: "a12b0b94-b317-4dcd-84a8-502ce99884c6",
  subscriber: "4b0f2fd7-60b4-4eca-896f-4435034f8bf5",
} as const;

const type = {
  configMap: "kubernetes:core/v1:ConfigMap",
  secret: "kubernetes:core/v1:Secret",
  statefulSet: "kubernetes:apps/v1:StatefulSet",
  namespace: "azure-native:eventgrid:Namespace",
  topicSpace: "azure-native:eventgrid:TopicSpace",
  federatedCredential: "azure-native:managedidentity:FederatedIdentityCredential",
  roleAssignment: "azure-native:authorization:RoleAssignment",
} as const;

interface StatefulSetInputs {
  readonly metadata?: { readonly namespace?: string };
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly volumes: readonly Volume[];
  readonly containers: readonly [Container];
}

interface Container {
  readonly args: readonly string[];
  readonly volumeMounts: PodFiles["mounts"];
}

/**
 * Reads what a program declared.
 * @throws when it does not declare one relay with a configuration, and one Event Grid namespace
 */
export function readDeclaredSite(resources: readonly DeclaredResource[]): DeclaredSite {
  const ofType = (wanted: string) => resources.filter((resource) => resource.type === wanted);
  const { inputs } = only(ofType(type.statefulSet), "a relay's StatefulSet");
  const { metadata, spec } = inputs as unknown as StatefulSetInputs;
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const configMaps = keysOf(ofType(type.configMap), (data) => data["data"]);
  const namespace = only(ofType(type.namespace), "an Event Grid namespace");
  const configuration = namespace.inputs["topicSpacesConfiguration"] as Record<string, number>;
  const spaces = ofType(type.topicSpace);
  return {
    ...readConfiguration(pod, container, configMaps),
    pod: {
      volumes: pod.volumes,
      mounts: container.volumeMounts,
      namespace: metadata?.namespace ?? "default",
      serviceAccount: pod.serviceAccountName,
    },
    configMaps,
    secrets: keysOf(ofType(type.secret), (data) => data["stringData"]),
    namespace: {
      maxSessions: configuration["maximumClientSessionsPerAuthenticationName"] ?? 1,
      maxSessionExpiryHours: configuration["maximumSessionExpiryInHours"] ?? 1,
    },
    topicSpaces: spaces.map(({ name, inputs: space }) => ({
      name,
      topicTemplates: space["topicTemplates"] as string[],
    })),
    federatedCredentials: ofType(type.federatedCredential).map(({ inputs: credential }) => ({
      subject: String(credential["subject"]),
      audiences: credential["audiences"] as string[],
    })),
    roles: ofType(type.roleAssignment).flatMap((assignment) => readRole(assignment, namespace, spaces)),
  };
}

/** Follows `--config` to the ConfigMap that is mounted there. */
function readConfiguration(
  { volumes }: PodSpec,
  { args, volumeMounts }: Container,
  configMaps: Keys,
): Pick<DeclaredSite, "configFile" | "configText"> {
  const configFile = args[args.indexOf("--config") + 1] ?? "";
  const mount = volumeMounts.find(({ mountPath }) => mountPath === path.posix.dirname(configFile));
  const configMap = volumes.find(({ name }) => name === mount?.name)?.configMap?.name;
  const configText = configMaps.get(configMap ?? "")?.[path.posix.basename(configFile)];
  if (configText === undefined) {
    throw new Error(
      `the stack: mounts no ConfigMap with the relay's "${configFile}"; declare it as the Relay component does`,
    );
  }
  return { configFile, configText };
}

/** A role that is assigned elsewhere, or another role, gives no right to publish or subscribe here. */
function readRole(
  { inputs }: DeclaredResource,
  namespace: DeclaredResource,
  spaces: readonly DeclaredResource[],
): DeclaredRole[] {
  const definition = String(inputs["roleDefinitionId"]);
  const principalId = String(inputs["principalId"]);
  const role = (["publisher", "subscriber"] as const).find((name) => definition.endsWith(roleDefinitions[name]));
  const space = spaces.find(({ id }) => id === inputs["scope"]);
  if (role === undefined || (space === undefined && inputs["scope"] !== namespace.id)) return [];
  return [{ principalId, role, ...(space === undefined ? {} : { topicSpace: space.name }) }];
}

function keysOf(objects: readonly DeclaredResource[], read: (inputs: DeclaredResource["inputs"]) => unknown): Keys {
  return new Map(
    objects.map(({ name, inputs }) => {
      const { name: given } = (inputs["metadata"] ?? {}) as { name?: string };
      return [given ?? name, (read(inputs) ?? {}) as Record<string, string>];
    }),
  );
}

function only(resources: readonly DeclaredResource[], what: string): DeclaredResource {
  const [first, ...more] = resources;
  if (first === undefined || more.length > 0) {
    const problem = `declares ${resources.length} of what the demo stands in for, ${what}`;
    throw new Error(`the stack: ${problem}; declare just one`);
  }
  return first;
}
