import { aioClaim, aioCredentialClaim, namespaceClaim, relayClaims, roleClaim } from "../claims.ts";
import type { AioResourceName, Cluster, Places } from "../claims.ts";
import { isAioMethod } from "../endpoint/aio-method.ts";
import type { AioInstanceArgs } from "../endpoint/settings.ts";
import type { Claim } from "../owners.ts";
import { aioEndpointUsers, dataflowsByEngine, hasRelay } from "./engines.ts";
import type { BridgeDeclaration } from "./flows.ts";
import { listRoles } from "./grants.ts";
import { identityOf, listIdentities } from "./identities.ts";

/** What a bridge creates under names that no other component of the program may use. */
export function bridgeClaims(name: string, declaration: BridgeDeclaration, places: Places): Claim[] {
  const { args } = declaration;
  const { relay, gitOps, eventGrid, instance } = args;
  const cluster = gitOps === undefined ? places.cluster : `manifests in ${gitOps.directory}`;
  return [
    ...(eventGrid === undefined ? [] : namespaceClaim("eventGrid.namespaceName", eventGrid, places)),
    ...listRoles(args).map(roleClaim),
    ...(instance === undefined ? [] : aioClaims(name, declaration, instance, cluster)),
    ...(relay !== undefined && hasRelay(args) ? relayClaims("relay.", relay, cluster) : []),
  ];
}

function aioClaims(
  name: string,
  { args, planned, endpoints }: BridgeDeclaration,
  instance: AioInstanceArgs,
  cluster: Cluster,
): Claim[] {
  const { aio } = dataflowsByEngine(args.dataflows);
  const names = endpoints
    .filter(({ existing, fields }) => !existing && isAioMethod(fields.authenticationMethod))
    .map(({ name: key, path }): AioResourceName => {
      const { endpointName = key } = planned.local[key] ?? planned.eventGrid[key] ?? planned.custom[key] ?? {};
      return { kind: "DataflowEndpoint", resourceName: endpointName, path };
    });
  const profile = args.dataflowProfile;
  const hasProfile = Object.keys(aio).length > 0 && profile?.existing !== true;
  const resourceName = profile?.profileName ?? `${name}-aio`;
  const resources: AioResourceName[] = [
    ...names,
    ...(hasProfile ? [{ kind: "DataflowProfile" as const, resourceName, path: "dataflowProfile.profileName" }] : []),
    ...Object.keys(aio).map((key) => ({ kind: "Dataflow" as const, resourceName: key, path: `dataflows.${key}` })),
  ];
  const users = aioEndpointUsers(args);
  const used = endpoints.filter(
    ({ name: key, fields }) => users.has(key) && fields.authenticationMethod === "UserAssignedManagedIdentity",
  );
  const trusted = new Set(used.map(({ fields }) => identityOf(args, fields)?.identity));
  return [
    ...resources.map((resource) => aioClaim(instance, cluster, resource)),
    ...listIdentities(args)
      .filter(({ identity }) => trusted.has(identity))
      .flatMap(({ path, identity }) => aioCredentialClaim(`${path}.oidcIssuerUrl`, identity, instance.namespace)),
  ];
}
