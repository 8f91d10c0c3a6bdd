import { isSameInput } from "../arguments/same-input.ts";
import type { EndpointFieldInputs } from "../endpoint/check-endpoint.ts";
import { isKnown } from "../known.ts";
import type { BridgeIdentityArgs, MqttBridgeArgs } from "./settings.ts";

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
