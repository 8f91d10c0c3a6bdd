/** A rule of the checks between resources, as `doc/checks.md` lists it. */
export interface Rule {
  /** What it asks for, as one sentence without a period. */
  readonly title: string;
  /** Where it comes from: a document, with its date where it changes. */
  readonly source: string;
}

/** The rules for an Event Grid namespace itself, a part of those in `rules.ts`. */
export const namespaceRules = {
  "client-authentication": {
    title: "Tokens of other issuers, and webhooks, have everything that Event Grid needs to check them",
    source:
      "Event Grid, Authenticate with namespaces using JSON Web Tokens (2025) and using webhook authentication (2026-05-07); Azure REST API, Namespaces (2025-04-01-preview)",
  },
  "custom-domains": {
    title: "Custom domains are host names, each given once, with a certificate in Key Vault",
    source:
      "Event Grid, Custom domain names (2024-11-18); Azure REST API, Namespaces (2025-02-15), CustomDomainConfiguration",
  },
  "namespace-bounds": {
    title: "The namespace's numbers are within Azure's bounds",
    source: "Azure REST API, Namespaces (2025-02-15), and Event Grid, quotas (2025-07-30)",
  },
  "namespace-diagnostics": {
    title: "Each diagnostic setting has a destination, and no log is sent to a destination twice",
    source: "Azure Monitor, Diagnostic settings",
  },
  "namespace-identity": {
    title: "Parts of the namespace use only identities that it has",
    source:
      "Azure REST API, Namespaces (2025-02-15), RoutingIdentityInfo and CustomDomainIdentity; (2025-04-01-preview), ClientAuthenticationSettings",
  },
  "namespace-lock": {
    title: "Locks have names that Azure accepts, and do not stop the next deployment (the latter is a warning)",
    source: "Azure Resource Manager, Lock your resources (2024-03-08)",
  },
  "namespace-network": {
    title: "The namespace is reachable as it is declared",
    source: "Azure REST API, Namespaces (2025-02-15), publicNetworkAccess and inboundIpRules",
  },
  "namespace-roles": {
    title: "Further role assignments name known roles and principals, once at each scope",
    source: "Azure RBAC, Troubleshoot; Azure REST API, Role assignments (2022-04-01)",
  },
  "namespace-routing": {
    title:
      "Routing goes to a custom topic or a topic of the same namespace, which exists and is open to public networks",
    source: "Event Grid, Route MQTT messages (2026-08-27)",
  },
  "namespace-topics": {
    title: "Topics of the namespace and their event subscriptions are within Azure's bounds",
    source: "Event Grid, quotas (2023-11-15); Azure REST API, NamespaceTopicEventSubscriptions (2025-02-15)",
  },
  "private-endpoints": {
    title: "Private endpoints are within Azure's bounds",
    source: "Azure REST API, PrivateEndpoints and PrivateDnsZoneGroups",
  },
} as const satisfies { readonly [name: string]: Rule };
