import * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import * as resources from "@pulumi/azure-native/resources/index.js";
import * as pulumi from "@pulumi/pulumi";

import { checkSessionLimit } from "../checks/session-limit.ts";
import { refusal, refuse } from "../refuse.ts";
import { hasClientAuthentication } from "./client-authentication.ts";
import { listDomainRecords } from "./custom-domain-records.ts";
import type { CustomDomainAnswer, CustomDomainRecord } from "./custom-domain-records.ts";
import { buildGenericNamespace, buildNamespace } from "./namespace.ts";
import { withExistingTopic } from "./routing-topic.ts";
import type { EventGridBrokerArgs } from "./settings.ts";

/** What the broker needs of its namespace, of whichever resource type it is. */
export interface CreatedNamespace {
  readonly resource: pulumi.Resource;
  readonly id: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;
  readonly hostname: pulumi.Output<string>;
  readonly location: pulumi.Output<string>;
  readonly principalId: pulumi.Output<string | undefined>;
  readonly customDomainRecords: pulumi.Output<CustomDomainRecord[]>;
}

/** Creates the namespace, after what its routing needs. */
export function createNamespace(
  broker: pulumi.ComponentResource,
  name: string,
  given: EventGridBrokerArgs,
  dependsOn: pulumi.Resource[],
): CreatedNamespace {
  const { routing, ...others } = given;
  const { resourceGroupName, namespaceName } = given;
  const place = { component: broker, name, resourceGroupName, namespaceName };
  const args = routing === undefined ? others : { ...others, routing: withExistingTopic(place, routing) };
  const options = { parent: broker, protect: args.protect ?? true, ...(dependsOn.length === 0 ? {} : { dependsOn }) };
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
  if (!hasClientAuthentication(args)) {
    const namespace = new eventgrid.Namespace(`${name}-ns`, buildNamespace(args, checkSessions), options);
    const hostname = namespace.topicSpacesConfiguration.apply(hostnameOf);
    return { ...outputsOf(namespace, namespace, given), hostname };
  }
  const namespace = new resources.Resource(`${name}-ns`, buildGenericNamespace(args, checkSessions), options);
  const properties = namespace.properties as pulumi.Output<NamespaceProperties>;
  const hostname = properties.apply(
    ({ topicSpacesConfiguration: configuration }) =>
      configuration?.hostname ?? laterInPreview(() => hostnameOf(configuration)),
  );
  const fields = {
    topicSpacesConfiguration: properties.apply(({ topicSpacesConfiguration: configuration }) => configuration),
    topicsConfiguration: properties.apply(({ topicsConfiguration: configuration }) => configuration),
  };
  return { ...outputsOf(namespace, fields, given), hostname };
}

/** A preview shows what was put in, and knows of nothing that Azure adds: unknown there, and else what `tell` makes of it. */
function laterInPreview<T>(tell: () => T): T {
  return pulumi.runtime.isDryRun() ? (pulumi.unknown as unknown as T) : tell();
}

/** What of a namespace is told alike by both types of resource. */
function outputsOf(
  resource: eventgrid.Namespace | resources.Resource,
  fields: { readonly [K in keyof NamespaceProperties]-?: pulumi.Output<NamespaceProperties[K]> },
  args: EventGridBrokerArgs,
): Omit<CreatedNamespace, "hostname"> {
  const { id, name } = resource;
  const location = resource.location as pulumi.Output<string | undefined>;
  const identity = resource.identity as pulumi.Output<{ readonly principalId?: string } | undefined>;
  const hasDomains = [args.customDomains, args.topicCustomDomains].some((domains) => (domains ?? []).length > 0);
  const configurations = pulumi.all([fields.topicSpacesConfiguration, fields.topicsConfiguration]);
  return {
    resource,
    id,
    name,
    location: location.apply((known) => known ?? laterInPreview(() => "")),
    principalId:
      args.identity?.systemAssigned === true
        ? identity.apply((known) => known?.principalId ?? laterInPreview(() => undefined))
        : pulumi.output<string | undefined>(undefined),
    customDomainRecords: hasDomains
      ? configurations.apply((known) => {
          const records = known.flatMap((one) => listDomainRecords(one?.customDomains ?? []));
          return records.length === 0 ? laterInPreview(() => records) : records;
        })
      : pulumi.output<CustomDomainRecord[]>([]),
  };
}

/** What Azure tells of a namespace beside what it was given. */
interface NamespaceProperties {
  readonly topicSpacesConfiguration?:
    { readonly hostname?: string; readonly customDomains?: readonly CustomDomainAnswer[] } | undefined;
  readonly topicsConfiguration?: { readonly customDomains?: readonly CustomDomainAnswer[] } | undefined;
}
