import * as pulumi from "@pulumi/pulumi";

import { asOutput, isKnown, mapInput } from "../known.ts";
import { roleDefinitionIn } from "./roles.ts";

/**
 * The full ID of a role in the subscription of a scope. A preview knows it even where it does not know the scope, because the
 * resource is yet to be created: its subscription is the one that the Azure provider is told. Policies that ask which role is
 * assigned then run in the preview too.
 * @param fromScope what it is once the scope is known; refuses a scope that is no Azure resource ID
 */
export function previewedRole(
  component: pulumi.ComponentResource,
  scope: pulumi.Input<string>,
  roleId: string,
  fromScope: (scope: string) => string,
): pulumi.Input<string> {
  if (isKnown(scope) || !pulumi.runtime.isDryRun()) return mapInput(scope, fromScope);
  const subscription = toldSubscription(component);
  const inSubscription = roleDefinitionIn(`/subscriptions/${subscription ?? ""}/`, roleId);
  if (inSubscription === undefined) return mapInput(scope, fromScope);
  const output = asOutput(scope);
  const role = isKnownInPreview(output).then((known) => (known ? output.apply(fromScope) : inSubscription));
  return pulumi.output<pulumi.Input<string>>(role);
}

/**
 * The subscription that the default provider of Azure is told by the stack's settings or the environment; `undefined` where the
 * Azure CLI tells it, and where the component has a provider of its own.
 * @see Pulumi Azure Native, Installation & Configuration
 */
function toldSubscription(component: pulumi.ComponentResource): string | undefined {
  if (component.getProvider("azure-native:authorization:RoleAssignment") !== undefined) return undefined;
  return new pulumi.Config("azure-native").get("subscriptionId") ?? process.env["ARM_SUBSCRIPTION_ID"];
}

/** Pulumi's own field, which its types leave out. */
function isKnownInPreview(output: pulumi.Output<unknown>): Promise<boolean> {
  return (output as unknown as { readonly isKnown: Promise<boolean> }).isKnown;
}
