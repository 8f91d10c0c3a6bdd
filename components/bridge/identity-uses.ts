import type { Problem } from "../../runtime/contract/errors.ts";
import { isSameInput } from "../arguments/same-input.ts";
import { byRule } from "../checks/rules.ts";
import { isKnown } from "../known.ts";
import { identityOf, listIdentities } from "./identities.ts";
import type { DeclaredIdentity } from "./identities.ts";
import type { Plan, PlannedEndpoint } from "./plan.ts";
import type { BridgeIdentityArgs } from "./settings.ts";

/** The identities of some component within the bridge. */
export interface UsedIdentities {
  readonly identity?: BridgeIdentityArgs;
  readonly furtherIdentities?: { [name: string]: BridgeIdentityArgs };
}

/** The identities that AIO's engine authenticates with at the endpoints that it uses. */
export function identitiesOfAio(plan: Plan): UsedIdentities {
  const used = (one: DeclaredIdentity) => endpointsOf(plan, one).some(({ aioDataflow }) => aioDataflow !== undefined);
  return gather(listIdentities(plan.args).filter(used));
}

/** The relay's identities: the bridge's own, and the further ones but those of endpoints that only AIO's engine uses. */
export function identitiesOfRelay(plan: Plan): UsedIdentities {
  return gather(
    listIdentities(plan.args).filter((one) => {
      const own = endpointsOf(plan, one);
      return one.name === undefined || own.length === 0 || own.some(({ isRelayed }) => isRelayed);
    }),
  );
}

function gather(identities: readonly DeclaredIdentity[]): UsedIdentities {
  const own = identities.find(({ name }) => name === undefined);
  const further = identities.flatMap(({ name, identity }) => (name === undefined ? [] : [[name, identity] as const]));
  return {
    ...(own === undefined ? {} : { identity: own.identity }),
    ...(further.length === 0 ? {} : { furtherIdentities: Object.fromEntries(further) }),
  };
}

/** Applies a function to each of some identities. */
export function mapIdentities(
  { identity, furtherIdentities }: UsedIdentities,
  map: (identity: BridgeIdentityArgs) => BridgeIdentityArgs,
): UsedIdentities {
  const further = Object.entries(furtherIdentities ?? {}).map(([name, one]) => [name, map(one)] as const);
  return {
    ...(identity === undefined ? {} : { identity: map(identity) }),
    ...(furtherIdentities === undefined ? {} : { furtherIdentities: Object.fromEntries(further) }),
  };
}

function endpointsOf({ args, endpoints }: Plan, { identity }: DeclaredIdentity): PlannedEndpoint[] {
  return endpoints.filter(
    ({ fields }) =>
      fields.authenticationMethod === "UserAssignedManagedIdentity" && identityOf(args, fields)?.identity === identity,
  );
}

/** Refuses a further identity that is no endpoint's: its roles and its credential would serve nobody. */
export function checkFurtherIdentities({ args, endpoints }: Plan): Problem[] {
  const named = endpoints.flatMap(({ fields: { clientId } }) => (clientId === undefined ? [] : [clientId]));
  const unused = listIdentities(args).filter(({ name, identity: { clientId } }) => {
    const mayBe = named.some((other) => isSameInput(clientId, other) || !isKnown(clientId) || !isKnown(other));
    return name !== undefined && !mayBe;
  });
  const remedy = "give an endpoint that client ID, or remove the identity";
  return byRule(
    "managed-identity",
    unused.map(({ path }) => ({ path: `${path}.clientId`, problem: "is no endpoint's client ID", remedy })),
  );
}

/** Warns of an endpoint of the relay whose identity may not trust the relay, where the bridge sees to that for its own one. */
export function findUntrustedRelay({ args, endpoints }: Plan): Problem[] {
  if (args.identity?.oidcIssuerUrl === undefined) return [];
  const others = endpoints.filter(({ isRelayed, fields }) => {
    const isManaged = fields.authenticationMethod === "UserAssignedManagedIdentity";
    return isManaged && isRelayed && identityOf(args, fields) === undefined;
  });
  const problem = "is not identity.clientId, and nothing here creates its federated identity credential for the relay";
  const remedy = "add the identity to furtherIdentities, unless somebody else creates the credential";
  return byRule(
    "managed-identity",
    others.map(({ path }) => ({ path: `${path}.clientId`, problem, remedy })),
  );
}
