import * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import * as monitor from "@pulumi/azure-native/monitor/index.js";
import * as network from "@pulumi/azure-native/network/index.js";
import * as resources from "@pulumi/azure-native/resources/index.js";
import * as pulumi from "@pulumi/pulumi";

import { checkedArgs, declaredArgs } from "./arguments/declared.ts";
import { judgedLaterCas } from "./certificates.ts";
import { checkSessionLimit } from "./checks/session-limit.ts";
import { namespaceClaim, placesOf } from "./claims.ts";
import { EventGridClients } from "./event-grid-clients.ts";
import { checkEventGridBroker, eventGridBrokerWarnings } from "./event-grid/check-broker.ts";
import { buildDiagnosticSetting } from "./event-grid/diagnostics.ts";
import { buildGenericNamespace, buildNamespace } from "./event-grid/namespace.ts";
import { buildPrivateDnsZoneGroup, buildPrivateEndpoint } from "./event-grid/private-endpoint.ts";
import { withExistingTopic } from "./event-grid/routing-topic.ts";
import type { EventGridBrokerArgs } from "./event-grid/settings.ts";
import { warnOnce } from "./given-warnings.ts";
import { claimResources } from "./owners.ts";
import { readable, refusal, refuse } from "./refuse.ts";

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

    const namespace = createNamespace(this, name, args);
    const topicSpaces = Object.entries(args.topicSpaces).map(([key, { topicTemplates, description }]) => {
      const space = new eventgrid.TopicSpace(
        `${name}-${key}`,
        {
          resourceGroupName,
          namespaceName: namespace.name,
          topicSpaceName: key,
          topicTemplates,
          ...(description === undefined ? {} : { description }),
        },
        child,
      );
      return [key, space] as const;
    });
    if (args.x509 !== undefined) {
      const topicSpaceNames = Object.fromEntries(topicSpaces.map(([key, space]) => [key, space.name]));
      const clients = { ...args.x509, resourceGroupName, namespaceName: namespace.name, topicSpaceNames };
      new EventGridClients(`${name}-x509`, checkedArgs(clients), child);
    }
    for (const [key, endpoint] of Object.entries(args.privateEndpoints ?? {})) {
      const built = buildPrivateEndpoint(resourceGroupName, namespace.id, endpoint);
      const created = new network.PrivateEndpoint(`${name}-${key}-pe`, built, child);
      if (endpoint.privateDnsZoneId === undefined) continue;
      const zones = buildPrivateDnsZoneGroup(resourceGroupName, created.name, endpoint.privateDnsZoneId);
      new network.PrivateDnsZoneGroup(`${name}-${key}-dns`, zones, child);
    }
    if (args.logAnalyticsWorkspaceId !== undefined) {
      const setting = buildDiagnosticSetting(namespace.id, args.logAnalyticsWorkspaceId);
      new monitor.DiagnosticSetting(`${name}-diag`, setting, child);
    }

    this.topicSpaceIds = Object.fromEntries(topicSpaces.map(([key, space]) => [key, space.id]));
    this.hostname = namespace.hostname;
    this.namespaceId = namespace.id;
    this.namespaceName = namespace.name;
    const { hostname, namespaceId, namespaceName, topicSpaceIds } = this;
    this.registerOutputs({ hostname, namespaceId, namespaceName, topicSpaceIds });
  }
}

/** What the broker needs of its namespace, of whichever resource type it is. */
interface CreatedNamespace {
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly hostname: pulumi.Output<string>;
}

function createNamespace(broker: EventGridBroker, name: string, given: EventGridBrokerArgs): CreatedNamespace {
  const { routing } = given;
  const args = routing === undefined ? given : { ...given, routing: withExistingTopic(broker, name, routing) };
  const options = { parent: broker, protect: args.protect ?? true };
  const checkSessions = (sessions: number) => {
    refuse(broker, name, checkSessionLimit("maximumClientSessionsPerAuthenticationName", sessions));
    return sessions;
  };
  // Read, not assembled from name and region: Azure owns the format of this host name.
  const hostnameOf = (configuration: { readonly hostname?: string } | undefined) => {
    if (configuration?.hostname !== undefined) return configuration.hostname;
    const problem = "is missing in what Azure returned, and with it the MQTT host name";
    const remedy = "see in the portal whether MQTT is enabled, then refresh the stack";
    throw refusal(broker, name, [{ path: "topicSpacesConfiguration", problem, remedy }]);
  };
  if (args.authenticationNameSources === undefined) {
    const namespace = new eventgrid.Namespace(`${name}-ns`, buildNamespace(args, checkSessions), options);
    const hostname = namespace.topicSpacesConfiguration.apply(hostnameOf);
    return { id: namespace.id, name: namespace.name, hostname };
  }
  const namespace = new resources.Resource(`${name}-ns`, buildGenericNamespace(args, checkSessions), options);
  const properties = namespace.properties as pulumi.Output<GenericProperties>;
  const hostname = properties.apply(({ topicSpacesConfiguration: configuration }) =>
    // A preview of a generic resource shows what was put in, and knows of nothing that Azure adds.
    pulumi.runtime.isDryRun() && configuration?.hostname === undefined
      ? (pulumi.unknown as unknown as string)
      : hostnameOf(configuration),
  );
  return { id: namespace.id, name: namespace.name, hostname };
}

interface GenericProperties {
  readonly topicSpacesConfiguration?: { readonly hostname?: string };
}
