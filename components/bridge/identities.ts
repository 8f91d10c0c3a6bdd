import type { Problem } from "../../runtime/contract/errors.ts";
import { isSameInput } from "../arguments/same-input.ts";
import { byRule } from "../checks/rules.ts";
import type { EndpointFieldInputs } from "../endpoint/known.ts";
import { isKnown } from "../known.ts";
import type { BridgeIdentityArgs, MqttBridgeArgs } from "../mqtt-bridge.ts";
import type { BridgeEndpoint } from "./endpoints.ts";
import { aioEndpointTest } from "./engines.ts";

/** A user-assigned identity of a bridge. */
export interface DeclaredIdentity {
  /** Its name among the further ones; the bridge's own has none. */
  readonly name?: string;
  /** Where the operator wrote it: `furtherIdentities.archive`. */
  readonly path: string;
  readonly identity: BridgeIdentityArgs;
}

/** The user-assigned identities of a bridge, its own first. */
export function listIdentities({ identity, furtherIdentities }: MqttBridgeArgs): DeclaredIdentity[] {
  const further = Object.entries(furtherIdentities ?? {});
  return [
    ...(identity === undefined ? [] : [{ path: "identity", identity }]),
    ...further.map(([name, one]) => ({ name, path: `furtherIdentities.${name}`, identity: one })),
  ];
}

/**
 * The identity that an endpoint with UserAssignedManagedIdentity authenticates with: the bridge's own unless the endpoint has another
 * client ID. `undefined` when the bridge does not have it.
 */
export function identityOf(
  args: MqttBridgeArgs,
  { clientId }: Pick<EndpointFieldInputs, "clientId">,
): DeclaredIdentity | undefined {
  const identities = listIdentities(args);
  const own = identities.find(({ name }) => name === undefined);
  if (clientId === undefined) return own;
  const named = identities.find(({ identity }) => isSameInput(identity.clientId, clientId));
  if (named !== undefined) return named;
  // Two values that only the deployment tells may well be one.
  const isOther = isKnown(clientId) && (own === undefined || isKnown(own.identity.clientId));
  return isOther ? undefined : own;
}

/** The identities of some component within the bridge. */
export interface UsedIdentities {
  readonly identity?: BridgeIdentityArgs;
  readonly furtherIdentities?: { [name: string]: BridgeIdentityArgs };
}

/** The identities that AIO's engine authenticates with at the endpoints that it uses. */
export function identitiesOfAio(args: MqttBridgeArgs, used: readonly BridgeEndpoint[]): UsedIdentities {
  return gather(listIdentities(args).filter((one) => endpointsOf(args, one, used).length > 0));
}

/** The relay's identities: the bridge's own, and the further ones but those of endpoints that only AIO's engine uses. */
export function identitiesOfRelay(args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): UsedIdentities {
  const isAio = aioEndpointTest(args);
  return gather(
    listIdentities(args).filter((one) => {
      const own = endpointsOf(args, one, endpoints);
      return one.name === undefined || own.length === 0 || !own.every(({ name }) => isAio(name));
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

function endpointsOf(
  args: MqttBridgeArgs,
  { identity }: DeclaredIdentity,
  endpoints: readonly BridgeEndpoint[],
): BridgeEndpoint[] {
  return endpoints.filter(
    ({ fields }) =>
      fields.authenticationMethod === "UserAssignedManagedIdentity" && identityOf(args, fields)?.identity === identity,
  );
}

/** Refuses a further identity that is no endpoint's: its roles and its credential would serve nobody. */
export function checkFurtherIdentities(args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
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
export function findUntrustedRelay(args: MqttBridgeArgs, endpoints: readonly BridgeEndpoint[]): Problem[] {
  if (args.identity?.oidcIssuerUrl === undefined) return [];
  const isAio = aioEndpointTest(args);
  const others = endpoints.filter(({ name, fields }) => {
    const isManaged = fields.authenticationMethod === "UserAssignedManagedIdentity";
    return isManaged && !isAio(name) && identityOf(args, fields) === undefined;
  });
  const problem = "is not identity.clientId, and nothing here creates its federated identity credential for the relay";
  const remedy = "add the identity to furtherIdentities, unless somebody else creates the credential";
  return byRule(
    "managed-identity",
    others.map(({ path }) => ({ path: `${path}.clientId`, problem, remedy })),
  );
}
