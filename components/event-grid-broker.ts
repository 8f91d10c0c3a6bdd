import * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import * as pulumi from "@pulumi/pulumi";

import { checkedArgs, declaredArgs } from "./arguments/declared.ts";
import { judgedLaterCas } from "./certificates.ts";
import { namespaceClaim, placesOf } from "./claims.ts";
import { EventGridClients } from "./event-grid-clients.ts";
import { checkEventGridBroker, eventGridBrokerWarnings } from "./event-grid/check-broker.ts";
import { createNamespace } from "./event-grid/created-namespace.ts";
import type { CreatedNamespace } from "./event-grid/created-namespace.ts";
import type { CustomDomainRecord } from "./event-grid/custom-domain-records.ts";
import { createDiagnosticSettings } from "./event-grid/diagnostics.ts";
import { createLock } from "./event-grid/locks.ts";
import { createPrivateEndpoints } from "./event-grid/private-endpoint.ts";
import type { CreatedPrivateEndpoint } from "./event-grid/private-endpoint.ts";
import { createRoleAssignments } from "./event-grid/role-assignments.ts";
import type { EventGridBrokerArgs, RoutingArgs } from "./event-grid/settings.ts";
import { createTopics } from "./event-grid/topics.ts";
import { warnOnce } from "./given-warnings.ts";
import { asOutput } from "./known.ts";
import { claimResources } from "./owners.ts";
import { readable, refuse } from "./refuse.ts";

/**
 * An Event Grid namespace with its MQTT broker enabled, and the topic spaces that decide which topics exist.
 * Grants nothing: pair it with `TopicSpaceAccess`.
 */
export class EventGridBroker extends pulumi.ComponentResource {
  static readonly typeToken = "mqtt-dataflow:index:EventGridBroker";

  /** Host name of the MQTT broker, for port 8883 (TLS) and port 443 (WebSockets, path `/mqtt`). */
  readonly hostname: pulumi.Output<string>;
  /** Resource ID of the namespace. */
  readonly namespaceId: pulumi.Output<string>;
  /** Name of the namespace. */
  readonly namespaceName: pulumi.Output<string>;
  /** Topic space resource IDs by name; the scopes of role assignments. */
  readonly topicSpaceIds: { readonly [name: string]: pulumi.Output<string> };
  /** Resource IDs of the namespace's topics by name. */
  readonly topicIds: { readonly [name: string]: pulumi.Output<string> };
  /** Private endpoints by name. */
  readonly privateEndpoints: { readonly [name: string]: pulumi.Output<CreatedPrivateEndpoint> };
  /** Region of the namespace. */
  readonly location: pulumi.Output<string>;
  /** Resource group of the namespace. */
  readonly resourceGroupName: pulumi.Output<string>;
  /** Object ID of the namespace's system-assigned identity; none without one. */
  readonly principalId: pulumi.Output<string | undefined>;
  /** The DNS records that show that custom domains are yours, with what Event Grid has found of them. */
  readonly customDomainRecords: pulumi.Output<CustomDomainRecord[]>;

