/** What decides whether a changed object is replaced. */
export interface Mutability {
  readonly configMaps: boolean;
  readonly secrets: boolean;
}

/** Fields of which a change replaces an object, beside its name and namespace, by API group and kind. */
const replacing: { readonly [kind: string]: readonly string[] } = {
  "apps/DaemonSet": ["spec.selector"],
  "apps/Deployment": ["spec.selector"],
  "apps/StatefulSet": [
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
  ],
  "batch/Job": ["spec.completions", "spec.parallelism", "spec.selector", "spec.template"],
  "rbac.authorization.k8s.io/ClusterRoleBinding": ["roleRef"],
  "rbac.authorization.k8s.io/RoleBinding": ["roleRef"],
  "core/PersistentVolumeClaim": ["spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"],
  "core/Secret": ["type"],
  "core/Service": ["spec.clusterIP"],
};

/** Tells whether the provider replaces an object of a kind when the field at a path has changed. */
export function isReplacedFor(apiVersion: string, kind: string, path: string, mutable: Mutability): boolean {
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "core";
  const content = group === "core" ? contentOf(kind, mutable) : [];
  const fields = ["metadata.name", "metadata.namespace", ...(replacing[`${group}/${kind}`] ?? []), ...content];
  return fields.some((field) => path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`));
}

/** The content of a ConfigMap or Secret, unless the provider was told that it may change. */
function contentOf(kind: string, mutable: Mutability): string[] {
  if (kind === "ConfigMap" && !mutable.configMaps) return ["data", "binaryData"];
  if (kind === "Secret" && !mutable.secrets) return ["data", "stringData"];
  return [];
}
