import * as authorization from "@pulumi/azure-native/authorization/index.js";
import * as pulumi from "@pulumi/pulumi";

import { filtersOverlap } from "../runtime/contract/topic/overlap.ts";
import { declaredArgs } from "./arguments/declared.ts";
import { roleClaim } from "./claims.ts";
import { PrincipalType } from "./enumerations.ts";
import { previewedRole } from "./event-grid/previewed-role.ts";
import { roleAssignmentName, roleDefinitionId, topicSpaceRoles } from "./event-grid/roles.ts";
import type { TopicSpaceRole } from "./event-grid/roles.ts";
import { templateFilter } from "./event-grid/topic-spaces.ts";
import { mapInput } from "./known.ts";
import { claimResources } from "./owners.ts";
import type { Claim } from "./owners.ts";
import { readable, refusal, refuse } from "./refuse.ts";

/** A topic space and the topics in it. */
export interface GrantedTopicSpaceArgs {
  /** Resource ID of the topic space; the scope of the role assignments. */
  id: pulumi.Input<string>;
  /** Its topic templates. Omitted: unknown, so that every topic may fall into it. */
  topicTemplates?: string[];
}

export interface TopicSpaceAccessArgs {
  /** Object ID of the managed identity that the clients authenticate with. A change replaces the role assignments. */
  principalId: pulumi.Input<string>;
  /**
   * What that object is: a managed identity is a service principal, and a group may have several as members. A change replaces
   * the role assignments.
   * @default "ServicePrincipal"
   */
  principalType?: pulumi.Input<PrincipalType>;
  /** Topic spaces by name. Plain keys and templates, because they decide which role assignments exist. */
  topicSpaces: { [name: string]: GrantedTopicSpaceArgs };
  /** Topics that are published to, as topic filters: what dataflows have as their destination. */
  publishedTopics: string[];
  /** Topic filters that are subscribed to: what dataflows have as their source. */
  subscribedTopics: string[];
  /**
   * Resource ID of the namespace. Given, each role is assigned once there, for all topic spaces that there are and will
   * be; omitted, at each topic space that calls for it, which is less. Whether it is given is plain, its value need not be.
   */
  namespaceId?: pulumi.Input<string>;
}

/**
 * The role assignments that let one identity publish and subscribe, each at the scope of a topic space and only where
 * the topics call for it, or at the namespace when its ID is given. Grants nothing to clients with certificates.
 */
export class TopicSpaceAccess extends pulumi.ComponentResource {
  static readonly typeToken = "mqtt-dataflow:index:TopicSpaceAccess";

  /** Role assignment IDs by topic space and role, such as `telemetry-publisher`; `namespace-publisher` at a namespace. */
  readonly roleAssignmentIds: { readonly [grant: string]: pulumi.Output<string> };

  constructor(name: string, args: TopicSpaceAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super(TopicSpaceAccess.typeToken, name, readable(name, args), opts);
    args = declaredArgs(this, TopicSpaceAccess.typeToken, name, args);
    refuse(
      this,
      name,
      claimResources(this, TopicSpaceAccess.typeToken, name, args, () => listClaims(args)),
    );

    this.roleAssignmentIds = Object.fromEntries(
      deriveGrants(args).map(({ space, role, scope }) => {
        const assignment = new authorization.RoleAssignment(
          `${name}-${space}-${role}`,
          {
            scope,
            roleDefinitionId: previewedRole(this, scope, topicSpaceRoles[role].id, (id) =>
              roleIn(this, name, { space, role, scope: id }),
            ),
            principalId: args.principalId,
            // Without it Azure looks the principal up, and does not find an identity that was just created.
            principalType: args.principalType ?? PrincipalType.ServicePrincipal,
            roleAssignmentName: mapInput({ scope, principalId: args.principalId }, (known) =>
              roleAssignmentName(known.scope, known.principalId, role),
            ),
            description: `${topicSpaceRoles[role].roleName} for MQTT dataflows`,
          },
          roleOptions(this),
        );
        return [`${space}-${role}`, assignment.id];
      }),
    );

    this.registerOutputs({ roleAssignmentIds: this.roleAssignmentIds });
  }
}

function listClaims(args: TopicSpaceAccessArgs): Claim[] {
  const { principalId } = args;
  return deriveGrants(args).map(({ space, role, scope }) => {
    const isNamespace = args.namespaceId !== undefined;
    const path = isNamespace ? "namespaceId" : `topicSpaces.${space}.id`;
    const place = isNamespace ? "namespace" : `topic space "${space}"`;
    return roleClaim({ path, role, principalId, place, scope: [scope] });
  });
}

function roleOptions(parent: TopicSpaceAccess): pulumi.CustomResourceOptions {
  return {
    parent,
    // Azure takes no second assignment of the same role to the same principal at the same scope (409 RoleAssignmentExists).
    deleteBeforeReplace: true,
    // One that was made with a random name keeps it: a new name alone would take the role away until the new one is everywhere.
    ignoreChanges: ["roleAssignmentName"],
  };
}

/** Stands for the namespace where a topic space's name would be; there are no grants at topic spaces then. */
const namespaceGrant = "namespace";

/** One role at one topic space, or at the namespace. */
export interface TopicSpaceGrant {
  readonly space: string;
  readonly role: TopicSpaceRole;
  readonly scope: pulumi.Input<string>;
}

/**
 * Gives each topic space the roles that the topics in it call for, in the order of their names; or each role to the
 * namespace when any topic calls for it.
 */
export function deriveGrants({
  topicSpaces,
  publishedTopics,
  subscribedTopics,
  namespaceId,
}: Omit<TopicSpaceAccessArgs, "principalId" | "principalType">): TopicSpaceGrant[] {
  const topicsOf = { publisher: publishedTopics, subscriber: subscribedTopics };
  if (namespaceId !== undefined) {
    return (["publisher", "subscriber"] as const)
      .filter((role) => topicsOf[role].length > 0)
      .map((role) => ({ space: namespaceGrant, role, scope: namespaceId }));
  }
  return Object.entries(topicSpaces)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([space, { id, topicTemplates }]) =>
      (["publisher", "subscriber"] as const)
        .filter((role) => topicsOf[role].some((topic) => fallsInto(topic, topicTemplates)))
        .map((role) => ({ space, role, scope: id })),
    );
}

function fallsInto(topic: string, topicTemplates: readonly string[] | undefined): boolean {
  return topicTemplates?.some((template) => filtersOverlap(templateFilter(template), topic)) ?? true;
}

function roleIn(access: TopicSpaceAccess, name: string, grant: TopicSpaceGrant & { readonly scope: string }): string {
  const id = roleDefinitionId(grant.scope, grant.role);
  if (id !== undefined) return id;
  const problem = `is "${grant.scope}", which is no Azure resource ID`;
  const remedy = "give the resource's ID, which begins with /subscriptions/";
  const path = grant.space === namespaceGrant ? "namespaceId" : `topicSpaces.${grant.space}.id`;
  throw refusal(access, name, [{ path, problem, remedy }]);
}
