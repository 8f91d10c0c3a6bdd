import * as v from "valibot";

import { maxPublishPacketId } from "../packet-ids.ts";
import { shownUrl } from "../shown-url.ts";
import { authenticationSchema } from "./authentication.ts";
import { block, choice, flag, integer, kubernetesName, text } from "./field.ts";
import { proxySchema } from "./proxy.ts";

/** Kinds of MQTT broker that an endpoint reaches, by AIO's names for `hostType`. */
export const HostType = { LocalBroker: "LocalBroker", EventGrid: "EventGrid", CustomMqtt: "CustomMqtt" } as const;
export type HostType = (typeof HostType)[keyof typeof HostType];

/** Where AIO's own broker listens inside its namespace. @see Azure IoT Operations, default endpoint */
export const localBrokerHost = "aio-broker:18883";

const tls = block({
  mode: v.optional(
    choice(["Enabled", "Disabled"], {
      description: "Whether the connection is encrypted. `Disabled` is plain TCP, or `ws` with WebSockets.",
      source: "Specification, TLS mode",
    }),
    "Enabled",
  ),
  trustedCaCertificateConfigMapRef: v.optional(
    text(
      {
        description:
          "Name of the ConfigMap with the CA certificates to trust, in PEM format: every certificate under every key. Omitted: the system's roots.",
        bounds: "name of a ConfigMap",
        source: "Specification, Trusted CA certificate",
      },
      { pattern: kubernetesName, hint: "give the name of a ConfigMap" },
    ),
  ),
});

const mqttSettings = block({
  host: v.optional(
    text(
      {
        description:
          "Host name and port of the broker, `<hostname>:<port>`; with WebSockets a path may follow, `…:443/mqtt`. Omitted: AIO's own broker.",
        source: "Specification, Create new endpoint",
      },
      {
        pattern: { test: (host) => parseHost(host) !== undefined },
        hint: 'give "<hostname>:<port>", such as "broker.example:8883"',
        shown: shownUrl,
      },
    ),
    localBrokerHost,
  ),
  authentication: authenticationSchema,
  protocol: v.optional(
    choice(["Mqtt", "WebSockets"], {
      description: "MQTT over TCP, or over WebSockets.",
      source: "Specification, MQTT or WebSockets protocol",
    }),
    "Mqtt",
  ),
  clientIdPrefix: v.optional(
    text(
      {
        description:
          "Start of the client identifier `<clientIdPrefix><dataflow>-<ordinal>-<source|destination>`, of which Event Grid takes 128 characters, and MQTT 65535 bytes. Must differ between sites that share a broker.",
        source: "Specification, Client ID prefix; MQTT 5.0 §1.5.4",
      },
      // [MQTT-1.5.4-2]
      { pattern: { test: (prefix) => !prefix.includes("\0") }, hint: "give a text in quotes without U+0000" },
    ),
    "",
  ),
  keepAliveSeconds: v.optional(
    integer(
      { min: 0, max: 65_535 },
      {
        description:
          "Longest time that the connection may be idle before a PINGREQ is sent; 0 turns it off. Event Grid accepts 1 to 1160.",
        unit: "s",
        source: "Specification, Keep alive; MQTT 5.0 §3.1.2.10",
      },
    ),
    60,
  ),
  maxInflightMessages: v.optional(
    integer(
      { min: 1, max: maxPublishPacketId },
      {
        description:
          "At a source: the announced Receive Maximum. At a destination: the largest number of unacknowledged QoS 1 messages. Packet identifiers from 65000 on are reserved for SUBSCRIBE and UNSUBSCRIBE.",
        unit: "messages",
        source: "Specification, Max inflight messages; MQTT 5.0 §3.1.2.11.3",
      },
    ),
    100,
  ),
  qos: v.optional(
    choice([0, 1], {
      description:
        "At a source: the QoS of the subscription. At a destination: the QoS of published messages. 0 is at most once, 1 is at least once.",
      source: "Specification, QoS",
    }),
    1,
  ),
  retain: v.optional(
    choice(["Keep", "Never"], {
      description: "Whether a forwarded message keeps its retain flag. The destination's setting decides.",
      source: "Specification, Retain",
    }),
    "Keep",
  ),
  sessionExpirySeconds: v.optional(
    integer(
      { min: 0, max: 4_294_967_295 },
      {
        description:
          "How long the broker keeps the session and its waiting messages after a disconnect. 4294967295 means without end.",
        unit: "s",
        source: "Specification, Session expiry; MQTT 5.0 §3.1.2.11.2",
      },
    ),
    3600,
  ),
  tls: v.optional(tls, {}),
  cloudEventAttributes: v.optional(
    choice(["Propagate", "CreateOrRemap"], {
      description:
        "`Propagate` passes the CloudEvents attributes of complete events on; `CreateOrRemap` also adds missing attributes. Omitted: messages pass unchanged.",
      source: "Specification, CloudEvents",
    }),
  ),
});

const own = "Beyond the specification";

