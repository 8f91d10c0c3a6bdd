import type * as pulumi from "@pulumi/pulumi";

import { eventGridLimits } from "../../runtime/contract/config/endpoint-rules.ts";
import type { HostType } from "../../runtime/contract/config/endpoint.ts";
import type { Problem } from "../../runtime/contract/errors.ts";
import { checkAuthenticationFields } from "../checks/authentication-fields.ts";
import { checkClientIdPrefix } from "../checks/client-id-prefix.ts";
import { givenFields, isKnown, knownFields } from "../known.ts";
import type { EndpointFields } from "./config.ts";
import { checkEndpointValues } from "./parse.ts";

/** The fields of any endpoint as a component takes them; plain is what decides about mounts and what may be reached. */
export type EndpointFieldInputs = { readonly [K in keyof EndpointFields]: pulumi.Input<EndpointFields[K]> } & Pick<
  EndpointFields,
  "authenticationMethod" | "proxy" | "allowEmptyClientIdPrefix"
>;

/** Lists what is wrong with an endpoint's fields as far as they are known; `path` goes before each field's name. */
export function checkKnownEndpoint(path: string, hostType: HostType, fields: EndpointFieldInputs): Problem[] {
  const known = knownEndpoint(hostType, fields);
  const presence = checkAuthenticationFields("", fields.authenticationMethod, givenFields(fields));
  // A field that is missing would be reported a second time by what the rules make of it.
  const values = presence.length > 0 ? [] : checkEndpointValues(hostType, known);
  const prefix = isKnown(fields.clientIdPrefix) ? checkClientIdPrefix("", hostType, known) : [];
  return [...presence, ...prefix, ...values].map(({ path: field, ...problem }) => ({
    path: `${path}${field}`,
    ...problem,
  }));
}

/**
 * The known fields of an endpoint; what only the deployment tells has a stand-in that the rules accept.
 *
 * @param number tells its stand-in for a host apart from those of other endpoints: two that are not known are no one broker
 */
export function knownEndpoint(hostType: HostType, fields: EndpointFieldInputs, number?: number): EndpointFields {
  const standIns = {
    host: standInHost(hostType, fields.protocol, number),
    clientId: standInId,
    tenantId: standInId,
    secretRef: "stand-in",
    username: "stand-in",
    clientIdPrefix: "stand-in-",
  };
  const known = knownFields(fields, standIns);
  // A host can't be judged by a port that depends on a protocol which is not known.
  const host = fields.host === undefined || isKnown(fields.protocol) ? known.host : standIns.host;
  return { ...known, host, authenticationMethod: fields.authenticationMethod };
}

const standInId = "00000000-0000-0000-0000-000000000000";

/** A host that the rules accept in place of one which only the deployment tells. */
export function standInHost(hostType: HostType, protocol: EndpointFieldInputs["protocol"], number?: number): string {
  const name = number === undefined ? "stand-in" : `stand-in-${number}`;
  const hostname = hostType === "EventGrid" ? `${name}.ts.eventgrid.azure.net` : `${name}.example`;
  const { Mqtt, WebSockets } = eventGridLimits.ports;
  return protocol === "WebSockets" ? `${hostname}:${WebSockets}/mqtt` : `${hostname}:${Mqtt}`;
}
