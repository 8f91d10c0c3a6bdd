import type * as iotoperations from "@pulumi/azure-native/iotoperations/index.js";
import type * as inputs from "@pulumi/azure-native/types/input.js";
import type * as pulumi from "@pulumi/pulumi";

import type { Authentication, AuthenticationMethod } from "../../runtime/config/authentication.ts";
import type { Endpoint } from "../../runtime/config/endpoint.ts";
import type { Problem } from "../../runtime/errors.ts";
import type { AioInstanceArgs } from "./settings.ts";

/** Methods that AIO's API has no form for. @see Azure REST API, DataflowEndpointMqttAuthentication */
const relayOnlyMethods: readonly AuthenticationMethod[] = ["AccessToken", "UsernamePassword"];

/** Tells whether AIO's `DataflowEndpoint` can express an authentication method. */
export function isAioMethod(method: AuthenticationMethod): boolean {
  return !relayOnlyMethods.includes(method);
}

/** Refuses a `DataflowEndpoint` resource for a method that its API lacks. */
export function checkAioMethod(method: AuthenticationMethod, instance: AioInstanceArgs | undefined): Problem[] {
  if (instance === undefined || isAioMethod(method)) return [];
  const problem = `is set, and AIO's DataflowEndpoint has no authentication method ${method}`;
  return [{ path: "instance", problem, remedy: "remove it, or use another authenticationMethod" }];
}

/**
 * The `DataflowEndpoint` resource of an endpoint, with every default explicit.
 * `hostType` stays out: API version 2024-11-01, the one of the provider, does not have it.
 */
export function buildDataflowEndpoint(
  endpointName: string,
  { resourceGroupName, instanceName, customLocationId }: AioInstanceArgs,
  endpoint: pulumi.Output<Endpoint>,
): iotoperations.DataflowEndpointArgs {
  return {
    resourceGroupName,
    instanceName,
    extendedLocation: { name: customLocationId, type: "CustomLocation" },
    dataflowEndpointName: endpointName,
    properties: endpoint.apply(({ endpointType, mqttSettings: { authentication, ...settings } }) => ({
      endpointType,
      mqttSettings: { ...settings, authentication: buildAuthentication(authentication) },
    })),
  };
}

function buildAuthentication(
  authentication: Authentication,
): inputs.iotoperations.DataflowEndpointMqttAuthenticationArgs {
  switch (authentication.method) {
    case "SystemAssignedManagedIdentity":
    case "UserAssignedManagedIdentity":
    case "ServiceAccountToken":
    case "X509Certificate":
      return authentication;
    default:
      return { method: authentication.method };
  }
}
