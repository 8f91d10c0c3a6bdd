import * as pulumi from "@pulumi/pulumi";

import { declaredArgs } from "./arguments/declared.ts";
import { checkAioInstance } from "./checks/aio-instance.ts";
import { endpointClaims } from "./claims.ts";
import { createDataflowEndpoint } from "./endpoint/dataflow-endpoint.ts";
import { checkKnownEndpoint } from "./endpoint/known.ts";
import type { EndpointFieldInputs } from "./endpoint/known.ts";
import { outputsOf } from "./endpoint/outputs.ts";
import { checkEndpointName } from "./endpoint/parse.ts";
import { resolveEndpoint } from "./endpoint/resolve.ts";
import type { EndpointResourceArgs } from "./endpoint/settings.ts";
import { BrokerType, EventGridAuthenticationMethod } from "./enumerations.ts";
import { asOutput } from "./known.ts";
import { claimResources } from "./owners.ts";
import { readable, refuse } from "./refuse.ts";
import type { ProxyArgs } from "./relay/settings.ts";

/** What an endpoint at Event Grid takes, wherever its namespace comes from. */
export interface EventGridEndpointSettingsArgs extends EndpointResourceArgs {
  /** Host name and port, `<hostname>:8883`, or `<hostname>:443/mqtt` with WebSockets. */
  host?: pulumi.Input<string>;
  /**
   * How the client proves who it is. Plain, because it decides which files the relay's pod mounts.
   * @default "UserAssignedManagedIdentity"
   */
  authenticationMethod?: EventGridAuthenticationMethod;
  /**
   * SystemAssignedManagedIdentity: audience of the token, with or without the slash at its end.
   * @default "https://eventgrid.azure.net"
   */
  audience?: pulumi.Input<string>;
  /** UserAssignedManagedIdentity: its client ID. */
  clientId?: pulumi.Input<string>;
  /** UserAssignedManagedIdentity: its Microsoft Entra tenant. */
  tenantId?: pulumi.Input<string>;
  /**
   * UserAssignedManagedIdentity: scope that the token is asked for.
   * @default "https://eventgrid.azure.net/.default"
   */
  scope?: pulumi.Input<string>;
  /** X509Certificate: name of the Secret with `client_cert.pem`, `client_key.pem` and maybe `client_intermediate_certs.pem`. */
  secretRef?: pulumi.Input<string>;
  /** X509Certificate: authentication name of the Event Grid client, sent as MQTT user name. */
  username?: pulumi.Input<string>;
  /**
   * States that the namespace supports shared subscriptions, so that several instances may have it as their source.
   * @default false
   */
  allowSharedSubscriptions?: pulumi.Input<boolean>;
  /**
   * HTTP proxy to this broker and to Microsoft Entra for its tokens, in place of the relay's; `{ url: "direct" }` for none.
   * The relay mounts its Secret and its CA. Plain, because it decides what the pods may reach. AIO's engine takes none.
   * @default `relay.proxy`
   */
  proxy?: ProxyArgs;
}

export interface EventGridEndpointArgs extends EventGridEndpointSettingsArgs {
  /** Host name and port, `<hostname>:8883`, or `<hostname>:443/mqtt` with WebSockets. */
  host: pulumi.Input<string>;
}

/**
 * The dataflow endpoint of an Event Grid namespace: its part of the relay's configuration and, where an AIO instance is
 * given, the `DataflowEndpoint` resource. Creates no namespace and grants nothing: see `EventGridBroker` and
 * `TopicSpaceAccess`.
 */
export class EventGridEndpoint extends pulumi.ComponentResource {
  static readonly typeToken = "mqtt-dataflow:index:EventGridEndpoint";

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
  /** Audience of the service account token that the relay has to mount for it; none at Event Grid. */
  readonly tokenAudience: pulumi.Output<string | undefined>;
  /** ConfigMap with CA certificates that the relay has to mount for it. */
  readonly trustedCaCertificateConfigMapRef: pulumi.Output<string | undefined>;
  /** HTTP proxy that the relay reaches it through. */
  readonly proxy: pulumi.Output<ProxyArgs | undefined>;

  constructor(name: string, args: EventGridEndpointArgs, opts?: pulumi.ComponentResourceOptions) {
    super(EventGridEndpoint.typeToken, name, readable(name, args), opts);
    args = declaredArgs(this, EventGridEndpoint.typeToken, name, args);
    const fields = eventGridEndpointFields(args);
    const endpointName = args.endpointName ?? name;
    refuse(this, name, [
      ...checkEndpointName(endpointName),
      ...checkKnownEndpoint("", "EventGrid", fields),
      ...checkAioInstance("instance", args.instance),
      ...claimResources(this, EventGridEndpoint.typeToken, name, args, () => endpointClaims(this, endpointName, args)),
    ]);

    const endpoint = resolveEndpoint(this, name, "EventGrid", fields);
    const parts = { endpointName, hostType: "EventGrid", fields, endpoint } as const;
    const shownName = createDataflowEndpoint(this, name, args, parts);
    this.endpointName = asOutput(shownName);

    const outputs = outputsOf(BrokerType.EventGrid, fields, endpoint);
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

/** The endpoint's fields, with the authentication that Event Grid recommends by default. */
export function eventGridEndpointFields({
  instance,
  endpointName,
  existing,
  ...args
}: EventGridEndpointSettingsArgs): EndpointFieldInputs {
  return {
    ...args,
    authenticationMethod: args.authenticationMethod ?? EventGridAuthenticationMethod.UserAssignedManagedIdentity,
  };
}
