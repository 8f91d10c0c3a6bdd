import type * as pulumi from "@pulumi/pulumi";

import { localBrokerAudience } from "../../runtime/contract/config/authentication.ts";
import { parseHost } from "../../runtime/contract/config/endpoint.ts";
import type { Endpoint } from "../../runtime/contract/config/endpoint.ts";
import { mapInput } from "../known.ts";
import type { ProxyArgs } from "../relay/settings.ts";
import type { EndpointFieldInputs } from "./check-endpoint.ts";

/** What the relay's pod needs for an endpoint: files to mount, and the identity to have. */
export interface EndpointMounts {
  readonly clientId: pulumi.Input<string | undefined>;
  readonly secretRef: pulumi.Input<string | undefined>;
  readonly tokenAudience: pulumi.Input<string | undefined>;
  readonly trustedCaCertificateConfigMapRef: pulumi.Input<string | undefined>;
  readonly proxy: pulumi.Input<ProxyArgs | undefined>;
}

/** Tells what to mount for an endpoint, from its fields one by one: a preview knows them even while the host is unknown. */
export function mountsOf({
  authenticationMethod,
  clientId,
  secretRef,
  audience,
  trustedCaCertificateConfigMapRef,
  proxy,
}: EndpointFieldInputs): EndpointMounts {
  const usesToken = authenticationMethod === "ServiceAccountToken";
  return {
    clientId: authenticationMethod === "UserAssignedManagedIdentity" ? clientId : undefined,
    secretRef,
    tokenAudience: mapInput(audience, (known) => (usesToken ? (known ?? localBrokerAudience) : undefined)),
    trustedCaCertificateConfigMapRef,
    proxy,
  };
}

/** The port of an endpoint's broker, which the pods may then reach. */
export function portOf({ mqttSettings: { host } }: Endpoint): number {
  const address = parseHost(host);
  if (address === undefined) throw new TypeError(`the parsed configuration has the host "${host}"`);
  return address.port;
}
