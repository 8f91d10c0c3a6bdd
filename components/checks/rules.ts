import type { Problem } from "../../runtime/contract/errors.ts";
import { namespaceRules } from "./namespace-rules.ts";
import type { Rule } from "./namespace-rules.ts";

export type { Rule };

/** The rules by the name that every refusal carries in brackets, `[session-limit]`. */
export const rules = {
  ...namespaceRules,
  "aio-adopt": {
    title: "An endpoint of AIO that is taken over is named by its ID, and Pulumi can import it",
    source: "Pulumi, import resource option (3.174.0), and Kubernetes provider, renderYamlToDirectory",
  },
  "aio-broker": {
    title: "A local endpoint agrees with the platform about AIO's broker: host, audience and CA",
    source: "Specification, Default endpoint",
  },
  "aio-existing": {
    title: "An endpoint that exists in AIO is not created again, and each of its settings has an effect",
    source:
      "Specification, Default endpoint; Pulumi azure-native provider, `cannot create already existing resource`, and Kubernetes provider (4.29.0), AlreadyExists",
  },
  "aio-headers": {
    title: "Headers for AIO's engine have what their action needs",
    source: "Azure REST API, Dataflow (2026-10-01)",
  },
  "aio-instance": {
    title: "Dataflows of AIO's engine have an AIO instance in a custom location",
    source: "Azure REST API, Microsoft.IoTOperations (2026-10-01)",
  },
  "aio-local-broker": {
    title: "A dataflow of AIO's engine has AIO's own broker as its source or destination",
    source: "Azure IoT Operations, Configure data flow endpoints (2025-06)",
  },
  "aio-names": {
    title: "AIO's resources have names that Azure accepts, and no two of a kind have the same name",
    source: "Azure REST API, Microsoft.IoTOperations (2026-10-01)",
  },
  "aio-namespace": {
    title: "Secrets and ConfigMaps of AIO's endpoints are in AIO's namespace",
    source: "Specification, Trusted CA certificate",
  },
  "aio-operations": {
    title: "Operations of AIO's dataflow have names within Azure's bounds, and their references are not empty",
    source: "Azure REST API, DataflowOperation and DataflowSourceOperationSettings (2026-10-01)",
  },
  "aio-profile": {
    title: "A dataflow profile is within Azure's bounds, and an existing one is not changed",
    source: "Azure REST API, DataflowProfile (2026-10-01)",
  },
  "aio-secret-keys": {
    title: "A Secret for AIO's engine has its certificates under the keys that the engine reads",
    source: "Azure IoT Operations, Configure MQTT data flow endpoints, X.509 certificate (2025-06)",
  },
  "aio-secure-settings": {
    title:
      "AIO's engine uses a user-assigned identity only if the declaration states that the instance has secure settings",
    source: "Specification, User-assigned managed identity",
  },
  "aio-shared-subscription": {
    title:
      "AIO's engine has several instances with Event Grid as a source only if the declaration states that this works",
    source: "Specification, Event Grid shared subscription limitation",
  },
  "aio-transformation": {
    title: "A transformation is within Azure's bounds",
    source: "Azure REST API, Dataflow (2026-10-01)",
  },
  "authentication-name": {
    title: "Authentication name sources are listed once each",
    source: "Azure REST API, Namespaces (2025-04-01-preview), ClientAuthenticationSettings",
  },
  "authentication-fields": {
    title: "An authentication method has exactly its own settings",
    source: "Specification, Authentication methods",
  },
  certificates: {
    title: "Certificates and keys are readable, match each other, begin with the client's own and have not expired",
    source: "RFC 8446 §4.4.2; RFC 5280 §4.1.2.5; the relay, which refuses the same in its pod",
  },
  "client-id": {
    title: "No two sessions at one broker have the same client identifier",
    source: "MQTT 5.0 §3.1.4, [MQTT-3.1.4-3]",
  },
  "client-id-prefix": {
    title:
      "Client identifiers at a shared broker begin with a prefix of the site's own, unless the declaration states that none is needed",
    source: "Azure IoT Operations, Known issues, 8891",
  },
  "deep-levels": {
    title: "A destination topic uses only levels that every topic of the source has (a warning)",
    source: "Azure IoT Operations, Data flow destinations (2026-03-19), dynamic destination topics",
  },
  "engine-fields": {
    title: "A dataflow and its endpoints have settings that their engine supports",
    source: "Azure REST API, Dataflow and DataflowEndpoint (2026-10-01)",
  },
  "engine-method": {
    title: "AIO's engine authenticates with methods that its API has",
    source: "Azure REST API, DataflowEndpoint (2026-10-01)",
  },
  "existing-description": {
    title: "Settings that describe an existing endpoint of AIO do not change it (a warning)",
    source: "Specification, Default endpoint",
  },
  "existing-namespace": {
    title: "An existing namespace is declared if an identity needs roles there",
    source: "Specification, Assign permission to managed identity",
  },
  "federated-credentials": {
    title: "A managed identity has at most 20 federated identity credentials",
    source: "Microsoft Entra, Workload identity federation, considerations and restrictions",
  },
  "file-references": {
    title:
      "Created Secrets and ConfigMaps have the names that endpoints and proxies refer to, and the keys that these read",
    source: "Kubernetes, Volumes, secret and configMap: a pod waits for one that is not there",
  },
  "foreign-audience": {
    title: "The token for a custom broker names that broker as its audience (a warning)",
    source: "RFC 9700 §2.3, audience-restricted access tokens",
  },
  "forgotten-shares": {
    title: "A source with shared subscriptions is at a broker that keeps them across its restart (a warning)",
    source: "tried with mosquitto 2.0.11, which keeps plain subscriptions and forgets shared ones",
  },
  "git-ops": {
    title: "Manifests of `gitOps` contain no Secrets, and are where Flux looks for them",
    source: "Pulumi Kubernetes provider, renderYamlToDirectory; Flux, Kustomization, path",
  },
  image: {
    title: "The image has a digest or a tag that does not move (a warning)",
    source: "Kubernetes, Configuration best practices, container images",
  },
  "ip-ranges": {
    title: "Address ranges of the network policy are ranges, for endpoints that exist",
    source: "Kubernetes, Network policies, ipBlock",
  },
  load: {
    title: "The load that the user expects fits the sessions and throughput units of the namespace",
    source: "Event Grid, quotas (2025-07-30)",
  },
  loop: {
    title: "No message returns to its source through other dataflows",
    source: "mosquitto.conf(5), Bridges; MQTT 5.0 §3.8.3.1, No Local",
  },
  "managed-identity": {
    title: "A managed identity belongs to an endpoint, and trusts the relay (the latter is a warning)",
    source: "Microsoft Entra, Workload identity federation; Specification, User-assigned managed identity",
  },
  "node-identity": {
    title: "The relay uses a system-assigned identity only if the declaration states that its nodes have one",
    source: "Azure IoT Operations, Enable secure settings",
  },
  "one-owner": {
    title: "No two components of a program create the same resource",
    source: "Azure Resource Manager and Kubernetes, resource names; Azure RBAC, RoleAssignmentExists",
  },
  "overlapping-filters": {
    title: "The topic filters of one dataflow share no topics (a warning)",
    source: "MQTT 5.0 §3.3.4",
  },
  "plain-secrets": {
    title: "Keys, tokens and passwords come from secret outputs (a warning)",
    source: "Pulumi, Secrets",
  },
  retain: {
    title: "A destination at Event Grid says whether retained messages are kept (a warning)",
    source: "Specification, Retain; Event Grid, MQTT retain (2025-07-30)",
  },
  "session-expiry": {
    title: "The session expiry is no longer than the namespace keeps sessions",
    source: "Event Grid, MQTT support (2025-07-30), session expiry",
  },
  "session-limit": {
    title: "The limit of sessions of one authentication name is at least 3, and at least as many as the dataflows open",
    source: "Specification, Enable MQTT, and Event Grid, MQTT support (2025-07-30)",
  },
  "topic-coverage": {
    title: "A topic space covers each topic of the dataflows",
    source: "Event Grid, Topic spaces",
  },
  "topic-space": {
    title: "Topic spaces and topic templates have names, numbers, variables and topics that Event Grid accepts",
    source:
      "Event Grid, Topic spaces (2026-08-26), and quotas (2025-07-30); Azure Resource Manager, case of resource names",
  },
  "trust-bundle": {
    title: "The CA of a local broker is where the relay's pods can mount it",
    source: "Kubernetes, Volumes, configMap",
  },
  "unremembered-filters": {
    title: "A source at Event Grid has a disk that remembers its filters (a warning)",
    source: "Event Grid, MQTT support (2025-07-30), subscription identifiers",
  },
  "unused-by-relay": {
    title: "A dataflow of the relay has no field without an effect in the relay (a warning)",
    source: "Azure REST API, DataflowSourceOperationSettings (2026-10-01), schemaRef; DataflowOperation, name",
  },
  vault: {
    title: "Secrets from a vault have one source, names that the vault accepts, and an identity that may read them",
    source:
      "Azure Arc, Secret Store extension, configuration reference and troubleshooting (2025-08); Azure Key Vault, object identifiers; External Secrets Operator, ExternalSecret (v1)",
  },
  volume: {
    title: "The relay's volume holds the disk queues of its dataflows",
    source: "Configuration, `dataflows.<name>.relay.spool.maxBytes`",
  },
  "x509-access": {
    title:
      "An endpoint with a certificate has an authentication name, and its namespace has its CA or thumbprint, client and permissions",
    source: "Event Grid, MQTT client authentication, and MQTT client groups",
  },
  "x509-clients": {
    title:
      "CA certificates, clients, client groups and permission bindings match each other and the quotas of the namespace",
    source:
      "Event Grid, MQTT clients, MQTT client groups, and quotas (2025-07-30); Azure Resource Manager, case of resource names",
  },
} as const satisfies { readonly [name: string]: Rule };

export type RuleName = keyof typeof rules;

/** Marks problems with the rule that found them. */
export function byRule(rule: RuleName, problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({ ...problem, rule }));
}
