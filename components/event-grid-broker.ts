import * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../runtime/errors.ts";
import { checkSessionLimit, sessionLimitBounds } from "./checks/session-limit.ts";
import { PublicNetworkAccess } from "./enumerations.ts";
import { minimumTlsVersion } from "./event-grid/tls.ts";
import { checkTopicSpaces } from "./event-grid/topic-spaces.ts";
import type { TopicSpaceArgs } from "./event-grid/topic-spaces.ts";
import { isKnown } from "./known.ts";
import { refusal, refuse } from "./refuse.ts";

export interface EventGridBrokerArgs {
  /** Resource group that holds the namespace. A change replaces the namespace. */
  resourceGroupName: pulumi.Input<string>;
  /**
   * Region of the namespace. A change replaces it.
   * @default the resource group's
   */
  location?: pulumi.Input<string>;
  /**
   * Name of the namespace. A change replaces it.
   * @default made from the component's name
   */
  namespaceName?: pulumi.Input<string>;
  /**
   * Topic spaces to create, by name.
   * Plain values, because the keys decide which resources exist.
   */
  topicSpaces: { [name: string]: TopicSpaceArgs };
  /**
   * Throughput units, 1 to 40; each is 1000 messages/s and 1 MB/s in either direction.
   * @default 1
   */
  capacity?: pulumi.Input<number>;
  /**
   * Sessions that one authentication name may hold at once, offline ones included; 3 to 100.
   * @default 3
   */
  maximumClientSessionsPerAuthenticationName?: pulumi.Input<number>;
  /**
   * Longest session expiry in hours, 1 to 8: a longer one that a client asks for is cut without a word.
   * @default 1
   */
  maximumSessionExpiryInHours?: pulumi.Input<number>;
  /**
   * Whether the namespace can be reached from public networks.
   * @default "Enabled"
   */
  publicNetworkAccess?: pulumi.Input<PublicNetworkAccess>;
  /** Tags of the namespace. */
  tags?: pulumi.Input<{ [key: string]: pulumi.Input<string> }>;
  /**
   * Whether Pulumi refuses to delete or replace the namespace, which would end every session.
   * @default true
   */
  protect?: boolean;
}

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
    super(EventGridBroker.typeToken, name, args, opts);
    refuse(this, name, checkEventGridBroker(args));

    const namespace = new eventgrid.Namespace(`${name}-ns`, buildNamespace(this, name, args), {
      parent: this,
      protect: args.protect ?? true,
    });

    this.topicSpaceIds = Object.fromEntries(
      Object.entries(args.topicSpaces).map(([key, { topicTemplates, description }]) => {
        const space = new eventgrid.TopicSpace(
          `${name}-${key}`,
          {
            resourceGroupName: args.resourceGroupName,
            namespaceName: namespace.name,
            topicSpaceName: key,
            topicTemplates,
            ...(description === undefined ? {} : { description }),
          },
          { parent: this },
        );
        return [key, space.id];
      }),
    );

    // Read, not assembled from name and region: Azure owns the format of this host name.
    this.hostname = namespace.topicSpacesConfiguration.apply((configuration) => {
      if (configuration !== undefined) return configuration.hostname;
      const problem = "is missing in what Azure returned, and with it the MQTT host name";
      const remedy = "see in the portal whether MQTT is enabled, then refresh the stack";
      throw refusal(this, name, [{ path: "topicSpacesConfiguration", problem, remedy }]);
    });
    this.namespaceId = namespace.id;
    this.namespaceName = namespace.name;
    this.registerOutputs({
      hostname: this.hostname,
      namespaceId: this.namespaceId,
      namespaceName: this.namespaceName,
      topicSpaceIds: this.topicSpaceIds,
    });
  }
}

/** Lists what is wrong with a broker's arguments as far as they are known. */
export function checkEventGridBroker(args: EventGridBrokerArgs): Problem[] {
  const { maximumClientSessionsPerAuthenticationName: limit, maximumSessionExpiryInHours: hours, capacity } = args;
  return [
    ...checkTopicSpaces(args.topicSpaces),
    ...(limit !== undefined && isKnown(limit) ? checkSessionLimit(sessionLimitField, limit) : []),
    ...(hours !== undefined && isKnown(hours) ? checkSessionExpiry(hours) : []),
    ...(capacity !== undefined && isKnown(capacity) ? checkCapacity(capacity) : []),
  ];
}

const sessionLimitField = "maximumClientSessionsPerAuthenticationName";

/** @see Azure REST API, Namespaces (2025-02-15), TopicSpacesConfiguration */
function checkSessionExpiry(hours: number): Problem[] {
  if (Number.isInteger(hours) && hours >= 1 && hours <= 8) return [];
  const problem = `is ${hours} h, outside what Event Grid has`;
  return [{ path: "maximumSessionExpiryInHours", problem, remedy: "give a whole number from 1 to 8" }];
}

/** @see Event Grid, quotas (2025-07-30) */
function checkCapacity(units: number): Problem[] {
  if (Number.isInteger(units) && units >= 1 && units <= 40) return [];
  const problem = `is ${units} throughput units, outside what Event Grid has`;
  return [{ path: "capacity", problem, remedy: "give a whole number from 1 to 40" }];
}

function buildNamespace(broker: EventGridBroker, name: string, args: EventGridBrokerArgs): eventgrid.NamespaceArgs {
  const limit = pulumi.output(args.maximumClientSessionsPerAuthenticationName ?? sessionLimitBounds.min);
  return {
    resourceGroupName: args.resourceGroupName,
    ...(args.location === undefined ? {} : { location: args.location }),
    ...(args.namespaceName === undefined ? {} : { namespaceName: args.namespaceName }),
    ...(args.tags === undefined ? {} : { tags: args.tags }),
    sku: { name: "Standard", capacity: args.capacity ?? 1 },
    publicNetworkAccess: args.publicNetworkAccess ?? PublicNetworkAccess.Enabled,
    minimumTlsVersionAllowed: minimumTlsVersion,
    topicSpacesConfiguration: {
      state: "Enabled",
      maximumClientSessionsPerAuthenticationName: limit.apply((sessions) => {
        refuse(broker, name, checkSessionLimit(sessionLimitField, sessions));
        return sessions;
      }),
      maximumSessionExpiryInHours: args.maximumSessionExpiryInHours ?? 1,
    },
  };
}
