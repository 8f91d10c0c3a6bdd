import type * as pulumi from "@pulumi/pulumi";

/** One of the namespace's identities: the one of this ID, or without one its own. */
export function buildUsedIdentity(userAssignedIdentity: pulumi.Input<string> | undefined) {
  return userAssignedIdentity === undefined
    ? { type: "SystemAssigned" }
    : { type: "UserAssigned", userAssignedIdentity };
}
