import type * as pulumi from "@pulumi/pulumi";

import type {
  AioResourceApi,
  CloudEventAttributes,
  MqttProtocol,
  MqttQos,
  MqttRetain,
  RoleScope,
  TlsMode,
} from "../enumerations.ts";

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
   * API version of those resources that need a field which 2024-11-01, the provider's own, lacks.
   * @default "2026-07-01"
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
   * Start of every client identifier, `<clientIdPrefix><dataflow>-<ordinal>-<source|destination>`.
   * Has to differ between sites that share a broker. A change abandons the sessions and what waits in them.
   */
  clientIdPrefix?: pulumi.Input<string>;
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
   * engine refer to it by name. Plain, because it decides whether there is a resource.
   * @default true for a local endpoint named "default", which AIO comes with; false for all others
   */
  existing?: boolean;
}