/** An endpoint's fields that AIO's resource doesn't have. */
const relay = block({
  username: v.optional(
    text(
      {
        description:
          "MQTT user name of CONNECT: the authentication name of an Event Grid client with an X.509 certificate, or the user that goes with an access token.",
        source: own,
        own: true,
      },
      { pattern: /./, hint: "give a user name, or leave it out" },
    ),
  ),
  proxy: v.optional(proxySchema),
  allowSharedSubscriptions: v.optional(
    flag({
      description:
        "States that this Event Grid namespace supports shared subscriptions. A dataflow may then have it as its source with `instanceCount` above 1.",
      source: "Event Grid, Shared subscriptions (2026-05)",
      own: true,
    }),
    false,
  ),
});

/** One broker and how to reach it, as AIO's `DataflowEndpoint` has it. */
export const endpointSchema = block({
  endpointType: choice(["Mqtt"], { description: "Kind of endpoint.", source: "Azure REST API, DataflowEndpoint" }),
  hostType: v.optional(
    choice(["LocalBroker", "EventGrid", "CustomMqtt"], {
      description:
        "Kind of broker, so that Event Grid's limits also apply behind a custom domain. Omitted: derived from the host name.",
      source: "Azure REST API 2025-07-01-preview, DataflowEndpoint",
    }),
  ),
  mqttSettings,
  relay: v.optional(relay, {}),
});

export type EndpointInput = v.InferInput<typeof endpointSchema>;
export type MqttSettings = v.InferOutput<typeof mqttSettings>;

/** An endpoint with its defaults filled in and its kind of broker known. */
export type Endpoint = Omit<v.InferOutput<typeof endpointSchema>, "hostType"> & { readonly hostType: HostType };

/** A `host` taken apart. */
export interface HostAddress {
  readonly hostname: string;
  readonly port: number;
  /** Path of the WebSocket, with its slash. */
  readonly path?: string;
}

/** Takes `<hostname>:<port>` or `<hostname>:<port>/<path>` apart; `undefined` when it is neither. */
export function parseHost(host: string): HostAddress | undefined {
  const match = /^(?<hostname>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+):(?<port>[0-9]{1,5})(?<path>\/[^\s?#]*)?$/.exec(host);
  const { hostname, port, path } = match?.groups ?? {};
  if (hostname === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined;
  const address = { hostname: hostname.replace(/^\[|\]$/g, ""), port: Number(port) };
  return path === undefined ? address : { ...address, path };
}

/** Tells the kind of broker from a host name. A custom domain of Event Grid can't be told: it needs `hostType`. */
export function inferHostType(host: string): HostType {
  // What lacks its port is a problem of its own, and still no reason to judge it as another kind of broker.
  // With a dot at its end it is the same name: no search domain is tried.
  const hostname = (parseHost(host)?.hostname ?? host).toLowerCase().replace(/\.$/, "");
  if (hostname.endsWith(".eventgrid.azure.net")) return HostType.EventGrid;
  return parseServiceName(hostname)?.service === localBrokerService ? HostType.LocalBroker : HostType.CustomMqtt;
}

const localBrokerService = "aio-broker";

const label = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
const serviceNameForm = new RegExp(
  `^(?<service>${label})(?:\\.(?<namespace>${label})(?:\\.svc(?!\\.clusterset\\.local$)(?:\\.${label})*)?)?$`,
);

/** Name of a Kubernetes Service, and its namespace where the name has it. */
export interface ServiceName {
  readonly service: string;
  readonly namespace?: string;
}

/**
 * Takes a host name apart that a pod can have for a Service of its own cluster: `aio-broker`, `aio-broker.plant`,
 * `aio-broker.plant.svc` and the same with the cluster's domain. `undefined` for all others; `….svc.clusterset.local` may be a
 * Service of another cluster.
 * @see Kubernetes, DNS for Services and Pods; KEP-1645, Multi-Cluster Services API
 */
export function parseServiceName(hostname: string): ServiceName | undefined {
  const { service, namespace } = serviceNameForm.exec(hostname.toLowerCase().replace(/\.$/, ""))?.groups ?? {};
  if (service === undefined) return undefined;
  return namespace === undefined ? { service } : { service, namespace };
}

/**
 * Tells whether an endpoint leads to AIO's broker of this cluster. One that is declared as local does, with any host, unless
 * that is an `aio-broker` of another cluster: `aio-broker.bergen.example`.
 */
export function isLocalBroker(hostType: HostType, host: string): boolean {
  if (inferHostType(host) === HostType.LocalBroker) return true;
  return hostType === HostType.LocalBroker && !host.toLowerCase().startsWith(`${localBrokerService}.`);
}

/**
 * Says which broker an endpoint leads to: the same text for the same broker, as far as its host tells. Two names of one host
 * are taken for two brokers.
 */
export function brokerOf(hostType: HostType, host: string): string {
  if (isLocalBroker(hostType, host)) return "AIO's broker";
  const { hostname, port } = parseHost(host) ?? { hostname: host, port: 0 };
  const name = hostname.toLowerCase().replace(/\.$/, "");
  // Event Grid has one broker behind its two ports; elsewhere another port may well be another broker.
  return hostType === HostType.EventGrid ? name : `${name}:${port}`;
}
