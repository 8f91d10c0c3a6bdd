import * as pulumi from "@pulumi/pulumi";

import { parseHost } from "../../runtime/config/endpoint.ts";
import type { Endpoint } from "../../runtime/config/endpoint.ts";
import type { ProxyArgs } from "../relay/settings.ts";
import type { EndpointFieldInputs } from "./known.ts";
import { parseEndpoint } from "./parse.ts";

/** What the relay's pod needs for an endpoint beside its configuration: files to mount, and a port to reach. */
export interface EndpointMounts {
  readonly port: pulumi.Output<number>;
  readonly secretRef: pulumi.Output<string | undefined>;
  readonly tokenAudience: pulumi.Output<string | undefined>;
  readonly trustedCaCertificateConfigMapRef: pulumi.Output<string | undefined>;
  readonly proxy: pulumi.Output<ProxyArgs | undefined>;
}

/** Tells what to mount for an endpoint, from its fields one by one: a preview knows them even while the host is unknown. */
export function mountsOf(fields: EndpointFieldInputs, endpoint: pulumi.Output<Endpoint>): EndpointMounts {
  const usesToken = fields.authenticationMethod === "ServiceAccountToken";
  return {
    port: endpoint.apply(({ mqttSettings }) => portOf(mqttSettings.host)),
    secretRef: pulumi.output(fields.secretRef),
    tokenAudience: pulumi
      .output(fields.audience)
      .apply((audience) => (usesToken ? tokenAudience(audience) : undefined)),
    trustedCaCertificateConfigMapRef: pulumi.output(fields.trustedCaCertificateConfigMapRef),
    proxy: pulumi.output(fields.proxy),
  };
}

function portOf(host: string): number {
  const address = parseHost(host);
  if (address === undefined) throw new TypeError(`the parsed configuration has the host "${host}"`);
  return address.port;
}

/** The audience with the contract's default filled in. */
function tokenAudience(audience: string | undefined): string | undefined {
  const { authentication } = parseEndpoint("LocalBroker", {
    authenticationMethod: "ServiceAccountToken",
    audience,
  }).mqttSettings;
  return authentication.method === "ServiceAccountToken"
    ? authentication.serviceAccountTokenSettings.audience
    : undefined;
}
