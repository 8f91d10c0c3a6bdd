import type * as inputs from "@pulumi/azure-native/types/input.js";
import type * as pulumi from "@pulumi/pulumi";

import type { Authentication } from "../../runtime/contract/config/authentication.ts";
import { inferHostType } from "../../runtime/contract/config/endpoint.ts";
import type { Endpoint, HostType } from "../../runtime/contract/config/endpoint.ts";
import { after } from "../aio/after.ts";
import { createAioResource } from "../aio/resource.ts";
import { AioResourceApi } from "../enumerations.ts";
import { isKnown, mapInput } from "../known.ts";
import type { EndpointFieldInputs } from "./check-endpoint.ts";
import type { EndpointResourceArgs } from "./settings.ts";

/** What decides about an endpoint's `DataflowEndpoint` resource. */
export interface DataflowEndpointParts {
  readonly endpointName: string;
  readonly hostType: HostType;
  readonly fields: EndpointFieldInputs;
  readonly endpoint: pulumi.Input<Endpoint>;
}

/**
 * Creates the `DataflowEndpoint` resource where there is an instance that does not have it yet, or takes over the one
 * that it has.
 * @returns the endpoint's name, for dataflows that have to come after the resource
 */
export function createDataflowEndpoint(
  component: pulumi.ComponentResource,
  name: string,
  { instance, existing = false, adopt }: Pick<EndpointResourceArgs, "instance" | "existing" | "adopt">,
  parts: DataflowEndpointParts,
): pulumi.Input<string> {
  const { endpointName } = parts;
  if (instance === undefined || existing) return endpointName;
  // Only the provider's own class can be imported, so an adopted endpoint has no `hostType`, which informs and no more.
  // @see pulumi-azure-native issue 4109: the generic class is read with an API version of its own
  const needsLaterApi = adopt === undefined && needsHostType(parts);
  const resource = createAioResource(component, name, "endpoint", instance, {
    kind: "DataflowEndpoint",
    resourceName: endpointName,
    properties: buildProperties(parts, instance.resourceApi ?? AioResourceApi.AzureResourceManager, needsLaterApi),
    needsLaterApi,
    ...(adopt === undefined ? {} : { adopt }),
  });
  return after(resource, endpointName);
}

/**
 * Tells whether the host name leaves open which broker it is, as a custom domain of Event Grid does; `hostType`, which
 * says so, is a field of later API versions. A host that only the deployment tells decides nothing here: which kind of
 * resource there is has to be known before.
 */
function needsHostType({ hostType, fields: { host } }: DataflowEndpointParts): boolean {
  return host !== undefined && isKnown(host) && inferHostType(host) !== hostType;
}

/** AIO's own fields with every default explicit; `hostType` only where it says more than the host. */
function buildProperties(
  parts: DataflowEndpointParts,
  api: AioResourceApi,
  needsLaterApi: boolean,
): pulumi.Input<inputs.iotoperations.DataflowEndpointPropertiesArgs> {
  const { hostType, endpoint } = parts;
  // A custom resource is one kind whatever fields it has.
  const says = (host: string) => (api === AioResourceApi.Kubernetes ? inferHostType(host) !== hostType : needsLaterApi);
  return mapInput(endpoint, ({ endpointType, mqttSettings: { authentication, clientIdPrefix, ...settings } }) => ({
    endpointType,
    ...(says(settings.host) ? { hostType } : {}),
    mqttSettings: {
      ...settings,
      // AIO has no prefix where nothing is said: an endpoint that exists without one stays as it is.
      ...(clientIdPrefix === "" ? {} : { clientIdPrefix }),
      authentication: buildAuthentication(authentication, api),
    },
  }));
}

function buildAuthentication(
  authentication: Authentication,
  api: AioResourceApi,
): inputs.iotoperations.DataflowEndpointMqttAuthenticationArgs {
  switch (authentication.method) {
    case "SystemAssignedManagedIdentity":
    case "UserAssignedManagedIdentity":
    case "ServiceAccountToken":
    case "X509Certificate":
      return authentication;
    default:
      // Azure has no settings for Anonymous, and the custom resource has empty ones.
      return {
        method: authentication.method,
        ...(api === AioResourceApi.Kubernetes ? { anonymousSettings: {} } : {}),
      };
  }
}
