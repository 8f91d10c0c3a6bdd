import type * as pulumi from "@pulumi/pulumi";

import type { DataflowProfileArgs } from "../aio/profile.ts";
import type { DataflowArgs } from "../dataflow.ts";
import type {
  AioInstanceArgs,
  CustomEndpointArgs,
  EventGridEndpointSettingsArgs,
  LocalEndpointArgs,
} from "../endpoint/settings.ts";
import type { PrincipalType, RoleScope } from "../enumerations.ts";
import type { EventGridBrokerArgs, ExistingNamespaceArgs } from "../event-grid/settings.ts";
import type { GitOpsArgs } from "../git-ops/settings.ts";
import type { RelaySettingsArgs, WorkloadIdentityArgs } from "../relay/settings.ts";

/** The user-assigned managed identity that a bridge authenticates with. */
export interface BridgeIdentityArgs extends WorkloadIdentityArgs {
  /** Microsoft Entra tenant of the managed identity. */
  tenantId: pulumi.Input<string>;
  /**
   * Object ID of the managed identity, or of a group that it is in. Given, it gets the roles that the dataflows call for, at the
   * namespace of `eventGrid` and at `existingNamespaces`; omitted, they are left to others.
   */
  principalId?: pulumi.Input<string>;
  /**
   * What that object is.
   * @default "ServicePrincipal"
   */
  principalType?: pulumi.Input<PrincipalType>;
  /**
   * Where it gets them: at the topic spaces that the dataflows need, or at the whole namespace.
   * @default "TopicSpace"
   */
  roleScope?: RoleScope;
}

export interface MqttBridgeArgs {
  /**
   * Name of the site: client identifiers begin with it, logs and metrics carry it. A change abandons all sessions. Two bridges of one
   * program that open the same session in one cluster are refused.
   */
  site: string;
  /** Event Grid namespace to create. Omitted: endpoints at Event Grid name the host of an existing one. */
  eventGrid?: EventGridBrokerArgs;
  /** Endpoints at AIO's own broker, by name. */
  localEndpoints?: { [name: string]: LocalEndpointArgs };
  /** Endpoints at Event Grid, by name; one without a host is at the namespace that `eventGrid` creates. */
  eventGridEndpoints?: { [name: string]: EventGridEndpointSettingsArgs };
  /**
   * Event Grid namespaces that exist already and where identities of the bridge get their roles, by a name of yours, which the role
   * assignments carry. Omitted: roles at existing namespaces are left to others.
   */
  existingNamespaces?: { [name: string]: ExistingNamespaceArgs };
  /** Endpoints at any other MQTT broker, by name. */
  customEndpoints?: { [name: string]: CustomEndpointArgs };
  /**
   * Dataflows by name. The name is part of the client identifier: another one abandons the sessions of the dataflow, and what waits in
   * them. See "Renaming a dataflow" in `doc/operations.md`.
   */
  dataflows: { [name: string]: DataflowArgs };
  /** Managed identity for endpoints with UserAssignedManagedIdentity that name no other, at any broker and of whichever engine. */
  identity?: BridgeIdentityArgs;
  /**
   * Managed identities of endpoints that have a client ID of their own, by a name of yours. Each is that of the endpoints with its
   * client ID, and gets their roles and the federated identity credential of the relay.
   */
  furtherIdentities?: { [name: string]: BridgeIdentityArgs };
  /** AIO instance to create `DataflowEndpoint` resources in, of every endpoint that AIO's API can express. */
  instance?: AioInstanceArgs;
  /** Profile that AIO's engine runs its dataflows with. Omitted: one of the bridge's own, with one instance. */
  dataflowProfile?: DataflowProfileArgs;
  /** How the relay runs. Omitted: AIO's engine runs all dataflows, and there is no relay. */
  relay?: RelaySettingsArgs;
  /** Hands the cluster's part over in files. Omitted: Pulumi applies it to the cluster itself. */
  gitOps?: GitOpsArgs;
}
