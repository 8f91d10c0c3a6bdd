import { localBrokerHost } from "../../runtime/contract/config/endpoint.ts";
import { defaultEndpointName } from "../checks/existing-endpoints.ts";
import { EventGridAuthenticationMethod, LocalAuthenticationMethod } from "../enumerations.ts";
import type { EndpointFieldInputs } from "./check-endpoint.ts";
import type { CustomEndpointArgs, EventGridEndpointSettingsArgs, LocalEndpointArgs } from "./settings.ts";

/** ConfigMap with the CA of AIO's own broker, in AIO's namespace. @see Azure IoT Operations, default endpoint */
export const aioTrustBundle = "azure-iot-operations-aio-ca-trust-bundle";

/** Tells whether AIO has the endpoint's resource already: the one that it comes with, unless somebody says otherwise. */
export function existsAlready({ existing, adopt }: LocalEndpointArgs, endpointName: string): boolean {
  return existing ?? (adopt === undefined && endpointName === defaultEndpointName);
}

/** The endpoint's fields, with what AIO's own broker has by default. */
export function localEndpointFields({
  instance,
  endpointName,
  existing,
  adopt,
  ...args
}: LocalEndpointArgs): EndpointFieldInputs {
  return {
    ...args,
    host: args.host ?? localBrokerHost,
    authenticationMethod: args.authenticationMethod ?? LocalAuthenticationMethod.ServiceAccountToken,
    trustedCaCertificateConfigMapRef:
      args.trustedCaCertificateConfigMapRef ?? (args.tlsMode === "Disabled" ? undefined : aioTrustBundle),
  };
}

/** The endpoint's fields, with the authentication that Event Grid recommends by default. */
export function eventGridEndpointFields({
  instance,
  endpointName,
  existing,
  adopt,
  ...args
}: EventGridEndpointSettingsArgs): EndpointFieldInputs {
  return {
    ...args,
    authenticationMethod: args.authenticationMethod ?? EventGridAuthenticationMethod.UserAssignedManagedIdentity,
  };
}

/** The endpoint's fields without what only the component uses. */
export function customEndpointFields({
  instance,
  endpointName,
  existing,
  adopt,
  ...args
}: CustomEndpointArgs): EndpointFieldInputs {
  return args;
}
