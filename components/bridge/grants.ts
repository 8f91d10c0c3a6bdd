import { RoleScope } from "../enumerations.ts";
import type { Plan } from "./plan.ts";
import { neededTopics } from "./topics.ts";
import type { PlannedEnd } from "./sessions.ts";

/** What one identity may do at the bridge's own namespace. */
export interface Grants {
  readonly noun: string;
  /** The bridge's own user-assigned identity, or that of AIO's Arc extension. */
  readonly identity: "user-assigned" | "extension";
  /** Whether the roles are for the whole namespace. */
  readonly isForNamespace: boolean;
  readonly topics: { readonly publishedTopics: string[]; readonly subscribedTopics: string[] };
}

/** The roles of the user-assigned identity and of AIO's own, each for what it authenticates; certificates get none. */
export function planGrants(plan: Plan): Grants[] {
  const { identity, instance, eventGrid } = plan.args;
  const shared = topicsOf(plan, ({ endpoint: { fields } }) => isUserAssigned(fields));
  const own = topicsOf(plan, ({ endpoint: { fields }, dataflow }) => dataflow.isForAio && isSystemAssigned(fields));
  const isForNamespace = identity?.roleScope === RoleScope.Namespace;
  const hasOwn = own.publishedTopics.length + own.subscribedTopics.length > 0;
  return [
    ...(identity?.principalId !== undefined && eventGrid !== undefined
      ? [{ noun: "access", identity: "user-assigned" as const, isForNamespace, topics: shared }]
      : []),
    ...(hasOwn && instance !== undefined
      ? [{ noun: "aio-access", identity: "extension" as const, isForNamespace: false, topics: own }]
      : []),
  ];
}

function topicsOf(plan: Plan, isMeant: (end: PlannedEnd) => boolean): Grants["topics"] {
  const { published, subscribed } = neededTopics(plan, (end) => end.endpoint.isAtOwnNamespace && isMeant(end));
  return {
    publishedTopics: published.map(({ filter }) => filter),
    subscribedTopics: subscribed.map(({ filter }) => filter),
  };
}

function isUserAssigned({ authenticationMethod }: PlannedEnd["endpoint"]["fields"]): boolean {
  return authenticationMethod === "UserAssignedManagedIdentity";
}

function isSystemAssigned({ authenticationMethod }: PlannedEnd["endpoint"]["fields"]): boolean {
  return authenticationMethod === "SystemAssignedManagedIdentity";
}
