import type { Problem } from "../../runtime/contract/errors.ts";
import { isSameInput } from "../arguments/same-input.ts";
import { checkExistingNamespace } from "../checks/existing-namespace.ts";
import type { EndpointThere, RoleHolder } from "../checks/existing-namespace.ts";
import { checkTopicCoverage } from "../checks/topic-coverage.ts";
import type { TopicCoverage } from "../checks/topic-coverage.ts";
import { RoleScope } from "../enumerations.ts";
import type { ExistingNamespaceArgs } from "../event-grid/settings.ts";
import { checkTopicSpaces } from "../event-grid/topic-spaces.ts";
import type { TopicSpaceArgs } from "../event-grid/topic-spaces.ts";
import { isKnown } from "../known.ts";
import { identityOf } from "./identities.ts";
import type { Plan, PlannedEndpoint } from "./plan.ts";
import { neededTopics } from "./topics.ts";

/** Checks the existing namespaces of a bridge, where its identities get roles. */
export function checkExistingNamespaces(plan: Plan): Problem[] {
  const all = Object.entries(plan.args.existingNamespaces ?? {});
  return all.flatMap(([name, { id, endpoints, topicSpaces = {} }], index) => {
    const path = `existingNamespaces.${name}`;
    const twin = all.slice(0, index).find(([, other]) => isSameInput(id, other.id));
    const namespace = {
      path,
      id: isKnown(id) ? id : undefined,
      endpoints: endpoints.map((endpoint) => endpointThere(plan, endpoint)),
      hasTopicSpaces: Object.keys(topicSpaces).length > 0,
      twin: twin && `existingNamespaces.${twin[0]}`,
    };
    const spaces = checkTopicSpaces(templatesOf(topicSpaces)).map(({ path: at, ...problem }) => ({
      path: `${path}.${at}`,
      ...problem,
    }));
    return [...checkExistingNamespace(namespace), ...spaces];
  });
}

/** Compares the topics that dataflows need at existing namespaces with the topic spaces where roles are assigned. */
export function checkExistingTopics(plan: Plan): TopicCoverage {
  const found = Object.entries(plan.args.existingNamespaces ?? {}).flatMap(
    ([name, { endpoints, topicSpaces = {} }]) => {
      if (!hasTemplates(topicSpaces)) return [];
      const used = endpoints.filter((endpoint) => usesTopicSpaces(endpointThere(plan, endpoint)));
      const { published, subscribed } = neededTopics(plan, ({ endpoint }) => used.includes(endpoint.name));
      const where = `existingNamespaces.${name}.topicSpaces`;
      return [checkTopicCoverage([...published, ...subscribed], templatesOf(topicSpaces), where)];
    },
  );
  return {
    problems: found.flatMap(({ problems }) => problems),
    warnings: found.flatMap(({ warnings }) => warnings),
  };
}

/** Roles at topic spaces are compared; those at the namespace are for whatever topics it has. */
function usesTopicSpaces(endpoint: EndpointThere | string): boolean {
  if (typeof endpoint === "string" || endpoint.holder.kind === "nobody") return false;
  return endpoint.holder.roleScope !== RoleScope.Namespace;
}

type TopicSpaces = NonNullable<ExistingNamespaceArgs["topicSpaces"]>;

/** A topic space of which the templates are not given may have any topic; without any, another rule is about that. */
function hasTemplates(topicSpaces: TopicSpaces): boolean {
  const all = Object.values(topicSpaces);
  return all.length > 0 && all.every(({ topicTemplates }) => topicTemplates !== undefined);
}

function templatesOf(topicSpaces: TopicSpaces): { [name: string]: TopicSpaceArgs } {
  return Object.fromEntries(
    Object.entries(topicSpaces).map(([name, { topicTemplates = ["#"] }]) => [name, { topicTemplates }]),
  );
}

/** `<namespace>.<region>-1.ts.eventgrid.azure.net:8883`. @see Specification, Create dataflow endpoint */
const namespaceHost = /^([^.:]+)\.[^.:]+\.ts\.eventgrid\.azure\.net(?=[:/]|$)/i;

/** An endpoint at Event Grid; the name alone where there is none of that name. */
function endpointThere(plan: Plan, name: string): EndpointThere | string {
  const endpoint = plan.endpoints.find((one) => one.name === name && one.hostType === "EventGrid");
  if (endpoint?.hostType !== "EventGrid") return name;
  const { host } = plan.args.eventGridEndpoints?.[name] ?? {};
  const [, namespaceName] = host !== undefined && isKnown(host) ? (namespaceHost.exec(host) ?? []) : [];
  return { name, hasHost: host !== undefined, namespaceName, holder: holderOf(plan, endpoint) };
}

/** Who gets the roles of an endpoint. */
function holderOf({ args }: Plan, { fields, own, aioDataflow }: PlannedEndpoint): RoleHolder {
  const alone = "remove it";
  switch (fields.authenticationMethod) {
    case "UserAssignedManagedIdentity": {
      const { path, identity } = identityOf(args, own) ?? {};
      if (identity === undefined) {
        const reason = "the bridge has no identity with the endpoint's client ID, which could get roles";
        return { kind: "nobody", reason, remedy: `add it to furtherIdentities, or ${alone}` };
      }
      if (identity.principalId === undefined) {
        const reason = `${path}.principalId, which would get its roles, is missing`;
        return { kind: "nobody", reason, remedy: `add that, or ${alone} and leave the roles to others` };
      }
      return { kind: "principal", roleScope: identity.roleScope, roleScopePath: `${path}.roleScope` };
    }
    case "SystemAssignedManagedIdentity": {
      if (args.instance !== undefined && aioDataflow !== undefined) {
        const { extensionRoleScope: roleScope } = args.instance;
        return { kind: "principal", roleScope, roleScopePath: "instance.extensionRoleScope" };
      }
      const reason = "AIO's engine does not use the endpoint, and the identity of the nodes gets no roles here";
      return { kind: "nobody", reason, remedy: `assign them with TopicSpaceAccess, and ${alone}` };
    }
    default: {
      const reason = `an endpoint with ${fields.authenticationMethod} gets no roles`;
      return { kind: "nobody", reason, remedy: alone };
    }
  }
}
