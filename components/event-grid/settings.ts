import type * as pulumi from "@pulumi/pulumi";

import type { AuthenticationNameSource, PrivateEndpointService, PublicNetworkAccess } from "../enumerations.ts";
import type { CustomJwtAuthenticationArgs, WebhookAuthenticationArgs } from "./client-authentication.ts";
import type { DiagnosticSettingArgs } from "./diagnostics.ts";
import type { LockArgs } from "./locks.ts";
import type { RoleAssignmentArgs } from "./role-assignments.ts";
import type { TopicSpaceArgs } from "./topic-spaces.ts";
import type { NamespaceTopicArgs } from "./topics.ts";
import type { X509ClientsArgs } from "./x509.ts";

/** The managed identities of the namespace itself, which routing and custom domains need. */
export interface NamespaceIdentityArgs {
  /**
   * Whether the namespace has an identity of its own.
   * @default false
   */
  systemAssigned?: boolean;
  /** Resource IDs of user-assigned managed identities. */
  userAssignedIdentityIds?: pulumi.Input<string>[];
}

/** A namespace that exists already, where the identities of a bridge get their roles. */
export interface ExistingNamespaceArgs {
  /** Resource ID of the namespace. */
  id: pulumi.Input<string>;
  /**
   * Names of the endpoints in `eventGridEndpoints` that are at it, each of which has its host. The identity that an endpoint
   * authenticates with gets the roles: the bridge's, at `identity.roleScope`, or that of AIO's extension, at
   * `instance.extensionRoleScope`. Plain, because it decides which role assignments exist.
   */
  endpoints: string[];
  /**
   * Its topic spaces by name, for roles at topic spaces: those that the dataflows use. Plain keys and templates, because they decide
   * which role assignments exist.
   */
  topicSpaces?: { [name: string]: ExistingTopicSpaceArgs };
}

/** A topic space of a namespace that exists already. */
export interface ExistingTopicSpaceArgs {
  /** Its topic templates. Omitted: unknown, so that every topic may fall into it. */
  topicTemplates?: string[];
}

/**
 * A host name of one's own for the namespace. Event Grid uses it once a DNS record shows that it is yours: the output
 * `customDomainRecords` tells name and value. Have it validated then, in the portal or by another deployment that changes the
 * namespace.
 */
export interface CustomDomainArgs {
  /** The host name, such as `"mqtt.contoso.com"`; no other namespace of the region has the same one. */
  fullyQualifiedDomainName: pulumi.Input<string>;
  /**
   * Its certificate in Key Vault without a version, `https://<vault>.vault.azure.net/certificates/<name>`. The namespace's identity
   * needs the role Key Vault Certificate User at the vault, before it is deployed.
   */
  certificateUrl: pulumi.Input<string>;
  /** User-assigned managed identity that reads the certificate, one of the namespace's. Omitted: its system-assigned one. */
  userAssignedIdentityId?: pulumi.Input<string>;
}

/**
 * Where Event Grid takes on what is published, beside the MQTT clients that subscribe to it: either `topic` or `topicResourceId`.
 * Nothing is routed while `publicNetworkAccess` is `"Disabled"`.
 */
export interface RoutingArgs {
  /**
   * Name of one of `topics`; `namespaceName` has to be given. Azure creates a topic after its namespace and routes to no topic that
   * is not there: the first deployment creates the topic and says so, the next one routes. To go on to another topic, add it, deploy,
   * then name it here.
   */
  topic?: string;
  /**
   * Resource ID of an Event Grid topic: a custom one in the namespace's region, with the schema CloudEvents 1.0, or one of the
   * namespace itself that this component does not create. The topic has to exist before routing is set.
   */
  topicResourceId?: pulumi.Input<string>;
  /**
   * User-assigned managed identity that sends to the topic, one of the namespace's. Omitted: its system-assigned one, or
   * none where it has none, which is enough for a topic of the namespace itself.
   */
  userAssignedIdentityId?: pulumi.Input<string>;
  /**
   * Object ID of that user-assigned identity. Given, it gets the role EventGrid Data Sender at the custom topic, before routing is set.
   * Omitted: the role is up to others. A system-assigned identity exists only after the namespace: assign the role with the output
   * `principalId`, of a bridge `namespacePrincipalId`.
   */
  principalId?: pulumi.Input<string>;
  /** Attributes with a constant value to add to each event, by name. */
  staticEnrichments?: { [name: string]: pulumi.Input<string> };
  /** Attributes to add by name, each from the message, such as `"${client.authenticationName}"`. */
  dynamicEnrichments?: { [name: string]: pulumi.Input<string> };
}

