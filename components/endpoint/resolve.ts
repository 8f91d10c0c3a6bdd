import type * as pulumi from "@pulumi/pulumi";

import type { Endpoint, HostType } from "../../runtime/contract/config/endpoint.ts";
import { checkClientIdPrefix } from "../checks/client-id-prefix.ts";
import { mapInput } from "../known.ts";
import { refuse, refuseInvalid } from "../refuse.ts";
import type { EndpointFields } from "./config.ts";
import type { EndpointFieldInputs } from "./check-endpoint.ts";
import { checkEndpointValues, parseEndpoint } from "./parse.ts";

/** Fills in the defaults of an endpoint once its fields are known, and refuses what is wrong with them under the component. */
export function resolveEndpoint(
  component: pulumi.ComponentResource,
  name: string,
  hostType: HostType,
  fields: EndpointFieldInputs,
): pulumi.Input<Endpoint> {
  return mapInput(fields, (known: EndpointFields) => {
    const prefix = checkClientIdPrefix("", hostType, known);
    if (prefix.length > 0) refuse(component, name, [...prefix, ...checkEndpointValues(hostType, known)]);
    return refuseInvalid(component, name, () => parseEndpoint(hostType, known));
  });
}
