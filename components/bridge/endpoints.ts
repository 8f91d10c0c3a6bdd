import * as pulumi from "@pulumi/pulumi";

import { eventGridLimits } from "../../runtime/contract/config/endpoint-rules.ts";
import { localBrokerHost, parseHost } from "../../runtime/contract/config/endpoint.ts";
import type { HostType } from "../../runtime/contract/config/endpoint.ts";
import type { CustomEndpointArgs } from "../custom-endpoint.ts";
import { customEndpointFields } from "../custom-endpoint.ts";
import { isAioMethod } from "../endpoint/aio-method.ts";
import type { EndpointFieldInputs } from "../endpoint/known.ts";
import { eventGridEndpointFields } from "../event-grid-endpoint.ts";
import type { EventGridEndpointArgs } from "../event-grid-endpoint.ts";
import { mapInput, withoutUndefined } from "../known.ts";
import { existsAlready, localEndpointFields } from "../local-endpoint.ts";
import type { LocalEndpointArgs } from "../local-endpoint.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";
import { aioNamespace } from "../relay/defaults.ts";
import { identityOf } from "./identities.ts";

/** The endpoints of a bridge by name, each with what the bridge as a whole decides filled in. */
export interface BridgeEndpoints {
  readonly local: { readonly [name: string]: LocalEndpointArgs };
  readonly eventGrid: { readonly [name: string]: EventGridEndpointArgs };
  readonly custom: { readonly [name: string]: CustomEndpointArgs };
}

/** Any endpoint of a bridge, for rules that hold for all of them. */
export interface BridgeEndpoint {
  readonly name: string;
  /** Where the operator wrote it: `eventGridEndpoints.cloud`. */
  readonly path: string;
  readonly hostType: HostType;
  /** Whether AIO has its resource already, with settings of its own. */
  readonly existing: boolean;
  readonly fields: EndpointFieldInputs;
}

/** Gives the host of a namespace's MQTT broker for a protocol. */
export type BrokerHost = (protocol: EndpointFieldInputs["protocol"]) => pulumi.Input<string>;

/** Fills in names, hosts, identity and client identifiers, so that an endpoint has to say only what is its own. */
export function planEndpoints(args: MqttBridgeArgs, brokerHost: BrokerHost): BridgeEndpoints {
  const { site, instance } = args;
  const common = (endpointName: string) => ({ endpointName, clientIdPrefix: `${site}-` });
  const aio = instance === undefined ? {} : { instance };
  return {
    local: mapValues(args.localEndpoints ?? {}, (endpoint, name) => ({
      ...common(name),
      ...aio,
      host: localHost(args.relay?.namespace ?? aioNamespace),
      ...withoutUndefined(endpoint),
    })),
    eventGrid: mapValues(args.eventGridEndpoints ?? {}, (endpoint, name) => ({
      ...common(name),
      ...aio,
      ...identityIds(args, eventGridEndpointFields(endpoint)),
      ...withoutUndefined(endpoint),
      host: endpoint.host ?? brokerHost(endpoint.protocol),
    })),
    custom: mapValues(args.customEndpoints ?? {}, (endpoint, name) => ({
      ...common(name),
      ...(isAioMethod(endpoint.authenticationMethod) ? aio : {}),
      ...identityIds(args, endpoint),
      ...withoutUndefined(endpoint),
    })),
  };
}

/** The IDs that an endpoint need not say: those of the identity that it authenticates with, or at least its tenant. */
function identityIds(
  args: MqttBridgeArgs,
  fields: Pick<EndpointFieldInputs, "authenticationMethod" | "clientId">,
): { readonly clientId?: pulumi.Input<string>; readonly tenantId?: pulumi.Input<string> } {
  if (fields.authenticationMethod !== "UserAssignedManagedIdentity") return {};
  const identity = identityOf(args, fields)?.identity ?? args.identity;
  return identity === undefined ? {} : { clientId: identity.clientId, tenantId: identity.tenantId };
}

/** All endpoints of a bridge in one list. */
export function listEndpoints({ local, eventGrid, custom }: BridgeEndpoints): BridgeEndpoint[] {
  return [
    ...Object.entries(local).map(([name, endpoint]) => ({
      name,
      path: `localEndpoints.${name}`,
      hostType: "LocalBroker" as const,
      existing: existsAlready(endpoint, endpoint.endpointName ?? name),
      fields: localEndpointFields(endpoint),
    })),
    ...Object.entries(eventGrid).map(([name, endpoint]) => ({
      name,
      path: `eventGridEndpoints.${name}`,
      hostType: "EventGrid" as const,
      existing: endpoint.existing ?? false,
      fields: eventGridEndpointFields(endpoint),
    })),
    ...Object.entries(custom).map(([name, endpoint]) => ({
      name,
      path: `customEndpoints.${name}`,
      hostType: "CustomMqtt" as const,
      existing: endpoint.existing ?? false,
      fields: customEndpointFields(endpoint),
    })),
  ];
}

/** The endpoints whose broker is the namespace that the bridge creates. */
export function endpointsAtBroker({ eventGrid, eventGridEndpoints }: MqttBridgeArgs): string[] {
  if (eventGrid === undefined) return [];
  return Object.entries(eventGridEndpoints ?? {}).flatMap(([name, { host }]) => (host === undefined ? [name] : []));
}

/** The host of a namespace's MQTT broker: its port, and with WebSockets its path. */
export function brokerHost(hostname: pulumi.Input<string>): BrokerHost {
  const { ports, webSocketPath } = eventGridLimits;
  return (protocol) =>
    mapInput(protocol, (kind) =>
      mapInput(hostname, (name) =>
        kind === "WebSockets" ? `${name}:${ports.WebSockets}${webSocketPath}` : `${name}:${ports.Mqtt}`,
      ),
    );
}

/** AIO's own broker as pods of a namespace reach it: by its short name only from AIO's. */
function localHost(namespace: pulumi.Input<string>): pulumi.Input<string> {
  if (namespace === aioNamespace) return localBrokerHost;
  const address = parseHost(localBrokerHost);
  const full = `${address?.hostname}.${aioNamespace}:${address?.port}`;
  if (typeof namespace === "string") return full;
  return pulumi.output(namespace).apply((known) => (known === aioNamespace ? localBrokerHost : full));
}

/** Applies a function to each value of an object. */
export function mapValues<T, R>(
  values: { readonly [name: string]: T },
  map: (value: T, name: string) => R,
): { [name: string]: R } {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
}
