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
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  }[];
}

/**
 * Reads what a program declared.
 * @throws when it declares no relay or no Event Grid namespace: the demo stands in for both ends
 */
export function readDeclaredSite(resources: readonly DeclaredResource[]): DeclaredSite {
  const ofType = (wanted: string) => resources.filter((resource) => resource.type === wanted);
  const { inputs } = only(ofType(type.statefulSet), "relay");
  const { metadata, spec } = inputs as unknown as StatefulSetInputs;
  const pod = spec.template.spec;
  const container = pod.containers[0];
  const configFile = container?.args[container.args.indexOf("--config") + 1] ?? "";
  const configMaps = keysOf(ofType(type.configMap), (data) => data["data"]);
  const configuration = only(ofType(type.namespace), "Event Grid namespace").inputs[
    "topicSpacesConfiguration"
  ] as Record<string, number>;
  const spaces = ofType(type.topicSpace);
  return {
    configText: [...configMaps.values()].flatMap((keys) => keys["config.json"] ?? [])[0] ?? "",
    configFile,
    pod: {
      volumes: pod.volumes,
      mounts: container?.volumeMounts ?? [],
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
    roles: ofType(type.roleAssignment).flatMap((assignment) => readRole(assignment, spaces)),
  };
}

function readRole({ inputs }: DeclaredResource, spaces: readonly DeclaredResource[]): DeclaredRole[] {
  const definition = String(inputs["roleDefinitionId"]);
  const principalId = String(inputs["principalId"]);
  const space = spaces.find(({ id }) => id === inputs["scope"]);
  const role = (["publisher", "subscriber"] as const).find((name) => definition.endsWith(roleDefinitions[name]));
  if (role === undefined) return [];
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
    throw new Error(`the stack declares ${resources.length} times a ${what}; the demo takes just one`);
  }
  return first;
}
