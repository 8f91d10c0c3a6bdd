import type * as pulumi from "@pulumi/pulumi";

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
  /** Resource ID of an Event Grid topic, of the namespace or a custom one in its region. */
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
