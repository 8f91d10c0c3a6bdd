import * as pulumi from "@pulumi/pulumi";

import { localBrokerHost } from "../runtime/contract/config/endpoint.ts";
import { declaredArgs } from "./arguments/declared.ts";
import { checkAioInstance } from "./checks/aio-instance.ts";
import { checkKnownBroker, compareWithBroker } from "./endpoint/broker.ts";
import { endpointClaims } from "./claims.ts";
import { createDataflowEndpoint } from "./endpoint/dataflow-endpoint.ts";
import { checkKnownEndpoint } from "./endpoint/known.ts";
import type { EndpointFieldInputs } from "./endpoint/known.ts";
import { outputsOf } from "./endpoint/outputs.ts";
import { checkEndpointName } from "./endpoint/parse.ts";
import { resolveEndpoint } from "./endpoint/resolve.ts";
import type { EndpointResourceArgs } from "./endpoint/settings.ts";
import { BrokerType, LocalAuthenticationMethod } from "./enumerations.ts";
import { asOutput } from "./known.ts";
import { claimResources } from "./owners.ts";
import { readable, refuse } from "./refuse.ts";
import type { ProxyArgs } from "./relay/settings.ts";

/** ConfigMap with the CA of AIO's own broker, in AIO's namespace. @see Azure IoT Operations, default endpoint */
export const aioTrustBundle = "azure-iot-operations-aio-ca-trust-bundle";

/** The endpoint that AIO comes with. @see Specification, Default endpoint */
const defaultEndpointName = "default";

export interface LocalEndpointArgs extends EndpointResourceArgs {
  /**
   * Host name and port of the broker, `<hostname>:<port>`.
   * @default "aio-broker:18883"
   */
  host?: pulumi.Input<string>;
  /**
   * How the client proves who it is. Plain, because it decides which files the relay's pod mounts.
   * @default "ServiceAccountToken"
   */
  authenticationMethod?: LocalAuthenticationMethod;
  /**
   * ServiceAccountToken: audience of the token.
   * @default "aio-internal"
   */
  audience?: pulumi.Input<string>;
  /** X509Certificate: name of the Secret with `client_cert.pem`, `client_key.pem` and maybe `client_intermediate_certs.pem`. */
  secretRef?: pulumi.Input<string>;
  /** X509Certificate: MQTT user name to send. */
  username?: pulumi.Input<string>;
}

/**
 * The dataflow endpoint of AIO's own MQTT broker: its part of the relay's configuration and, where an AIO instance is
 * given, the `DataflowEndpoint` resource. Changes nothing at the broker; its listener and authentication are AIO's.
 */
export class LocalEndpoint extends pulumi.ComponentResource {
  static readonly typeToken = "mqtt-dataflow:index:LocalEndpoint";

  /** Name that dataflows refer to; what uses it comes after the `DataflowEndpoint` resource. */
  readonly endpointName: pulumi.Output<string>;
  /** The endpoint's part of the relay's configuration, as JSON with every default filled in. */
  readonly config: pulumi.Output<string>;
  /** Kind of broker. */
  readonly hostType: pulumi.Output<BrokerType>;
  /** TCP port of the broker. */
  readonly port: pulumi.Output<number>;
  /** Client ID of a managed identity; none at AIO's own broker. */
  readonly clientId: pulumi.Output<string | undefined>;
  /** Secret that the relay has to mount for it. */
  readonly secretRef: pulumi.Output<string | undefined>;
  /** Audience of the service account token that the relay has to mount for it. */
  readonly tokenAudience: pulumi.Output<string | undefined>;
  /** ConfigMap with CA certificates that the relay has to mount for it. */
  readonly trustedCaCertificateConfigMapRef: pulumi.Output<string | undefined>;
  /** HTTP proxy that the relay reaches it through; none at AIO's own broker, which is in the cluster. */
  readonly proxy: pulumi.Output<ProxyArgs | undefined>;

  constructor(name: string, args: LocalEndpointArgs, opts?: pulumi.ComponentResourceOptions) {
    super(LocalEndpoint.typeToken, name, readable(name, args), opts);
    args = declaredArgs(this, LocalEndpoint.typeToken, name, args);
    const fields = localEndpointFields(args);
    const endpointName = args.endpointName ?? name;
    const own = { ...args, existing: existsAlready(args, endpointName) };
    refuse(this, name, [
      ...checkEndpointName(endpointName),
      ...checkKnownEndpoint("", "LocalBroker", fields),
      ...checkAioInstance("instance", args.instance),
      ...checkKnownBroker("", fields, args.instance),
      ...claimResources(this, LocalEndpoint.typeToken, name, args, () => endpointClaims(this, endpointName, own)),
    ]);

    const declared = resolveEndpoint(this, name, "LocalBroker", fields);
    const endpoint = compareWithBroker(this, name, args.instance, fields, declared);
    const parts = { endpointName, hostType: "LocalBroker", fields, endpoint } as const;
    const shownName = createDataflowEndpoint(this, name, own, parts);
    this.endpointName = asOutput(shownName);

    const outputs = outputsOf(BrokerType.LocalBroker, fields, endpoint);
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

/** Tells whether AIO has the endpoint's resource already: the one that it comes with, unless somebody says otherwise. */
export function existsAlready({ existing }: LocalEndpointArgs, endpointName: string): boolean {
  return existing ?? endpointName === defaultEndpointName;
}

/** The endpoint's fields, with what AIO's own broker has by default. */
export function localEndpointFields({
  instance,
  endpointName,
  existing,
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
