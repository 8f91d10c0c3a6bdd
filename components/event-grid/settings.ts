import type * as pulumi from "@pulumi/pulumi";

import type { AuthenticationNameSource, PublicNetworkAccess } from "../enumerations.ts";
import type { TopicSpaceArgs } from "./topic-spaces.ts";
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

/** A host name of one's own for the namespace's MQTT broker. */
export interface CustomDomainArgs {
  /** The host name, such as `"mqtt.contoso.com"`. */
  fullyQualifiedDomainName: pulumi.Input<string>;
  /** Its certificate in Key Vault, `https://<vault>.vault.azure.net/certificates/<name>`. */
  certificateUrl: pulumi.Input<string>;
  /** User-assigned managed identity that reads the certificate, one of the namespace's. Omitted: its system-assigned one. */
  userAssignedIdentityId?: pulumi.Input<string>;
}

/** Where Event Grid takes on what is published, beside the MQTT clients that subscribe to it. */
export interface RoutingArgs {
  /**
   * Resource ID of an Event Grid topic: a custom one in the namespace's region, with the schema CloudEvents 1.0, or one of the
   * namespace itself. The topic has to exist before routing is set. One of the namespace itself is created after the namespace, so
   * deploy without `routing` first, create the topic, then add `routing`. Nothing is routed while `publicNetworkAccess` is
   * `"Disabled"`.
   */
  topicResourceId: pulumi.Input<string>;
  /**
   * User-assigned managed identity that sends to the topic, one of the namespace's. Omitted: its system-assigned one, or
   * none where it has none, which is enough for a topic of the namespace itself.
   */
  userAssignedIdentityId?: pulumi.Input<string>;
  /** Attributes with a constant value to add to each event, by name. */
  staticEnrichments?: { [name: string]: pulumi.Input<string> };
  /** Attributes to add by name, each from the message, such as `"${client.authenticationName}"`. */
  dynamicEnrichments?: { [name: string]: pulumi.Input<string> };
}

/** A private endpoint, through which a virtual network reaches the namespace's MQTT broker. */
export interface PrivateEndpointArgs {
  /** Resource ID of the subnet that the endpoint has its address in. */
  subnetId: pulumi.Input<string>;
  /** Resource ID of the private DNS zone `privatelink.ts.eventgrid.azure.net`. Omitted: names are up to others. */
  privateDnsZoneId?: pulumi.Input<string>;
  /**
   * Region of the virtual network.
   * @default the resource group's
   */
  location?: pulumi.Input<string>;
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
  /** Private endpoints to create, by name; virtual networks reach the MQTT broker through them. */
  privateEndpoints?: { [name: string]: PrivateEndpointArgs };
  /** Host names of one's own for the MQTT broker. Clients name one of them as their host. */
  customDomains?: CustomDomainArgs[];
  /** Where Event Grid takes on what is published, such as a topic that feeds an event hub. */
  routing?: RoutingArgs;
  /** Managed identities of the namespace itself. Needed for routing and custom domains. */
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
   * Whether the namespace stands in several zones. A change replaces it.
   * @default Azure's: true where the region has zones
   */
  isZoneRedundant?: pulumi.Input<boolean>;
  /** Resource ID of a Log Analytics workspace that gets the namespace's logs and metrics. Omitted: none are kept. */
  logAnalyticsWorkspaceId?: pulumi.Input<string>;
  /** Tags of the namespace. */
  tags?: pulumi.Input<{ [key: string]: pulumi.Input<string> }>;
  /**
   * Whether Pulumi refuses to delete or replace the namespace, which would end every session.
   * @default true
   */
  protect?: boolean;
}
