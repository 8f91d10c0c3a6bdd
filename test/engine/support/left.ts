import type { KubernetesClient } from "./kubernetes/client.ts";
import type { PulumiInstallation } from "./pulumi.ts";

/** Kinds that these programs create in a namespace. Claims are not among them: they stay when their StatefulSet goes. */
const kinds = [
  ["v1", "ConfigMap"],
  ["v1", "Secret"],
  ["v1", "Service"],
  ["v1", "ServiceAccount"],
  ["apps/v1", "StatefulSet"],
  ["networking.k8s.io/v1", "NetworkPolicy"],
] as const;

/**
 * Lists what is in Azure, and what a stack has in the cluster: resource IDs and `<kind> <name>`.
 * @param names of the stack's objects in the cluster
 */
export async function listLeft(
  { arm }: Pick<PulumiInstallation, "arm">,
  cluster: KubernetesClient,
  namespace: string,
  names: RegExp,
): Promise<string[]> {
  const objects = await Promise.all(
    kinds.map(async ([apiVersion, kind]) =>
      (await cluster.list(apiVersion, kind, namespace)).map((name) => [kind, name] as const),
    ),
  );
  const own = objects.flat().filter(([, name]) => names.test(name));
  return [...arm.ids, ...own.map((object) => object.join(" "))];
}
