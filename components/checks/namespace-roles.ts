import type { Problem } from "../../runtime/contract/errors.ts";
import type { RoleAssignmentArgs } from "../event-grid/role-assignments.ts";
import { roleRemedy, unknownRole } from "../event-grid/role-assignments.ts";
import { roleGuid } from "../event-grid/roles.ts";
import type { EventGridBrokerArgs } from "../event-grid/settings.ts";
import { isKnown } from "../known.ts";
import { byRule } from "./rules.ts";

type Assignments = { readonly [name: string]: RoleAssignmentArgs } | undefined;
type Holders = { readonly [name: string]: { readonly roleAssignments?: Assignments } } | undefined;

/** The role assignments of each scope, by where the operator wrote them. */
export function listScopes(args: EventGridBrokerArgs): (readonly [string, Assignments])[] {
  const of = (path: string, holders: Holders) =>
    Object.entries(holders ?? {}).map(
      ([name, one]) => [`${path}.${name}.roleAssignments`, one.roleAssignments] as const,
    );
  const { topics = {} } = args;
  return [
    ["roleAssignments", args.roleAssignments],
    ...of("topicSpaces", args.topicSpaces),
    ...of("topics", topics),
    ...Object.entries(topics).flatMap(([name, { eventSubscriptions }]) =>
      of(`topics.${name}.eventSubscriptions`, eventSubscriptions),
    ),
    ...of("privateEndpoints", args.privateEndpoints),
  ];
}

/** Lists role assignments that Azure refuses. */
export function checkRoleAssignments(args: EventGridBrokerArgs): Problem[] {
  return byRule(
    "namespace-roles",
    listScopes(args).flatMap(([path, assignments]) => [
      ...Object.entries(assignments ?? {}).flatMap(([key, one]) => checkAssignment(`${path}.${key}`, one)),
      ...findSecond(path, assignments),
    ]),
  );
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function checkAssignment(path: string, assignment: RoleAssignmentArgs): Problem[] {
  const { roleDefinitionIdOrName: role, principalId, name, condition, conditionVersion } = assignment;
  const problems: Problem[] = [];
  if (isKnown(role) && roleGuid(role) === undefined) {
    problems.push({ path: `${path}.roleDefinitionIdOrName`, problem: unknownRole(role), remedy: roleRemedy });
  }
  if (isKnown(principalId) && !guid.test(principalId)) {
    const remedy = "give the object ID, a GUID, and not the name or the client ID";
    problems.push({ path: `${path}.principalId`, problem: `is "${principalId}", which is no object ID`, remedy });
  }
  if (name !== undefined && isKnown(name) && !guid.test(name)) {
    const problem = `is "${name}", and Azure names role assignments with GUIDs`;
    problems.push({ path: `${path}.name`, problem, remedy: "give a GUID, or leave it out" });
  }
  if (conditionVersion === undefined) return problems;
  if (condition === undefined) {
    const problem = "is set, and there is no condition";
    problems.push({ path: `${path}.conditionVersion`, problem, remedy: "remove it, or add condition" });
  } else if (isKnown(conditionVersion) && conditionVersion !== "2.0") {
    const problem = `is "${conditionVersion}", and Azure has version 2.0 only`;
    problems.push({ path: `${path}.conditionVersion`, problem, remedy: 'set it to "2.0", or leave it out' });
  }
  return problems;
}

/** @see Azure RBAC, Troubleshoot, "The role assignment already exists" */
function findSecond(path: string, assignments: Assignments): Problem[] {
  const seen = new Map<string, string>();
  return Object.entries(assignments ?? {}).flatMap(([key, { roleDefinitionIdOrName: role, principalId }]) => {
    const id = isKnown(role) ? roleGuid(role) : undefined;
    if (id === undefined || !isKnown(principalId)) return [];
    const what = `${id} ${principalId}`.toLowerCase();
    const first = seen.get(what);
    if (first === undefined) {
      seen.set(what, key);
      return [];
    }
    const problem = `gives the same role to the same principal as ${path}.${first}, which Azure refuses`;
    return [{ path: `${path}.${key}`, problem, remedy: "remove one of them" }];
  });
}
