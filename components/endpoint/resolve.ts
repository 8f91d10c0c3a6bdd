import * as pulumi from "@pulumi/pulumi";

import type { Endpoint, HostType } from "../../runtime/config/endpoint.ts";
import { checkClientIdPrefix } from "../checks/client-id-prefix.ts";
import { refuse } from "../refuse.ts";
import type { EndpointFieldInputs } from "./known.ts";
import { checkEndpointValues, parseEndpoint } from "./parse.ts";

/** Fills in the defaults of an endpoint once its fields are known, and refuses what is wrong with them under the component. */
export function resolveEndpoint(
  component: pulumi.ComponentResource,
  name: string,
  hostType: HostType,
  fields: EndpointFieldInputs,
): pulumi.Output<Endpoint> {
  return pulumi.output(fields).apply((known) => {
    const prefix = checkClientIdPrefix("", hostType, known.clientIdPrefix);
    refuse(component, name, [...prefix, ...checkEndpointValues(hostType, known)]);
    return parseEndpoint(hostType, known);
  });
}
