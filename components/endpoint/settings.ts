import type * as pulumi from "@pulumi/pulumi";

import type {
  AioResourceApi,
  CloudEventAttributes,
  CustomAuthenticationMethod,
  EventGridAuthenticationMethod,
  LocalAuthenticationMethod,
  MqttProtocol,
  MqttQos,
  MqttRetain,
  RoleScope,
  TlsMode,
} from "../enumerations.ts";
import type { ProxyArgs } from "../relay/settings.ts";

/** What AIO's own broker really has, as its platform tells: local endpoints are compared with it. */
export interface AioBrokerArgs {
  /** Host name and port of the listener, `<hostname>:<port>`. */
  host: pulumi.Input<string>;
  /** Audience of the service account tokens that it takes. */
  audience: pulumi.Input<string>;
  /** ConfigMap in AIO's namespace with the CA of its certificate. */
  trustBundle: pulumi.Input<string>;
}

/** The AIO instance that resources are created in. */
export interface AioInstanceArgs {
  /** Resource group of the instance. Not used with the Kubernetes API. */
  resourceGroupName: pulumi.Input<string>;
  /** Name of the instance. Not used with the Kubernetes API. */
  instanceName: pulumi.Input<string>;
  /** Resource ID of the custom location that the instance is in. A change replaces the resources, endpoints and all. */
  customLocationId: pulumi.Input<string>;
  /**
   * Through which API resources are created. Plain, because it decides their kind. A change needs two updates: remove
   * them, then add them, since both are the same objects in the cluster.
   * @default "AzureResourceManager"
   */
  resourceApi?: AioResourceApi;
  /**
   * API version of those resources that need a field which 2024-11-01, the provider's own, lacks. A change may replace them.
   * @default "2026-10-01"
   */
  laterApiVersion?: string;
  /**
   * Kubernetes namespace of AIO.
   * @default "azure-iot-operations"
   */
  namespace?: pulumi.Input<string>;
  /**
   * States that secure settings are enabled on the instance, and that the user-assigned identity is assigned to it
   * (`az iot ops identity assign`): AIO's engine needs both to use it, and neither can be done here.
   * @default false
   */
  secureSettings?: boolean;
  /**
   * Object ID of the system-assigned identity of AIO's Arc extension.
   * @default looked up, from the custom location over its cluster's extensions
   */
  extensionPrincipalId?: pulumi.Input<string>;
  /**
   * Where that identity gets the roles that AIO's dataflows call for: at the topic spaces that they need, or at the whole namespace.
   * @default "TopicSpace"
   */
  extensionRoleScope?: RoleScope;
  /** What AIO's own broker really has. Omitted: local endpoints are compared with nothing. */
  broker?: AioBrokerArgs;
}

/** The advanced settings of an MQTT endpoint. @see Specification, Advanced settings */
export interface MqttSettingsArgs {
  /**
   * QoS that is subscribed with at a source and published with at a destination; 0 or 1.
   * @default 1
   */
  qos?: pulumi.Input<MqttQos>;
  /**
   * Longest time in seconds that the connection may be idle before a PINGREQ; 0 to 65535, and 1 to 1160 at Event Grid.
   * @default 60
   */
  keepAliveSeconds?: pulumi.Input<number>;
  /**
   * At a source the Receive Maximum, at a destination the messages sent and not yet acknowledged; 1 to 64999.
   * @default 100
   */
  maxInflightMessages?: pulumi.Input<number>;
  /**
   * MQTT over TCP, or over WebSockets.
   * @default "Mqtt"
   */
  protocol?: pulumi.Input<MqttProtocol>;
  /**
   * Whether a forwarded message keeps its retain flag; the destination's setting decides.
   * @default "Keep"
   */
  retain?: pulumi.Input<MqttRetain>;
  /**
   * How long in seconds the broker keeps the session, and what waits in it, after a disconnect; 0 to 4294967295.
   * @default 3600
   */
  sessionExpirySeconds?: pulumi.Input<number>;
  /**
   * Whether the connection is encrypted.
   * @default "Enabled"
   */
  tlsMode?: pulumi.Input<TlsMode>;
  /** Name of the ConfigMap with the CA certificates to trust, in PEM format. Omitted: the system's roots. */
  trustedCaCertificateConfigMapRef?: pulumi.Input<string>;
  /**
   * Start of every client identifier, `<clientIdPrefix><dataflow>-<ordinal>-<source|destination>`; the whole has 128 characters at
   * most at Event Grid, and 65535 bytes elsewhere. Has to differ between sites that share a broker. A change abandons the sessions
   * and what waits in them. Empty, except at AIO's own broker: only with `allowEmptyClientIdPrefix`.
   * @default `<site>-` in a bridge, else empty
   */
  clientIdPrefix?: pulumi.Input<string>;
  /**
   * States that no other site has dataflows of the same names at this broker, so that `clientIdPrefix` may be `""`, as at an endpoint
   * that exists already and whose sessions are to be kept. Two bridges of one program are compared all the same.
   * @default false
   */
  allowEmptyClientIdPrefix?: boolean;
  /** What happens to the CloudEvents attributes of messages. Omitted: messages pass as they are. */
  cloudEventAttributes?: pulumi.Input<CloudEventAttributes>;
}

