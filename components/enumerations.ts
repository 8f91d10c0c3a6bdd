/*
 * Words of the declaration, as objects with a type of the same name: Pulumi reads both into the schema that other
 * languages are generated from. The relay's own schema is what they are tested against.
 */

/** What a local endpoint can authenticate with. @see Specification, Create new endpoint */
export const LocalAuthenticationMethod = {
  ServiceAccountToken: "ServiceAccountToken",
  X509Certificate: "X509Certificate",
  Anonymous: "Anonymous",
} as const;
export type LocalAuthenticationMethod = (typeof LocalAuthenticationMethod)[keyof typeof LocalAuthenticationMethod];

/** What an endpoint at Event Grid can authenticate with. @see Specification, Azure Event Grid */
export const EventGridAuthenticationMethod = {
  SystemAssignedManagedIdentity: "SystemAssignedManagedIdentity",
  UserAssignedManagedIdentity: "UserAssignedManagedIdentity",
  X509Certificate: "X509Certificate",
} as const;
export type EventGridAuthenticationMethod =
  (typeof EventGridAuthenticationMethod)[keyof typeof EventGridAuthenticationMethod];

/** What an endpoint at any other broker can authenticate with. @see Specification, Other MQTT brokers */
export const CustomAuthenticationMethod = {
  SystemAssignedManagedIdentity: "SystemAssignedManagedIdentity",
  UserAssignedManagedIdentity: "UserAssignedManagedIdentity",
  ServiceAccountToken: "ServiceAccountToken",
  X509Certificate: "X509Certificate",
  AccessToken: "AccessToken",
  Anonymous: "Anonymous",
  /** Beyond the specification. */
  UsernamePassword: "UsernamePassword",
} as const;
export type CustomAuthenticationMethod = (typeof CustomAuthenticationMethod)[keyof typeof CustomAuthenticationMethod];

/** MQTT over TCP, or over WebSockets. */
export const MqttProtocol = { Mqtt: "Mqtt", WebSockets: "WebSockets" } as const;
export type MqttProtocol = (typeof MqttProtocol)[keyof typeof MqttProtocol];

/** Quality of service that is subscribed or published with. */
export const MqttQos = { AtMostOnce: 0, AtLeastOnce: 1 } as const;
export type MqttQos = (typeof MqttQos)[keyof typeof MqttQos];

/** Whether a forwarded message keeps its retain flag. */
export const MqttRetain = { Keep: "Keep", Never: "Never" } as const;
export type MqttRetain = (typeof MqttRetain)[keyof typeof MqttRetain];

/** Whether the connection is encrypted. */
export const TlsMode = { Enabled: "Enabled", Disabled: "Disabled" } as const;
export type TlsMode = (typeof TlsMode)[keyof typeof TlsMode];

/** What happens to the CloudEvents attributes of a message. */
export const CloudEventAttributes = {
  /** Complete events are passed on. */
  Propagate: "Propagate",
  /** What is missing is filled in as well. */
  CreateOrRemap: "CreateOrRemap",
} as const;
export type CloudEventAttributes = (typeof CloudEventAttributes)[keyof typeof CloudEventAttributes];

/** Whether a dataflow runs. */
export const DataflowMode = { Enabled: "Enabled", Disabled: "Disabled" } as const;
export type DataflowMode = (typeof DataflowMode)[keyof typeof DataflowMode];

/** Who runs a dataflow. */
export const DataflowEngine = {
  /** This project's own relay. */
  Relay: "Relay",
  /** AIO's dataflow engine, by `DataflowProfile` and `Dataflow` resources. */
  AzureIoTOperations: "AzureIoTOperations",
} as const;
export type DataflowEngine = (typeof DataflowEngine)[keyof typeof DataflowEngine];

/** Through which API AIO's resources are created. */
export const AioResourceApi = {
  /** Azure, which brings them to the cluster and shows them in the portal. */
  AzureResourceManager: "AzureResourceManager",
  /** The cluster's API server, as custom resources; the cloud never sees them. */
  Kubernetes: "Kubernetes",
} as const;
export type AioResourceApi = (typeof AioResourceApi)[keyof typeof AioResourceApi];

/** Whether AIO's broker is asked to keep on disk what waits for a dataflow. */
export const DiskPersistence = { Enabled: "Enabled", Disabled: "Disabled" } as const;
export type DiskPersistence = (typeof DiskPersistence)[keyof typeof DiskPersistence];

