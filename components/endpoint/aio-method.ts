import type { AuthenticationMethod } from "../../runtime/contract/config/authentication.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import type { EndpointResourceArgs } from "./settings.ts";

/** Methods that AIO's API has no form for. @see Azure REST API, DataflowEndpointMqttAuthentication */
const relayOnlyMethods: readonly AuthenticationMethod[] = ["AccessToken", "UsernamePassword"];

/** Tells whether AIO's `DataflowEndpoint` can express an authentication method. */
export function isAioMethod(method: AuthenticationMethod): boolean {
  return !relayOnlyMethods.includes(method);
}

/** Refuses a `DataflowEndpoint` resource for a method that its API lacks. */
export function checkAioMethod(
  method: AuthenticationMethod,
  { instance, existing }: Pick<EndpointResourceArgs, "instance" | "existing">,
): Problem[] {
  if (instance === undefined || existing === true || isAioMethod(method)) return [];
  const problem = `is set, and AIO's DataflowEndpoint has no authentication method ${method}`;
  return [{ path: "instance", problem, remedy: "remove it, or use another authenticationMethod" }];
}
