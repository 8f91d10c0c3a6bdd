import type { Problem } from "../../runtime/contract/errors.ts";
import { RoleScope } from "../enumerations.ts";
import { byRule } from "./rules.ts";

/** Who gets roles for an endpoint at an existing namespace, or why nobody does. */
export type RoleHolder =
  | { readonly kind: "principal"; readonly roleScope: RoleScope | undefined; readonly roleScopePath: string }
  | { readonly kind: "nobody"; readonly reason: string; readonly remedy: string };

/** What an endpoint says of the namespace that it is at. */
export interface NamespaceOfEndpoint {
  /** Where the operator wrote the endpoint: `eventGridEndpoints.cloud`. */
  readonly path: string;
  /** Whether it has a host of its own. */
  readonly hasHost: boolean;
  /** Resource ID of the namespace; empty when it is given and only the deployment tells it. */
  readonly namespaceId: string | undefined;
  readonly topicSpaceNames: readonly string[] | undefined;
}

const namespacePattern =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.EventGrid\/namespaces\/[^/]+$/i;

/** Refuses an existing namespace at which no role can be assigned as it is declared. */
export function checkExistingNamespace(endpoint: NamespaceOfEndpoint, holder: RoleHolder): Problem[] {
  const { path, namespaceId, topicSpaceNames } = endpoint;
  if (namespaceId === undefined) {
    const problem = "is set, and nothing says which namespace they are in";
    const remedy = "add namespaceId, the resource ID of an existing namespace, or remove it";
    return topicSpaceNames === undefined ? [] : problemAt(`${path}.topicSpaces`, problem, remedy);
  }
  return [...checkPlace(endpoint, namespaceId), ...checkHolder(endpoint, holder)];
}

function checkPlace({ path, hasHost }: NamespaceOfEndpoint, namespaceId: string): Problem[] {
  const at = `${path}.namespaceId`;
  const noHost = "is set, and the endpoint has no host, so that it is at the namespace which eventGrid creates";
  const noId = `is "${namespaceId}", which is no resource ID of an Event Grid namespace`;
  const form = '"/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.EventGrid/namespaces/<name>"';
  return [
    ...(hasHost ? [] : problemAt(at, noHost, "remove it, or give the host of the existing namespace")),
    ...(namespaceId === "" || namespacePattern.test(namespaceId) ? [] : problemAt(at, noId, `give ${form}`)),
  ];
}

function checkHolder({ path, topicSpaceNames = [] }: NamespaceOfEndpoint, holder: RoleHolder): Problem[] {
  if (holder.kind === "nobody") {
    return problemAt(`${path}.namespaceId`, `is set, and ${holder.reason}`, holder.remedy);
  }
  if (holder.roleScope === RoleScope.Namespace || topicSpaceNames.length > 0) return [];
  const problem = `is missing, and ${holder.roleScopePath} is ${RoleScope.TopicSpace}`;
  const remedy = `name the topic spaces that the dataflows use, or set ${holder.roleScopePath} to "${RoleScope.Namespace}"`;
  return problemAt(`${path}.topicSpaces`, problem, remedy);
}

function problemAt(path: string, problem: string, remedy: string): Problem[] {
  return byRule("existing-namespace", [{ path, problem, remedy }]);
}
