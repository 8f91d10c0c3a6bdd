import * as pulumi from "@pulumi/pulumi";

import { declaredArgs } from "./arguments/declared.ts";
import { checkAioInstance } from "./checks/aio-instance.ts";
import { checkEndpointResource } from "./checks/existing-endpoints.ts";
import { checkAioMethod } from "./endpoint/aio-method.ts";
import { endpointClaims } from "./claims.ts";
import { createDataflowEndpoint } from "./endpoint/dataflow-endpoint.ts";
import { checkKnownEndpoint } from "./endpoint/check-endpoint.ts";
import { customEndpointFields } from "./endpoint/fields.ts";
import { outputsOf } from "./endpoint/outputs.ts";
import { checkEndpointName } from "./endpoint/parse.ts";
import { resolveEndpoint } from "./endpoint/resolve.ts";
import type { CustomEndpointArgs } from "./endpoint/settings.ts";
import { BrokerType } from "./enumerations.ts";
import { asOutput } from "./known.ts";
import { claimResources } from "./owners.ts";
import { readable, refuse } from "./refuse.ts";
import type { ProxyArgs } from "./relay/settings.ts";

/**
 * The dataflow endpoint of any other MQTT broker: its part of the relay's configuration and, where an AIO instance is
 * given, the `DataflowEndpoint` resource. Creates nothing at the broker.
 */
export class CustomEndpoint extends pulumi.ComponentResource {
  static readonly typeToken = "mqtt-dataflow:index:CustomEndpoint";

  /** Name that dataflows refer to; what uses it comes after the `DataflowEndpoint` resource. */
  readonly endpointName: pulumi.Output<string>;
  /** The endpoint's part of the relay's configuration, as JSON with every default filled in. */
  readonly config: pulumi.Output<string>;
  /** Kind of broker. */
  readonly hostType: pulumi.Output<BrokerType>;
  /** TCP port of the broker. */
  readonly port: pulumi.Output<number>;
  /** Client ID of the user-assigned managed identity that it authenticates with. */
  readonly clientId: pulumi.Output<string | undefined>;
  /** Secret that the relay has to mount for it. */
  readonly secretRef: pulumi.Output<string | undefined>;
  /** Audience of the service account token that the relay has to mount for it. */
  readonly tokenAudience: pulumi.Output<string | undefined>;
  /** ConfigMap with CA certificates that the relay has to mount for it. */
  readonly trustedCaCertificateConfigMapRef: pulumi.Output<string | undefined>;
  /** HTTP proxy that the relay reaches it through. */
  readonly proxy: pulumi.Output<ProxyArgs | undefined>;

  constructor(name: string, args: CustomEndpointArgs, opts?: pulumi.ComponentResourceOptions) {
    super(CustomEndpoint.typeToken, name, readable(name, args), opts);
    args = declaredArgs(this, CustomEndpoint.typeToken, name, args);
    const fields = customEndpointFields(args);
    const endpointName = args.endpointName ?? name;
    const { instance } = args;
    const isLeftAlone = args.existing ?? false;
    refuse(this, name, [
      ...checkEndpointName(endpointName),
      ...checkKnownEndpoint("", "CustomMqtt", fields),
      ...checkAioInstance("instance", instance),
      ...checkEndpointResource("", { endpointName, hostType: "CustomMqtt", isLeftAlone, declared: args, instance }),
      ...checkAioMethod(args.authenticationMethod, args),
      ...claimResources(this, CustomEndpoint.typeToken, name, args, () => endpointClaims(this, endpointName, args)),
    ]);

    const endpoint = resolveEndpoint(this, name, "CustomMqtt", fields);
    const parts = { endpointName, hostType: "CustomMqtt", fields, endpoint } as const;
    const shownName = createDataflowEndpoint(this, name, args, parts);
    this.endpointName = asOutput(shownName);

    const outputs = outputsOf(BrokerType.CustomMqtt, fields, endpoint);
    this.config = asOutput(outputs.config);
    this.hostType = asOutput(outputs.hostType);
    this.port = asOutput(outputs.port);
    this.clientId = asOutput(outputs.clientId);
    this.secretRef = asOutput(outputs.secretRef);
    this.tokenAudience = asOutput(outputs.tokenAudience);
    this.trustedCaCertificateConfigMapRef = asOutput(outputs.trustedCaCertificateConfigMapRef);
    this.proxy = asOutput(outputs.proxy);
    this.registerOutputs({ endpointName: shownName, ...outputs });
  }
}