/** What every endpoint component takes beside the settings of its broker. */
export interface EndpointResourceArgs extends MqttSettingsArgs {
  /**
   * Name of the endpoint, which dataflows refer to; 3 to 63 lower-case letters, digits and `-`.
   * @default the component's name
   */
  endpointName?: string;
  /** AIO instance to create the `DataflowEndpoint` resource in. Omitted: none is created. */
  instance?: AioInstanceArgs;
  /**
   * States that the instance has a `DataflowEndpoint` of this name already: none is created, and dataflows of AIO's
   * engine refer to it by name. Settings then reach the relay alone; `MqttBridge` refuses them where the relay does not
   * use the endpoint. Plain, because it decides whether there is a resource.
   * @default true for a local endpoint named "default", which AIO comes with, unless `adopt` is given; false for all others
   */
  existing?: boolean;
  /**
   * Takes over the `DataflowEndpoint` that the instance has already: its resource ID,
   * `/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.IoTOperations/instances/<name>/dataflowEndpoints/<name>`, or
   * `<namespace>/<name>` with the Kubernetes API. One update imports it and gives it the settings declared here, defaults
   * included; the preview shows what that changes. It stays where it is when it leaves the program or the stack is
   * destroyed. Plain, because Pulumi has to know it before. Needs Pulumi 3.174.0 or newer.
   */
  adopt?: string;
}

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

export interface CustomEndpointArgs extends EndpointResourceArgs {
  /** Host name and port of the broker, `<hostname>:<port>`; with WebSockets a path may follow. */
  host: pulumi.Input<string>;
  /** How the client proves who it is. Plain, because it decides which files the relay's pod mounts. */
  authenticationMethod: CustomAuthenticationMethod;
  /** SystemAssignedManagedIdentity, ServiceAccountToken: audience of the token that the broker expects. */
  audience?: pulumi.Input<string>;
  /** UserAssignedManagedIdentity: its client ID. */
  clientId?: pulumi.Input<string>;
  /** UserAssignedManagedIdentity: its Microsoft Entra tenant. */
  tenantId?: pulumi.Input<string>;
  /** UserAssignedManagedIdentity: scope that the token is asked for, the broker's resource and `/.default`. */
  scope?: pulumi.Input<string>;
  /**
   * X509Certificate, AccessToken, UsernamePassword: name of the Secret with the keys `client_cert.pem` and
   * `client_key.pem`, `accessToken`, or `username` and `password`.
   */
  secretRef?: pulumi.Input<string>;
  /** X509Certificate, AccessToken: MQTT user name to send. */
  username?: pulumi.Input<string>;
  /**
   * HTTP proxy to this broker and to Microsoft Entra for its tokens, in place of the relay's; `{ url: "direct" }` for none.
   * The relay mounts its Secret and its CA. Plain, because it decides what the pods may reach. AIO's engine takes none.
   * @default `relay.proxy`
   */
  proxy?: ProxyArgs;
}