/** A fixed address of a private endpoint. */
export interface PrivateEndpointIpArgs {
  /** Name of the address within the endpoint. */
  name: pulumi.Input<string>;
  /** Address in the subnet. */
  privateIPAddress: pulumi.Input<string>;
  /** Part of the service that it is for, as Azure names it for the endpoint. */
  memberName: pulumi.Input<string>;
}

/** A private DNS zone that learns the addresses of a private endpoint. */
export interface PrivateDnsZoneArgs {
  /** Resource ID of the zone. */
  id: pulumi.Input<string>;
  /**
   * Name of the zone's configuration in the group.
   * @default "topicspace" or "topic" for the first one, then "topicspace-2" and so on
   */
  name?: string;
}

/** A name that resolves to addresses of a private endpoint. */
export interface PrivateEndpointDnsArgs {
  /** The name. */
  fqdn: pulumi.Input<string>;
  /** Private addresses. */
  ipAddresses: pulumi.Input<string>[];
}

/** A private endpoint, through which a virtual network reaches the namespace's MQTT broker or its topics. */
export interface PrivateEndpointArgs {
  /** Resource ID of the subnet that the endpoint has its address in. */
  subnetId: pulumi.Input<string>;
  /**
   * Resource ID of the private DNS zone: `privatelink.ts.eventgrid.azure.net` for the MQTT broker, `privatelink.eventgrid.azure.net`
   * for topics. Omitted, with `privateDnsZones`: names are up to others.
   */
  privateDnsZoneId?: pulumi.Input<string>;
  /** Further private DNS zones; 5 at most with `privateDnsZoneId`. Plain as a list, because it decides what exists. */
  privateDnsZones?: PrivateDnsZoneArgs[];
  /**
   * Name of the DNS zone group.
   * @default "default"
   */
  privateDnsZoneGroupName?: pulumi.Input<string>;
  /**
   * Region of the virtual network.
   * @default the resource group's
   */
  location?: pulumi.Input<string>;
  /**
   * Name of the endpoint. A change replaces it.
   * @default made from the component's name
   */
  name?: pulumi.Input<string>;
  /**
   * Resource group of the endpoint. A change replaces it.
   * @default that of the namespace
   */
  resourceGroupName?: pulumi.Input<string>;
  /**
   * What it leads to.
   * @default "topicspace"
   */
  service?: PrivateEndpointService;
  /**
   * Name of the connection.
   * @default that of the service
   */
  connectionName?: pulumi.Input<string>;
  /**
   * Whether the namespace's owner approves the connection by hand; for whoever may not change the namespace.
   * @default false
   */
  isManualConnection?: boolean;
  /** Manual connection: what the owner reads, at most 140 characters. */
  manualConnectionRequestMessage?: pulumi.Input<string>;
  /** Fixed addresses. Omitted: Azure picks one of the subnet. */
  ipConfigurations?: PrivateEndpointIpArgs[];
  /** Names that resolve to the endpoint. */
  customDnsConfigs?: PrivateEndpointDnsArgs[];
  /** Resource IDs of the application security groups that the endpoint is in. */
  applicationSecurityGroupIds?: pulumi.Input<string>[];
  /** Name of its network interface. A change replaces the endpoint. */
  customNetworkInterfaceName?: pulumi.Input<string>;
  /** Tags of the endpoint. */
  tags?: pulumi.Input<{ [key: string]: pulumi.Input<string> }>;
  /** Roles at the endpoint, by name. The names are plain, since they decide what exists. */
  roleAssignments?: { [name: string]: RoleAssignmentArgs };
  /** A lock of the endpoint, which the namespace's does not hold for. */
  lock?: LockArgs;
}

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
   * Whether the namespace can be reached from public networks. Private endpoints alone don't close it; beside them, preview warns
   * where this is omitted.
   * @default "Enabled"
   */
  publicNetworkAccess?: pulumi.Input<PublicNetworkAccess>;
  /** Addresses and ranges that may connect from public networks, such as `"203.0.113.0/24"`. Omitted: all. */
  inboundIpRules?: pulumi.Input<string>[];
  /** Private endpoints to create, by name; virtual networks reach the MQTT broker, or the topics, through them. */
  privateEndpoints?: { [name: string]: PrivateEndpointArgs };
  /** Host names of one's own for the MQTT broker. Clients name one of them as their host. */
  customDomains?: CustomDomainArgs[];
  /** Host names of one's own for the topics of the namespace, over HTTP. None is one of `customDomains`. */
  topicCustomDomains?: CustomDomainArgs[];
  /**
   * Topics of the namespace, 100 at most for each throughput unit, by name: 3 to 50 letters, digits and `-`. MQTT messages get there
   * by `routing`. The names are plain, since they decide what exists.
   */
  topics?: { [name: string]: NamespaceTopicArgs };
  /** Where Event Grid takes on what is published, such as a topic that feeds an event hub. */
  routing?: RoutingArgs;
  /**
   * Managed identities of the namespace itself. Needed for routing to a custom topic, custom domains, token issuers in Key Vault,
   * webhooks, and to send events or dead letters.
   */
  identity?: NamespaceIdentityArgs;
  /** Clients with certificates. Managed identities need none of it. */
  x509?: X509ClientsArgs;
  /**
   * Fields of the client certificate that the authentication name is taken from, the first that is there. For clients that
   * send no user name, as AIO's own dataflows; the relay sends one. Plain: given, the namespace becomes a resource of the
   * generic type, of another version of Azure's API, and a change between the two replaces it.
   */
  authenticationNameSources?: AuthenticationNameSource[];
  /**
   * Lets clients in with tokens of another issuer than Microsoft Entra ID. Plain as `authenticationNameSources`: given, the namespace
   * becomes a resource of the generic type, of version 2025-04-01-preview of Azure's API, and a change between the two replaces it.
   * Azure's guides create the namespace first and add it by an update. For clients of other programs: the relay sends no such token.
   */
  customJwtAuthentication?: CustomJwtAuthenticationArgs;
  /**
   * Lets in whom a webhook lets in. Plain as `authenticationNameSources`: given, the namespace becomes a resource of the generic type,
   * of version 2025-04-01-preview of Azure's API, and a change between the two replaces it.
   */
  webhookAuthentication?: WebhookAuthenticationArgs;
  /**
   * Whether the namespace stands in several zones. A change replaces it.
   * @default Azure's: true where the region has zones
   */
  isZoneRedundant?: pulumi.Input<boolean>;
  /** Resource ID of a Log Analytics workspace that gets the namespace's logs and metrics. Omitted: none are kept. */
  logAnalyticsWorkspaceId?: pulumi.Input<string>;
  /**
   * Diagnostic settings, by name: logs and metrics to workspaces, storage accounts, event hubs and partners. 5 at most, of which
   * `logAnalyticsWorkspaceId` is one. The names are plain, since they decide what exists.
   */
  diagnosticSettings?: { [name: string]: DiagnosticSettingArgs };
  /** Roles at the namespace, by name. The names are plain, since they decide what exists. */
  roleAssignments?: { [name: string]: RoleAssignmentArgs };
  /**
   * A lock of the namespace and all that is in it, created last and deleted first. Role assignments that other components create at the
   * namespace are not waited for: they can't be deleted while it is there.
   */
  lock?: LockArgs;
  /** Tags of the namespace. */
  tags?: pulumi.Input<{ [key: string]: pulumi.Input<string> }>;
  /**
   * Whether Pulumi refuses to delete or replace the namespace, which would end every session.
   * @default true
   */
  protect?: boolean;
}
