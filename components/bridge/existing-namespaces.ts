import type { Problem } from "../../runtime/contract/errors.ts";
import { checkExistingNamespace } from "../checks/existing-namespace.ts";
import type { RoleHolder } from "../checks/existing-namespace.ts";
import { checkTopicCoverage } from "../checks/topic-coverage.ts";
import type { TopicCoverage } from "../checks/topic-coverage.ts";
import { RoleScope } from "../enumerations.ts";
import { eventGridEndpointFields } from "../event-grid-endpoint.ts";
import type { EventGridEndpointSettingsArgs } from "../event-grid-endpoint.ts";
import { checkTopicSpaces } from "../event-grid/topic-spaces.ts";
import type { TopicSpaceArgs } from "../event-grid/topic-spaces.ts";
import { isKnown } from "../known.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";
import { aioEndpointUsers } from "./engines.ts";
import { listPlaces } from "./grants.ts";
import type { RolePlace } from "./grants.ts";
import { identityOf } from "./identities.ts";
import { neededTopics } from "./topics.ts";

/** Checks the existing namespaces that endpoints name, where their identities get roles. */
export function checkExistingNamespaces(args: MqttBridgeArgs): Problem[] {
  return Object.entries(args.eventGridEndpoints ?? {}).flatMap(([name, endpoint]) => {
    const { host, namespaceId, topicSpaces } = endpoint;
    const path = `eventGridEndpoints.${name}`;
    const checked = {
      path,
      hasHost: host !== undefined,
      namespaceId: namespaceId === undefined || isKnown(namespaceId) ? namespaceId : "",
      topicSpaceNames: topicSpaces && Object.keys(topicSpaces),
    };
    const spaces = checkTopicSpaces(knownTopicSpaces(topicSpaces ?? {})).map(({ path: at, ...problem }) => ({
      path: `${path}.${at}`,
      ...problem,
    }));
    return [...checkExistingNamespace(checked, holderOf(args, name, endpoint)), ...spaces];
  });
}

/** Compares the topics that dataflows need at existing namespaces with the topic spaces where roles are assigned. */
export function checkExistingTopics(args: MqttBridgeArgs): TopicCoverage {
  const found = listPlaces(args)
    .filter(({ suffix, topicSpaces }) => suffix !== "" && hasTemplates(topicSpaces))
    .map((place) => {
      const endpoints = place.endpointNames.filter((name) => usesTopicSpaces(args, name));
      const { published, subscribed } = neededTopics(args.dataflows, endpoints);
      const where = place.path.replace(/namespaceId$/, "topicSpaces");
      return checkTopicCoverage([...published, ...subscribed], knownTopicSpaces(place.topicSpaces), where);
    });
  return {
    problems: found.flatMap(({ problems }) => problems),
    warnings: found.flatMap(({ warnings }) => warnings),
  };
}

/** Roles at topic spaces are compared; those at the namespace are for whatever topics it has. */
function usesTopicSpaces(args: MqttBridgeArgs, name: string): boolean {
  const holder = holderOf(args, name, args.eventGridEndpoints?.[name] ?? {});
  return holder.kind === "principal" && holder.roleScope !== RoleScope.Namespace;
}

/** A topic space of which the templates are not given may have any topic; without any, another rule is about that. */
function hasTemplates(topicSpaces: RolePlace["topicSpaces"]): boolean {
  const all = Object.values(topicSpaces);
  return all.length > 0 && all.every(({ topicTemplates }) => topicTemplates !== undefined);
}

function knownTopicSpaces(topicSpaces: NonNullable<EventGridEndpointSettingsArgs["topicSpaces"]>): {
  [name: string]: TopicSpaceArgs;
} {
  return Object.fromEntries(
    Object.entries(topicSpaces).map(([name, { topicTemplates = ["#"] }]) => [name, { topicTemplates }]),
  );
}

/** Who gets the roles of an endpoint. */
function holderOf(args: MqttBridgeArgs, name: string, endpoint: EventGridEndpointSettingsArgs): RoleHolder {
  const fields = eventGridEndpointFields(endpoint);
  const alone = "remove it";
  switch (fields.authenticationMethod) {
    case "UserAssignedManagedIdentity": {
      const { path, identity } = identityOf(args, fields) ?? {};
      if (identity === undefined) {
        const reason = "the bridge has no identity with the endpoint's client ID, which could get roles there";
        return { kind: "nobody", reason, remedy: `add it to furtherIdentities, or ${alone}` };
      }
      if (identity.principalId === undefined) {
        const reason = `${path}.principalId, which would get roles there, is missing`;
        return { kind: "nobody", reason, remedy: `add that, or ${alone} and leave the roles to others` };
      }
      return { kind: "principal", roleScope: identity.roleScope, roleScopePath: `${path}.roleScope` };
    }
    case "SystemAssignedManagedIdentity": {
      if (args.instance !== undefined && aioEndpointUsers(args).has(name)) {
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
