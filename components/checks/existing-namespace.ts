import type { Problem } from "../../runtime/contract/errors.ts";
import { RoleScope } from "../enumerations.ts";
import { byRule } from "./rules.ts";

/** Who gets roles for an endpoint at an existing namespace, or why nobody does. */
export type RoleHolder =
  | { readonly kind: "principal"; readonly roleScope: RoleScope | undefined; readonly roleScopePath: string }
  | { readonly kind: "nobody"; readonly reason: string; readonly remedy: string };

/** An endpoint that is said to be at a namespace. */
export interface EndpointThere {
  readonly name: string;
  /** Whether it has a host of its own. */
  readonly hasHost: boolean;
  /** The name of its namespace, where its host tells it; a custom domain does not. */
  readonly namespaceName: string | undefined;
  readonly holder: RoleHolder;
}

/** What is said of an existing namespace. */
export interface DeclaredNamespace {
  /** Where the operator wrote it: `existingNamespaces.central`. */
  readonly path: string;
  /** Its resource ID; `undefined` when only the deployment tells it. */
  readonly id: string | undefined;
  /** The endpoints at it by their names; `undefined` where there is none of the name. */
  readonly endpoints: readonly (EndpointThere | string)[];
  readonly hasTopicSpaces: boolean;
  /** Another namespace of the bridge that is the same one. */
  readonly twin: string | undefined;
}

const namespacePattern =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.EventGrid\/namespaces\/([^/]+)$/i;

/** Refuses an existing namespace at which no role can be assigned as it is declared. */
export function checkExistingNamespace(namespace: DeclaredNamespace): Problem[] {
  const { path, endpoints } = namespace;
  const remedy = "name the endpoints that are at it, or remove the namespace";
  return [
    ...checkId(namespace),
    ...(endpoints.length > 0 ? [] : problemAt(`${path}.endpoints`, "lists none", remedy)),
    ...endpoints.flatMap((endpoint, index) => checkEndpoint(`${path}.endpoints[${index}]`, endpoint, namespace)),
    ...checkTopicSpaces(namespace),
  ];
}

function checkId({ path, id, twin }: DeclaredNamespace): Problem[] {
  const form = '"/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.EventGrid/namespaces/<name>"';
  const noId = `is "${id}", which is no resource ID of an Event Grid namespace`;
  const same = `is the same namespace as ${twin}`;
  return [
    ...(id === undefined || namespacePattern.test(id) ? [] : problemAt(`${path}.id`, noId, `give ${form}`)),
    ...(twin === undefined ? [] : problemAt(`${path}.id`, same, "list the endpoints of both in one of them")),
  ];
}

function checkEndpoint(at: string, endpoint: EndpointThere | string, { path, id }: DeclaredNamespace): Problem[] {
  if (typeof endpoint === "string") {
    const problem = `names the endpoint "${endpoint}", which does not exist at Event Grid`;
    return problemAt(at, problem, "name one of eventGridEndpoints");
  }
  const { name, hasHost, namespaceName, holder } = endpoint;
  if (!hasHost) {
    const problem = `is "${name}", which has no host, so that it is at the namespace which eventGrid creates`;
    return problemAt(at, problem, "remove it, or give the endpoint the host of the existing namespace");
  }
  const named = id === undefined ? undefined : namespacePattern.exec(id)?.[1];
  if (named !== undefined && namespaceName !== undefined && named.toLowerCase() !== namespaceName.toLowerCase()) {
    const problem = `is "${name}", whose host is that of the namespace "${namespaceName}", and ${path}.id is of "${named}"`;
    return problemAt(at, problem, "correct the one that is wrong");
  }
  return holder.kind === "principal" ? [] : problemAt(at, `is "${name}", and ${holder.reason}`, holder.remedy);
}

function checkTopicSpaces({ path, endpoints, hasTopicSpaces }: DeclaredNamespace): Problem[] {
  const scopePaths = endpoints.flatMap((endpoint) => {
    if (typeof endpoint === "string" || endpoint.holder.kind === "nobody") return [];
    const { roleScope, roleScopePath } = endpoint.holder;
    return roleScope === RoleScope.Namespace ? [] : [roleScopePath];
  });
  if (hasTopicSpaces || scopePaths[0] === undefined) return [];
  const problem = `is missing, and ${scopePaths[0]} is ${RoleScope.TopicSpace}`;
  const remedy = `name the topic spaces that the dataflows use, or set ${scopePaths[0]} to "${RoleScope.Namespace}"`;
  return problemAt(`${path}.topicSpaces`, problem, remedy);
}

function problemAt(path: string, problem: string, remedy: string): Problem[] {
  return byRule("existing-namespace", [{ path, problem, remedy }]);
}
