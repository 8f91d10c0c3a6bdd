export { AioDataflows } from "./aio-dataflows.ts";
export type { HeaderArgs } from "./aio/headers.ts";
export type { OperationNamesArgs } from "./aio/operations.ts";
export type { DataflowProfileArgs } from "./aio/profile.ts";
export type { AioDataflowsArgs } from "./aio/settings.ts";
export type { DatasetArgs, FilterArgs, MappingArgs, TransformationArgs } from "./aio/transformation.ts";
export type { DataflowArgs } from "./dataflow.ts";
export type { DeadLetterArgs, DeliveryArgs, SpoolArgs } from "./dataflow-delivery.ts";
export { aioTrustBundle } from "./endpoint/fields.ts";
export type {
  AioBrokerArgs,
  AioInstanceArgs,
  CustomEndpointArgs,
  EndpointResourceArgs,
  EventGridEndpointArgs,
  EventGridEndpointSettingsArgs,
  LocalEndpointArgs,
  MqttSettingsArgs,
} from "./endpoint/settings.ts";
export * from "./enumerations.ts";
export type {
  CustomJwtAuthenticationArgs,
  EncodedIssuerCertificateArgs,
  IssuerCertificateArgs,
  WebhookAuthenticationArgs,
} from "./event-grid/client-authentication.ts";
export type { CustomDomainRecord } from "./event-grid/custom-domain-records.ts";
export type { DiagnosticSettingArgs, LogCategoryArgs, MetricCategoryArgs } from "./event-grid/diagnostics.ts";
export type { LockArgs } from "./event-grid/locks.ts";
export type { CreatedPrivateEndpoint, CreatedPrivateEndpointDns } from "./event-grid/private-endpoint.ts";
export type { RoleAssignmentArgs } from "./event-grid/role-assignments.ts";
export type {
  CustomDomainArgs,
  EventGridBrokerArgs,
  ExistingNamespaceArgs,
  ExistingTopicSpaceArgs,
  NamespaceIdentityArgs,
  PrivateDnsZoneArgs,
  PrivateEndpointArgs,
  PrivateEndpointDnsArgs,
  PrivateEndpointIpArgs,
  RoutingArgs,
} from "./event-grid/settings.ts";
export type { TopicSpaceArgs } from "./event-grid/topic-spaces.ts";
export type {
  DeadLetterDestinationArgs,
  EventSubscriptionArgs,
  NamespaceTopicArgs,
  PushDeliveryArgs,
  QueueDeliveryArgs,
} from "./event-grid/topics.ts";
export type {
  CaCertificateArgs,
  ClientGroupArgs,
  PermissionBindingArgs,
  X509ClientArgs,
  X509ClientsArgs,
} from "./event-grid/x509.ts";
export { CustomEndpoint } from "./custom-endpoint.ts";
export { EventGridBroker } from "./event-grid-broker.ts";
export { EventGridClients } from "./event-grid-clients.ts";
export type { EventGridClientsArgs } from "./event-grid-clients.ts";
export { EventGridEndpoint } from "./event-grid-endpoint.ts";
export type { FluxArgs, GitOpsArgs } from "./git-ops/settings.ts";
export { LocalEndpoint } from "./local-endpoint.ts";
export type { BridgeIdentityArgs, MqttBridgeArgs } from "./bridge/settings.ts";
export { MqttBridge } from "./mqtt-bridge.ts";
export type { BridgeChildren, EndpointComponent } from "./mqtt-bridge.ts";
export { Relay } from "./relay.ts";
export { aioNamespace } from "./relay/defaults.ts";
export type { PodSettingsArgs, PodVolumeArgs, TolerationArgs } from "./relay/pod-settings.ts";
export type {
  ProxyArgs,
  RelayArgs,
  RelayEgressArgs,
  RelayEndpointArgs,
  RelayPodArgs,
  RelaySettingsArgs,
  RelayStatusArgs,
  RelayVolumeArgs,
  SecretContentArgs,
  WorkloadIdentityArgs,
} from "./relay/settings.ts";
export { renderRelayConfig } from "./render.ts";
export type { RelayDeclaration, RenderedConfig } from "./render.ts";
export { referToSite, siteContract } from "./site-outputs.ts";
export type { OutputContract, OutputDescription, StackOutputInputs, StackOutputs } from "./stack-outputs.ts";
export { TopicSpaceAccess } from "./topic-space-access.ts";
export type { GrantedTopicSpaceArgs, TopicSpaceAccessArgs } from "./topic-space-access.ts";
export type {
  ExternalSecretsArgs,
  SecretSyncArgs,
  VaultArgs,
  VaultIdentityArgs,
  VaultSecretContentArgs,
} from "./vault/settings.ts";
