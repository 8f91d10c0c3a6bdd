import { aioClaim, aioCredentialClaim, namespaceClaim, relayClaims, roleClaim } from "../claims.ts";
import type { AioResourceName, Cluster, Places } from "../claims.ts";
import { isAioMethod } from "../endpoint/aio-method.ts";
import type { AioInstanceArgs } from "../endpoint/settings.ts";
import type { Claim } from "../owners.ts";
import { listRoles } from "./grants.ts";
import { identitiesOfAio } from "./identity-uses.ts";
import { listIdentities } from "./identities.ts";
import type { Plan } from "./plan.ts";

/** What a bridge creates under names that no other component of the program may use. */
export function bridgeClaims(plan: Plan, places: Places): Claim[] {
  const { relay, gitOps, eventGrid, instance } = plan.args;
  const cluster = gitOps === undefined ? places.cluster : `manifests in ${gitOps.directory}`;
  return [
    ...(eventGrid === undefined ? [] : namespaceClaim("eventGrid.namespaceName", eventGrid, places)),
    ...listRoles(plan).map(roleClaim),
    ...(instance === undefined ? [] : aioClaims(plan, instance, cluster)),
    ...(relay !== undefined && plan.hasRelay ? relayClaims("relay.", relay, cluster) : []),
  ];
}

function aioClaims(plan: Plan, instance: AioInstanceArgs, cluster: Cluster): Claim[] {
  const { args, endpoints, dataflows } = plan;
  const own = endpoints.filter(({ existing, fields }) => !existing && isAioMethod(fields.authenticationMethod));
  const aio = dataflows.filter(({ isForAio }) => isForAio);
  const hasProfile = aio.length > 0 && args.dataflowProfile?.existing !== true;
  const profileName = args.dataflowProfile?.profileName ?? `${plan.name}-aio`;
  const resources: AioResourceName[] = [
    ...own.map(({ resourceName, path }) => ({ kind: "DataflowEndpoint" as const, resourceName, path })),
    ...(hasProfile
      ? [{ kind: "DataflowProfile" as const, resourceName: profileName, path: "dataflowProfile.profileName" }]
      : []),
    ...aio.map(({ name, path }) => ({ kind: "Dataflow" as const, resourceName: name, path })),
  ];
  const { identity, furtherIdentities = {} } = identitiesOfAio(plan);
  const trusted = new Set([identity, ...Object.values(furtherIdentities)]);
  return [
    ...resources.map((resource) => aioClaim(instance, cluster, resource)),
    ...listIdentities(args)
      .filter((declared) => trusted.has(declared.identity))
      .flatMap(({ path, identity: one }) => aioCredentialClaim(`${path}.oidcIssuerUrl`, one, instance.namespace)),
  ];
}