/** What AIO's engine does with a header, which in MQTT is a user property, of each message. */
export const HeaderAction = {
  AddIfNotPresent: "AddIfNotPresent",
  AddOrReplace: "AddOrReplace",
  Remove: "Remove",
} as const;
export type HeaderAction = (typeof HeaderAction)[keyof typeof HeaderAction];

/** What a mapping of AIO's engine does with its inputs. */
export const MappingType = {
  NewProperties: "NewProperties",
  Rename: "Rename",
  Compute: "Compute",
  PassThrough: "PassThrough",
  BuiltInFunction: "BuiltInFunction",
} as const;
export type MappingType = (typeof MappingType)[keyof typeof MappingType];

/** What a dataflow does with a message that can never be delivered. */
export const UndeliverableMessages = {
  /** The dataflow stops before it and says why. */
  Stop: "Stop",
  /** The message is logged, counted and passed over. */
  Discard: "Discard",
  /** The message is kept with its reason, and passed over. */
  DeadLetter: "DeadLetter",
} as const;
export type UndeliverableMessages = (typeof UndeliverableMessages)[keyof typeof UndeliverableMessages];

/** Least severe level that the relay logs. */
export const LogLevel = { Trace: "trace", Debug: "debug", Info: "info", Warn: "warn", Error: "error" } as const;
export type LogLevel = (typeof LogLevel)[keyof typeof LogLevel];

/** What the live tap of the relay's status page shows of messages. */
export const TapContent = {
  /** Nothing. */
  Off: "Off",
  /** Topics, properties and sizes. */
  Metadata: "Metadata",
  /** Also the first 4 KiB of the payload. */
  Payload: "Payload",
} as const;
export type TapContent = (typeof TapContent)[keyof typeof TapContent];

/** When a pod of the relay counts as ready. */
export const RelayReadiness = {
  /** Once every dataflow is connected at both sides, and only as long as it is. */
  Connected: "Connected",
  /** Once the relay has read its configuration, whatever its brokers do. */
  Started: "Started",
} as const;
export type RelayReadiness = (typeof RelayReadiness)[keyof typeof RelayReadiness];

/** Whether the namespace can be reached from public networks. */
export const PublicNetworkAccess = {
  Enabled: "Enabled",
  Disabled: "Disabled",
  /** As a network security perimeter says. Azure Verified Modules have it; version 2025-02-15 of the API does not list it. */
  SecuredByPerimeter: "SecuredByPerimeter",
} as const;
export type PublicNetworkAccess = (typeof PublicNetworkAccess)[keyof typeof PublicNetworkAccess];

/** A field of the client certificate that Event Grid takes the authentication name from. */
export const AuthenticationNameSource = {
  ClientCertificateSubject: "ClientCertificateSubject",
  ClientCertificateDns: "ClientCertificateDns",
  ClientCertificateUri: "ClientCertificateUri",
  ClientCertificateIp: "ClientCertificateIp",
  ClientCertificateEmail: "ClientCertificateEmail",
} as const;
export type AuthenticationNameSource = (typeof AuthenticationNameSource)[keyof typeof AuthenticationNameSource];

/** What of a client's certificate has to be its authentication name. @see Azure REST API, Clients (2025-02-15) */
export const ClientValidationScheme = {
  SubjectMatchesAuthenticationName: "SubjectMatchesAuthenticationName",
  DnsMatchesAuthenticationName: "DnsMatchesAuthenticationName",
  UriMatchesAuthenticationName: "UriMatchesAuthenticationName",
  IpMatchesAuthenticationName: "IpMatchesAuthenticationName",
  EmailMatchesAuthenticationName: "EmailMatchesAuthenticationName",
  /** The certificate's thumbprint is one of those listed, whoever signed it. */
  ThumbprintMatch: "ThumbprintMatch",
} as const;
export type ClientValidationScheme = (typeof ClientValidationScheme)[keyof typeof ClientValidationScheme];

/** Whether a client may connect. */
export const ClientState = { Enabled: "Enabled", Disabled: "Disabled" } as const;
export type ClientState = (typeof ClientState)[keyof typeof ClientState];

/** What clients may do in a topic space. */
export const ClientPermission = { Publisher: "Publisher", Subscriber: "Subscriber" } as const;
export type ClientPermission = (typeof ClientPermission)[keyof typeof ClientPermission];

