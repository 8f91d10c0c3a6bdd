import type * as pulumi from "@pulumi/pulumi";

import type { AioInstanceArgs } from "./endpoint/settings.ts";
import { AioResourceApi } from "./enumerations.ts";
import { topicSpaceRoles } from "./event-grid/roles.ts";
import type { TopicSpaceRole } from "./event-grid/roles.ts";
import type { Claim } from "./owners.ts";
import { aioNamespace } from "./relay/defaults.ts";
import type { VaultArgs } from "./vault/settings.ts";
import { vaultRoles } from "./vault/roles.ts";

/** What tells one cluster from another: the URN of its provider, or the folder that its manifests are written to. */
export type Cluster = pulumi.Input<string>;

/** Where a component creates its resources. */
export interface Places {
  readonly cluster: Cluster;
  /** URN of Azure's provider, which stands for a subscription. */
  readonly azure: pulumi.Input<string>;
}

/** Where a component creates its resources, as far as its providers tell. */
export function placesOf(component: pulumi.Resource | undefined): Places {
  return {
    cluster: component?.getProvider("kubernetes:core/v1:Secret")?.urn ?? "default",
    azure: component?.getProvider("azure-native:eventgrid:Namespace")?.urn ?? "default",
  };
}

/** One of AIO's resources. */
export interface AioResourceName {
  readonly kind: "DataflowEndpoint" | "DataflowProfile" | "Dataflow";
  readonly resourceName: string;
  /** Where the operator wrote it. */
  readonly path: string;
}

/** The `DataflowEndpoint` of an endpoint component, where it creates one. */
export function endpointClaims(
  component: pulumi.Resource,
  endpointName: string,
  { instance, existing }: { readonly instance?: AioInstanceArgs; readonly existing?: boolean },
): Claim[] {
  if (instance === undefined || existing === true) return [];
  const resource = { kind: "DataflowEndpoint", resourceName: endpointName, path: "endpointName" } as const;
  return [aioClaim(instance, placesOf(component).cluster, resource)];
}

const aioRemedies = {
  DataflowEndpoint:
    "give one of them another endpointName, or create it once and set existing where it is used besides",
  DataflowProfile: "give one of them another profileName, or create it once and set existing where it is used besides",
  // Two of one name would also be the same MQTT client at AIO's broker. @see Azure IoT Operations, Known issues, 8891
  Dataflow: "rename one; AIO's dataflows of one instance are told apart by their name, in whichever profile",
} as const;

/** A resource of an AIO instance. In the cluster all of a kind are in one namespace, whichever API they come through. */
export function aioClaim(instance: AioInstanceArgs, cluster: Cluster, resource: AioResourceName): Claim {
  const { kind, resourceName, path } = resource;
  const { resourceGroupName, instanceName, customLocationId, namespace = aioNamespace } = instance;
  const isKubernetes = instance.resourceApi === AioResourceApi.Kubernetes;
  const where = isKubernetes
    ? ["cluster", cluster, namespace]
    : ["instance", customLocationId, resourceGroupName, instanceName];
  const subject = `the ${kind} "${resourceName}" of the same AIO instance`;
  return { path, subject, parts: [...where, kind, resourceName], remedy: aioRemedies[kind] };
}

/** The Secrets and ConfigMaps that a relay has in its namespace. */
export interface RelayFiles {
  readonly namespace?: pulumi.Input<string> | undefined;
  readonly secrets?: { readonly [name: string]: unknown } | undefined;
  readonly trustBundles?: { readonly [name: string]: unknown } | undefined;
  readonly vault?: VaultArgs | undefined;
}