  constructor(name: string, args: EventGridBrokerArgs, opts?: pulumi.ComponentResourceOptions) {
    super(EventGridBroker.typeToken, name, readable(name, args), opts);
    args = declaredArgs(this, EventGridBroker.typeToken, name, args);
    refuse(this, name, [
      ...checkEventGridBroker(args),
      ...claimResources(this, EventGridBroker.typeToken, name, args, () =>
        namespaceClaim("namespaceName", args, placesOf(this)),
      ),
    ]);

    warnOnce(this, eventGridBrokerWarnings(args), opts?.parent);
    if (args.x509 !== undefined) {
      args = {
        ...args,
        x509: judgedLaterCas({ component: this, name, path: "x509.", parent: opts?.parent }, args.x509),
      };
    }
    const child = { parent: this };
    const { resourceGroupName } = args;

    const sender = createSenderRole(this, name, args.routing);
    const namespace = createNamespace(this, name, args, sender);
    const topicSpaces = createTopicSpaces(this, name, args, namespace);
    const clients = createClients(this, name, args, namespace, topicSpaces);
    const here = { component: this, name, resourceGroupName };
    const topics = createTopics({ ...here, namespaceName: namespace.name }, args.topics);
    const endpoints = createPrivateEndpoints({ ...here, namespaceId: namespace.id }, args.privateEndpoints);
    const inside = [
      ...topicSpaces.map(([, space]) => space),
      ...clients,
      ...topics.resources,
      ...createRoles(this, name, args, namespace, topicSpaces),
      ...endpoints.resources,
      ...createDiagnosticSettings(name, namespace.id, args, child),
    ];
    createLock(`${name}-lock`, namespace.id, args.lock, { ...child, after: [namespace.resource, ...inside] });

    this.topicSpaceIds = Object.fromEntries(topicSpaces.map(([key, space]) => [key, space.id]));
    this.topicIds = topics.ids;
    this.privateEndpoints = endpoints.outputs;
    this.hostname = namespace.hostname;
    this.namespaceId = namespace.id;
    this.namespaceName = namespace.name;
    this.location = namespace.location;
    this.principalId = namespace.principalId;
    this.resourceGroupName = asOutput(resourceGroupName);
    this.customDomainRecords = namespace.customDomainRecords;
    const { hostname, namespaceId, namespaceName, topicSpaceIds, topicIds, location, principalId } = this;
    const { privateEndpoints, customDomainRecords } = this;
    const outputs = { hostname, namespaceId, namespaceName, topicSpaceIds, topicIds, location, principalId };
    this.registerOutputs({
      ...outputs,
      resourceGroupName: this.resourceGroupName,
      privateEndpoints,
      customDomainRecords,
    });
  }
}

type CreatedTopicSpaces = readonly (readonly [string, eventgrid.TopicSpace])[];

function createTopicSpaces(
  parent: EventGridBroker,
  name: string,
  { resourceGroupName, topicSpaces }: EventGridBrokerArgs,
  namespace: CreatedNamespace,
): CreatedTopicSpaces {
  return Object.entries(topicSpaces).map(([key, { topicTemplates, description }]) => {
    const place = { resourceGroupName, namespaceName: namespace.name, topicSpaceName: key };
    const args = { ...place, topicTemplates, ...(description === undefined ? {} : { description }) };
    return [key, new eventgrid.TopicSpace(`${name}-${key}`, args, { parent })] as const;
  });
}

function createClients(
  parent: EventGridBroker,
  name: string,
  { x509, resourceGroupName }: EventGridBrokerArgs,
  namespace: CreatedNamespace,
  topicSpaces: CreatedTopicSpaces,
): pulumi.Resource[] {
  if (x509 === undefined) return [];
  const topicSpaceNames = Object.fromEntries(topicSpaces.map(([key, space]) => [key, space.name]));
  const clients = { ...x509, resourceGroupName, namespaceName: namespace.name, topicSpaceNames };
  return [new EventGridClients(`${name}-x509`, checkedArgs(clients), { parent })];
}

/** The roles at the namespace and its topic spaces. */
function createRoles(
  component: EventGridBroker,
  name: string,
  args: EventGridBrokerArgs,
  namespace: CreatedNamespace,
  topicSpaces: CreatedTopicSpaces,
): pulumi.Resource[] {
  const atNamespace = { component, name, path: "roleAssignments", prefix: `${name}-ns`, scope: namespace.id };
  const atTopicSpaces = topicSpaces.flatMap(([key, { id: scope }]) => {
    const path = `topicSpaces.${key}.roleAssignments`;
    const place = { component, name, path, prefix: `${name}-space-${key}`, scope };
    return createRoleAssignments(place, args.topicSpaces[key]?.roleAssignments);
  });
  return [...createRoleAssignments(atNamespace, args.roleAssignments), ...atTopicSpaces];
}

/** The role that routing to a custom topic takes, which has to be there before. @see Event Grid, Route MQTT messages (2026-08-27) */
function createSenderRole(
  component: EventGridBroker,
  name: string,
  routing: RoutingArgs | undefined,
): pulumi.Resource[] {
  if (routing?.principalId === undefined || routing.topicResourceId === undefined) return [];
  const { principalId, topicResourceId: scope } = routing;
  const sender = { roleDefinitionIdOrName: "EventGrid Data Sender", principalId };
  const place = { component, name, path: "routing.topicResourceId", prefix: `${name}-routing`, scope };
  return createRoleAssignments(place, { sender });
}
