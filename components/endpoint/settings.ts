import type * as pulumi from "@pulumi/pulumi";

import type { CloudEventAttributes, MqttProtocol, MqttQos, MqttRetain, TlsMode } from "../enumerations.ts";

/** The AIO instance whose `DataflowEndpoint` resources are created. */
export interface AioInstanceArgs {
  /** Resource group of the instance. */
  resourceGroupName: pulumi.Input<string>;
  /** Name of the instance. */
  instanceName: pulumi.Input<string>;
  /** Resource ID of the custom location that the instance is in. A change replaces the endpoint resources. */
  customLocationId: pulumi.Input<string>;
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
   * At a source the Receive Maximum, at a destination the messages sent and not yet acknowledged; 1 to 65535.
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
}