/** @param prefix goes before the names of the fields, such as `relay.` */
export function relayClaims(
  prefix: string,
  { namespace, secrets, trustBundles, vault }: RelayFiles,
  cluster: Cluster,
): Claim[] {
  const objects = [
    ...Object.keys(secrets ?? {}).map((name) => ({ kind: "Secret", field: "secrets", name })),
    ...Object.keys(vault?.secrets ?? {}).map((name) => ({ kind: "Secret", field: "vault.secrets", name })),
    ...Object.keys(trustBundles ?? {}).map((name) => ({ kind: "ConfigMap", field: "trustBundles", name })),
  ];
  const claims = objects.map(({ kind, field, name }) => ({
    path: `${prefix}${field}.${name}`,
    subject: `the ${kind} "${name}" in the same namespace`,
    parts: ["cluster", cluster, namespace ?? aioNamespace, kind, name],
    remedy: "give one of them another name, or leave it out here: endpoints may refer to that of the other",
  }));
  return [...claims, ...vaultRoleClaims(`${prefix}vault.secretSync.identity.principalId`, vault)];
}

/** The roles of secret sync's identity: many sites may read one vault with one identity, which has them once. */
function vaultRoleClaims(path: string, vault: VaultArgs | undefined): Claim[] {
  const { identity, vaultId } = vault?.secretSync ?? {};
  if (identity?.principalId === undefined || vaultId === undefined) return [];
  const { user } = vaultRoles;
  return [
    {
      path,
      subject: `the assignment of ${user.roleName} to the same principal at the same Key Vault`,
      parts: ["role", vaultId, user.id, identity.principalId],
      remedy: "leave identity.principalId and vaultId out here: the other assigns what both need",
    },
  ];
}

/** A role that is assigned. */
export interface AssignedRole {
  readonly path: string;
  readonly role: TopicSpaceRole;
  readonly principalId: pulumi.Input<string>;
  /** Where it is assigned, for messages: `topic space "telemetry"`. */
  readonly place: string;
  /** Resource ID of the scope, which may be in parts. */
  readonly scope: readonly pulumi.Input<string>[];
}

/**
 * A role assignment. It is refused and not shared: a shared one would belong to whichever component comes first, and without that one
 * Pulumi would create it anew before it deletes it, which Azure refuses.
 */
export function roleClaim({ path, role, principalId, place, scope }: AssignedRole): Claim {
  const { roleName } = topicSpaceRoles[role];
  return {
    path,
    subject: `the assignment of ${roleName} to the same principal at the same ${place}`,
    parts: ["role", ...scope, role, principalId],
    remedy:
      "remove it here where the other assigns all that both need; else remove it in both, and declare one TopicSpaceAccess with the topics of both",
  };
}

/** The trust of a managed identity in AIO's dataflows. @see Microsoft Entra, Workload identity federation considerations */
export function aioCredentialClaim(
  path: string,
  identity: {
    readonly resourceGroupName?: pulumi.Input<string>;
    readonly identityName?: pulumi.Input<string>;
    readonly oidcIssuerUrl?: pulumi.Input<string>;
  },
  namespace: pulumi.Input<string> = aioNamespace,
): Claim[] {
  const { resourceGroupName, identityName, oidcIssuerUrl } = identity;
  if (resourceGroupName === undefined || identityName === undefined || oidcIssuerUrl === undefined) return [];
  return [
    {
      path,
      subject: "the federated identity credential of the same managed identity for AIO's dataflows on the same cluster",
      parts: ["credential", resourceGroupName, identityName, oidcIssuerUrl, namespace],
      remedy: "leave oidcIssuerUrl out here, or declare AIO's dataflows with this identity in one component",
    },
  ];
}

/** An Event Grid namespace whose name is given. */
export function namespaceClaim(
  path: string,
  namespace: { readonly resourceGroupName: pulumi.Input<string>; readonly namespaceName?: pulumi.Input<string> },
  { azure }: Places,
): Claim[] {
  const { resourceGroupName, namespaceName } = namespace;
  if (namespaceName === undefined) return [];
  const subject = "the Event Grid namespace of the same name and resource group";
  const remedy = "give one of them another name, or create it once and name its host at the endpoints of the other";
  return [{ path, subject, parts: ["namespace", azure, resourceGroupName, namespaceName], remedy }];
}