/** Where roles are assigned. */
export const RoleScope = {
  /** At each topic space that calls for them. */
  TopicSpace: "TopicSpace",
  /** At the namespace, with all its topic spaces. */
  Namespace: "Namespace",
} as const;
export type RoleScope = (typeof RoleScope)[keyof typeof RoleScope];

/**
 * Kind of principal that a role is assigned to. Event Grid lets service principals connect, of which managed identities are one
 * kind; a group has them as members. @see Azure REST API, Role assignments (2022-04-01), PrincipalType
 */
export const PrincipalType = {
  ServicePrincipal: "ServicePrincipal",
  Group: "Group",
  User: "User",
  ForeignGroup: "ForeignGroup",
  Device: "Device",
} as const;
export type PrincipalType = (typeof PrincipalType)[keyof typeof PrincipalType];

/** What a lock refuses, to everybody and whatever their role. @see Azure Resource Manager, Lock your resources */
export const LockKind = {
  /** Deleting the resource and what is in it. */
  CanNotDelete: "CanNotDelete",
  /** Changing it as well. */
  ReadOnly: "ReadOnly",
  /** Nothing: there is no lock. */
  None: "None",
} as const;
export type LockKind = (typeof LockKind)[keyof typeof LockKind];

/** Whether subscribers fetch events from a topic, or get them sent. @see Azure REST API, NamespaceTopicEventSubscriptions (2025-02-15) */
export const EventDeliveryMode = { Queue: "Queue", Push: "Push" } as const;
export type EventDeliveryMode = (typeof EventDeliveryMode)[keyof typeof EventDeliveryMode];

/** The host of a namespace that a private endpoint leads to. @see Azure Private Link, DNS zone values, Microsoft.EventGrid/namespaces */
export const PrivateEndpointService = {
  /** The MQTT broker. */
  TopicSpace: "topicspace",
  /** The topics of the namespace, over HTTP. */
  Topic: "topic",
} as const;
export type PrivateEndpointService = (typeof PrivateEndpointService)[keyof typeof PrivateEndpointService];

/** Tables that logs go to in a Log Analytics workspace: those of the service, or one for all of Azure. */
export const LogAnalyticsDestinationType = { Dedicated: "Dedicated", AzureDiagnostics: "AzureDiagnostics" } as const;
export type LogAnalyticsDestinationType =
  (typeof LogAnalyticsDestinationType)[keyof typeof LogAnalyticsDestinationType];

/** Type of a Secret with a client certificate. @see Kubernetes, Secrets, types of Secret */
export const SecretType = { Opaque: "Opaque", Tls: "kubernetes.io/tls" } as const;
export type SecretType = (typeof SecretType)[keyof typeof SecretType];

/** Where the External Secrets Operator finds a vault: for the whole cluster, or for one namespace. */
export const SecretStoreKind = { SecretStore: "SecretStore", ClusterSecretStore: "ClusterSecretStore" } as const;
export type SecretStoreKind = (typeof SecretStoreKind)[keyof typeof SecretStoreKind];

/** When a pod's image is pulled. @see Kubernetes, Images */
export const ImagePullPolicy = { Always: "Always", IfNotPresent: "IfNotPresent", Never: "Never" } as const;
export type ImagePullPolicy = (typeof ImagePullPolicy)[keyof typeof ImagePullPolicy];

/** How a toleration is compared with a taint. @see Kubernetes, Taints and tolerations */
export const TolerationOperator = { Equal: "Equal", Exists: "Exists" } as const;
export type TolerationOperator = (typeof TolerationOperator)[keyof typeof TolerationOperator];

/** What a taint does with pods that don't tolerate it. @see Kubernetes, Taints and tolerations */
export const TaintEffect = {
  NoSchedule: "NoSchedule",
  PreferNoSchedule: "PreferNoSchedule",
  NoExecute: "NoExecute",
} as const;
export type TaintEffect = (typeof TaintEffect)[keyof typeof TaintEffect];

/** Whether a dataflow has a disk queue. */
export const SpoolMode = { Enabled: "Enabled", Disabled: "Disabled" } as const;
export type SpoolMode = (typeof SpoolMode)[keyof typeof SpoolMode];

/** Kind of broker that an endpoint leads to. @see Azure REST API, DataflowEndpoint (2025-07-01-preview), hostType */
export const BrokerType = { LocalBroker: "LocalBroker", EventGrid: "EventGrid", CustomMqtt: "CustomMqtt" } as const;
export type BrokerType = (typeof BrokerType)[keyof typeof BrokerType];
