import type * as pulumi from "@pulumi/pulumi";

import type { DataflowArgs } from "../dataflow.ts";
import type { AioInstanceArgs } from "../endpoint/settings.ts";
import type { WorkloadIdentityArgs } from "../relay/settings.ts";
import type { DataflowProfileArgs } from "./profile.ts";

export interface AioDataflowsArgs {
  /** AIO instance that runs the dataflows. */
  instance: AioInstanceArgs;
  /** Profile that they run with. Omitted: one of their own, with one instance. */
  profile?: DataflowProfileArgs;
  /** Names of `DataflowEndpoint` resources, by the name that dataflows refer to; an endpoint component has it as output. */
  endpoints: { [name: string]: pulumi.Input<string> };
  /**
   * Dataflows by name, which is that of their resource; each with the engine AzureIoTOperations. The name is part of AIO's client
   * identifier: another one abandons the dataflow's sessions.
   */
  dataflows: { [name: string]: DataflowArgs };
  /**
   * User-assigned managed identity of the endpoints. With its OIDC issuer given, the federated identity credential for
   * AIO's service account is created; else nothing is.
   */
  identity?: WorkloadIdentityArgs;
  /** Managed identities of endpoints that have another client ID, by a name of yours; each gets its credential too. */
  furtherIdentities?: { [name: string]: WorkloadIdentityArgs };
}
