import type { Problem } from "../../runtime/contract/errors.ts";
import { namespaceRules } from "./namespace-rules.ts";
import type { Rule } from "./namespace-rules.ts";

export type { Rule };

/** The rules by the name that every refusal carries in brackets, `[session-limit]`. */
export const rules = {
  ...namespaceRules,
  "aio-adopt": {
    title: "What is taken over of AIO's is named by its ID, and is where Pulumi can import it from",
    source: "Pulumi, import resource option (3.174.0), and Kubernetes provider, renderYamlToDirectory",
  },
  "aio-broker": {
    title: "A local endpoint says of AIO's broker what its platform says: host, audience and CA",
    source: "Specification, Default endpoint",
  },
  "aio-existing": {
    title: "An endpoint that AIO has already is not created again, and a setting of it goes somewhere",
    source:
      "Specification, Default endpoint; Pulumi azure-native provider, `cannot create already existing resource`, and Kubernetes provider (4.29.0), AlreadyExists",
  },
  "aio-headers": {
    title: "Headers for AIO's engine have what their action needs",
    source: "Azure REST API, Dataflow (2026-10-01)",
  },
  "aio-instance": {
    title: "What AIO runs has an instance, in a custom location",
    source: "Azure REST API, Microsoft.IoTOperations (2026-10-01)",
  },
  "aio-local-broker": {
    title: "A dataflow of AIO's engine has AIO's own broker at one end",
    source: "Azure IoT Operations, Configure data flow endpoints (2025-06)",
  },
  "aio-names": {
    title: "AIO's resources have names that Azure takes, and no two of a kind have the same",
    source: "Azure REST API, Microsoft.IoTOperations (2026-10-01)",
  },
  "aio-namespace": {
    title: "Secrets and ConfigMaps of AIO's endpoints are in AIO's namespace",
    source: "Specification, Trusted CA certificate",
  },
  "aio-operations": {
    title: "Operations of AIO's dataflow have names within Azure's bounds, and its references name something",
    source: "Azure REST API, DataflowOperation and DataflowSourceOperationSettings (2026-10-01)",
  },
  "aio-profile": {
    title: "A dataflow profile is within Azure's bounds, and one that exists already is left as it is",
    source: "Azure REST API, DataflowProfile (2026-10-01)",
  },
  "aio-secret-keys": {
    title: "AIO's engine gets certificates under the keys that it reads",
    source: "Azure IoT Operations, Configure MQTT data flow endpoints, X.509 certificate (2025-06)",
  },
  "aio-secure-settings": {
    title: "AIO's engine uses a user-assigned identity only where the instance is said to have secure settings",
    source: "Specification, User-assigned managed identity",
  },
  "aio-shared-subscription": {
    title: "AIO's engine shares no subscription at Event Grid unless it is said to be possible",
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
    title: "Certificates and keys are what they stand for, of one pair, the client's own first, and have not ended",
    source: "RFC 8446 §4.4.2; RFC 5280 §4.1.2.5; the relay, which refuses the same in its pod",
  },
  "client-id": {
    title: "No two sessions at one broker have the same client identifier",
    source: "MQTT 5.0 §3.1.4, [MQTT-3.1.4-3]",
  },
  "client-id-prefix": {
    title:
      "Client identifiers at a shared broker begin with what no other site has, unless it is said that none needs to",
    source: "Azure IoT Operations, Known issues, 8891",
  },
  "deep-levels": {
    title: "A destination topic asks for no level that only some topics of the source have (a warning)",
    source: "Azure IoT Operations, Data flow destinations (2026-03-19), dynamic destination topics",
  },
  "engine-fields": {
    title: "A dataflow, and the endpoints that it uses, have settings of the engine that runs it",
    source: "Azure REST API, Dataflow and DataflowEndpoint (2026-10-01)",
  },
  "engine-method": {
    title: "AIO's engine authenticates with methods that its API has",
    source: "Azure REST API, DataflowEndpoint (2026-10-01)",
  },
  "existing-description": {
    title: "What is said of an endpoint that AIO has already is known to change nothing at it (a warning)",
    source: "Specification, Default endpoint",
  },
  "existing-namespace": {
    title: "An existing namespace is named where the identity that connects to it gets its roles",
    source: "Specification, Assign permission to managed identity",
  },
  "federated-credentials": {
    title: "A managed identity has at most 20 federated identity credentials",
    source: "Microsoft Entra, Workload identity federation, considerations and restrictions",
  },
  "file-references": {
    title:
      "Secrets and ConfigMaps that are created have the names that endpoints and proxies give, and what these read there",
    source: "Kubernetes, Volumes, secret and configMap: a pod waits for one that is not there",
  },
  "foreign-audience": {
    title: "A custom broker gets tokens for itself (a warning)",
    source: "RFC 9700 §2.3, audience-restricted access tokens",
  },
  "forgotten-shares": {
    title: "A source with shared subscriptions is at a broker that keeps them over its restart (a warning)",
    source: "tried with mosquitto 2.0.11, which keeps plain subscriptions and forgets shared ones",
  },
  "git-ops": {
    title: "What is handed to a cluster in files has no Secrets in it, and is where Flux looks for it",
    source: "Pulumi Kubernetes provider, renderYamlToDirectory; Flux, Kustomization, path",
  },
  image: {
    title: "The image is one that never moves (a warning)",
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
    title: "No message comes back through other dataflows to where it came from",
    source: "mosquitto.conf(5), Bridges; MQTT 5.0 §3.8.3.1, No Local",
  },
  "managed-identity": {
    title: "A managed identity is that of an endpoint, and trusts the relay (that as a warning)",
    source: "Microsoft Entra, Workload identity federation; Specification, User-assigned managed identity",
  },
  "node-identity": {
    title: "The relay uses a system-assigned identity only where its nodes are said to have one",
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
    title: "Keys, tokens and passwords are secret outputs where the program has them from (a warning)",
    source: "Pulumi, Secrets",
  },
  retain: {
    title: "A destination at Event Grid says whether retained messages are kept (a warning)",
    source: "Specification, Retain; Event Grid, MQTT retain (2025-07-30)",
  },
  "session-expiry": {
    title: "Sessions are asked to last no longer than the namespace keeps them",
    source: "Event Grid, MQTT support (2025-07-30), session expiry",
  },
  "session-limit": {
    title: "The sessions of one authentication name are at least 3, and at least those that the dataflows open",
    source: "Specification, Enable MQTT, and Event Grid, MQTT support (2025-07-30)",
  },
  "topic-coverage": {
    title: "Topics of dataflows fall into a topic space",
    source: "Event Grid, Topic spaces",
  },
  "topic-space": {
    title: "Topic spaces and topic templates have names, numbers, variables and topics that Event Grid takes",
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
    title: "A dataflow of the relay has nothing that only readers of AIO's resources see (a warning)",
    source: "Azure REST API, DataflowSourceOperationSettings (2026-10-01), schemaRef; DataflowOperation, name",
  },
  vault: {
    title: "Secrets from a vault have one source, names that the vault takes, and an identity that may read them",
    source:
      "Azure Arc, Secret Store extension, configuration reference and troubleshooting (2025-08); Azure Key Vault, object identifiers; External Secrets Operator, ExternalSecret (v1)",
  },
  volume: {
    title: "The relay's volume holds the disk queues of its dataflows",
    source: "Configuration, `dataflows.<name>.relay.spool.maxBytes`",
  },
  "x509-access": {
    title: "An endpoint with a certificate has a name, a CA or thumbprint, a client and permissions at its namespace",
    source: "Event Grid, MQTT client authentication, and MQTT client groups",
  },
  "x509-clients": {
    title: "CA certificates, clients, client groups and permission bindings fit each other and the namespace's quotas",
    source:
      "Event Grid, MQTT clients, MQTT client groups, and quotas (2025-07-30); Azure Resource Manager, case of resource names",
  },
} as const satisfies { readonly [name: string]: Rule };

export type RuleName = keyof typeof rules;

/** Marks problems with the rule that found them. */
export function byRule(rule: RuleName, problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({ ...problem, rule }));
}
