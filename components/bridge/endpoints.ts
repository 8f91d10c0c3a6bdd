import * as pulumi from "@pulumi/pulumi";

import { eventGridLimits } from "../../runtime/contract/config/endpoint-rules.ts";
import { brokerOf, localBrokerHost, parseHost } from "../../runtime/contract/config/endpoint.ts";
import type { HostType } from "../../runtime/contract/config/endpoint.ts";
import { isAioMethod } from "../endpoint/aio-method.ts";
import {
  customEndpointFields,
  eventGridEndpointFields,
  existsAlready,
  localEndpointFields,
} from "../endpoint/fields.ts";
import { standInHost } from "../endpoint/check-endpoint.ts";
import type { EndpointFieldInputs } from "../endpoint/check-endpoint.ts";
import type {
  CustomEndpointArgs,
  EndpointResourceArgs,
  EventGridEndpointArgs,
  LocalEndpointArgs,
} from "../endpoint/settings.ts";
import { isKnown, mapInput, withoutUndefined } from "../known.ts";
import { aioNamespace } from "../relay/defaults.ts";
import { identityOf } from "./identities.ts";
import type { MqttBridgeArgs } from "./settings.ts";

/** The arguments of an endpoint's component, with what the bridge as a whole decides filled in. */
export type EndpointDeclaration =
  | { readonly hostType: "LocalBroker"; readonly args: LocalEndpointArgs }
  | { readonly hostType: "EventGrid"; readonly args: EventGridEndpointArgs }
  | { readonly hostType: "CustomMqtt"; readonly args: CustomEndpointArgs };

/** Any endpoint of a bridge, for rules that hold for all of them. */
export type DeclaredEndpoint = EndpointDeclaration & {
  readonly name: string;
  /** Where the operator wrote it: `eventGridEndpoints.cloud`. */
  readonly path: string;
  /** What the operator wrote. */
  readonly own: EndpointResourceArgs & Pick<EndpointFieldInputs, "clientId">;
  /** Name of its `DataflowEndpoint` resource. */
  readonly resourceName: string;
  /** Whether AIO has its resource already, with settings of its own. */
  readonly existing: boolean;
  readonly fields: EndpointFieldInputs;
  /** Whether its broker is the namespace that the bridge creates; its host is a stand-in then, see {@link atNamespace}. */
  readonly isAtOwnNamespace: boolean;
  /** Says which broker it leads to: the same text for the same broker, as far as it is known. */
  readonly broker: string;
};

/**
 * Fills in names, hosts, identity and client identifiers, so that an endpoint has to say only what is its own.
 * @param isRelayed tells whether the relay has a part in the endpoint of a name
 */
export function declareEndpoints(args: MqttBridgeArgs, isRelayed: (name: string) => boolean): DeclaredEndpoint[] {
  return [...declareLocal(args, isRelayed), ...declareEventGrid(args), ...declareCustom(args)];
}

function declareLocal(args: MqttBridgeArgs, isRelayed: (name: string) => boolean): DeclaredEndpoint[] {
  const host = localHost(args.relay?.namespace ?? aioNamespace);
  return Object.entries(args.localEndpoints ?? {}).map(([name, own]) => {
    const existing = existsAlready(own, own.endpointName ?? name);
    // One that is left alone as AIO has it is compared with nothing.
    const aio = existing && !isRelayed(name) ? {} : aioOf(args);
    const declared = { ...commonOf(args, name), ...aio, host, ...withoutUndefined(own) };
    const { endpointName: resourceName } = declared;
    const fields = localEndpointFields(declared);
    return {
      name,
      path: `localEndpoints.${name}`,
      resourceName,
      hostType: "LocalBroker",
      own,
      args: declared,
      existing,
      fields,
      isAtOwnNamespace: false,
      broker: brokerAt("LocalBroker", name, fields),
    };
  });
}

function declareEventGrid(args: MqttBridgeArgs): DeclaredEndpoint[] {
  const { eventGrid } = args;
  return Object.entries(args.eventGridEndpoints ?? {}).map(([name, own]) => {
    const ids = identityIds(args, eventGridEndpointFields(own));
    const host = own.host ?? standInHost("EventGrid", own.protocol);
    const declared = { ...commonOf(args, name), ...aioOf(args), ...ids, ...withoutUndefined(own), host };
    const isAtOwnNamespace = own.host === undefined && eventGrid !== undefined;
    const fields = eventGridEndpointFields(declared);
    return {
      name,
      path: `eventGridEndpoints.${name}`,
      resourceName: declared.endpointName,
      hostType: "EventGrid",
      own,
      args: declared,
      existing: declared.existing ?? false,
      fields,
      isAtOwnNamespace,
      broker: isAtOwnNamespace ? "the bridge's namespace" : brokerAt("EventGrid", name, fields),
    };
  });
}

function declareCustom(args: MqttBridgeArgs): DeclaredEndpoint[] {
  return Object.entries(args.customEndpoints ?? {}).map(([name, own]) => {
    const aio = isAioMethod(own.authenticationMethod) ? aioOf(args) : {};
    const declared = { ...commonOf(args, name), ...aio, ...identityIds(args, own), ...withoutUndefined(own) };
    const fields = customEndpointFields(declared);
    return {
      name,
      path: `customEndpoints.${name}`,
      resourceName: declared.endpointName,
      hostType: "CustomMqtt",
      own,
      args: declared,
      existing: declared.existing ?? false,
      fields,
      isAtOwnNamespace: false,
      broker: brokerAt("CustomMqtt", name, fields),
    };
  });
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

function commonOf({ site }: MqttBridgeArgs, endpointName: string) {
  return { endpointName, clientIdPrefix: `${site}-` };
}

function aioOf({ instance }: MqttBridgeArgs) {
  return instance === undefined ? {} : { instance };
}

function brokerAt(hostType: HostType, name: string, { host }: EndpointFieldInputs): string {
  if (host !== undefined && isKnown(host) && parseHost(host) !== undefined) return brokerOf(hostType, host);
  return hostType === "LocalBroker" ? "AIO's broker" : `endpoint "${name}"`;
}

/** The arguments of an endpoint at the namespace that the bridge creates: its port, and with WebSockets its path. */
export function atNamespace(args: EventGridEndpointArgs, hostname: pulumi.Input<string>): EventGridEndpointArgs {
  const { ports, webSocketPath } = eventGridLimits;
  const host = mapInput(args.protocol, (protocol) =>
    mapInput(hostname, (name) =>
      protocol === "WebSockets" ? `${name}:${ports.WebSockets}${webSocketPath}` : `${name}:${ports.Mqtt}`,
    ),
  );
  return { ...args, host };
}

/** AIO's own broker as pods of a namespace reach it: by its short name only from AIO's. */
function localHost(namespace: pulumi.Input<string>): pulumi.Input<string> {
  if (namespace === aioNamespace) return localBrokerHost;
  const address = parseHost(localBrokerHost);
  const full = `${address?.hostname}.${aioNamespace}:${address?.port}`;
  if (typeof namespace === "string") return full;
  return pulumi.output(namespace).apply((known) => (known === aioNamespace ? localBrokerHost : full));
}
