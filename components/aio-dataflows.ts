import * as managedidentity from "@pulumi/azure-native/managedidentity/index.js";
import * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../runtime/contract/errors.ts";
import { declaredArgs } from "./arguments/declared.ts";
import { after } from "./aio/after.ts";
import { buildDataflowProperties, needsLaterApi } from "./aio/dataflow-properties.ts";
import { buildProfile } from "./aio/profile.ts";
import { createAioResource } from "./aio/resource.ts";
import type { AioDataflowsArgs } from "./aio/settings.ts";
import { checkDataflowName, checkEngineFields } from "./checks/aio-dataflow.ts";
import { checkAioInstance } from "./checks/aio-instance.ts";
import { checkProfile } from "./checks/aio-profile.ts";
import { aioClaim, aioCredentialClaim, placesOf } from "./claims.ts";
import { isForAio } from "./dataflow.ts";
import type { DataflowArgs } from "./dataflow.ts";
import { DataflowEngine } from "./enumerations.ts";
import { claimResources } from "./owners.ts";
import type { Claim } from "./owners.ts";
import { readable, refuse } from "./refuse.ts";
import { aioNamespace } from "./relay/defaults.ts";
import { buildFederation, federatedIdentities } from "./relay/identities.ts";

/**
 * Dataflows that AIO's own engine runs: a `Dataflow` resource for each, the `DataflowProfile` that they run with, and the
 * trust of a user-assigned identity in AIO. Creates no endpoints, and assigns the identity to no instance. Knows the
 * endpoints by name only: what AIO's engine can't do with an endpoint, `MqttBridge` refuses.
 */
export class AioDataflows extends pulumi.ComponentResource {
  static readonly typeToken = "mqtt-dataflow:index:AioDataflows";

  /** Name of the profile. */
  readonly profileName: pulumi.Output<string>;
  /** Names of the `Dataflow` resources by the name of the dataflow. */
  readonly dataflowNames: { readonly [name: string]: pulumi.Output<string> };
  /**
   * OIDC issuer of the identity, for whoever creates the next federated credential of it: an identity takes one at a
   * time. @see Microsoft Entra, Workload identity federation considerations
   */
  readonly oidcIssuerUrl: pulumi.Output<string | undefined>;

  constructor(name: string, args: AioDataflowsArgs, opts?: pulumi.ComponentResourceOptions) {
    super(AioDataflows.typeToken, name, readable(name, args), opts);
    args = declaredArgs(this, AioDataflows.typeToken, name, args);
    const { instance, profile = {}, endpoints, identity } = args;
    const profileName = profile.profileName ?? name;
    refuse(this, name, [
      ...checkAioDataflows(profileName, args),
      ...claimResources(this, AioDataflows.typeToken, name, args, () => listClaims(this, profileName, args)),
    ]);

    this.profileName = pulumi.output(profileName);
    if (profile.existing !== true) {
      const created = createAioResource(this, name, "profile", instance, {
        kind: "DataflowProfile",
        resourceName: profileName,
        properties: buildProfile(profile),
        needsLaterApi: false,
      });
      this.profileName = after(created, profileName);
    }

    this.dataflowNames = Object.fromEntries(
      Object.entries(args.dataflows).map(([key, dataflow]) => {
        const ends = pulumi.all([endpoints[dataflow.source] ?? "", endpoints[dataflow.destination] ?? ""]);
        const created = createAioResource(this, name, key, instance, {
          kind: "Dataflow",
          resourceName: key,
          profileName: this.profileName,
          properties: ends.apply(([source, destination]) =>
            buildDataflowProperties({ ...dataflow, source, destination }),
          ),
          needsLaterApi: needsLaterApi(dataflow),
        });
        return [key, after(created, key)];
      }),
    );

    this.oidcIssuerUrl = pulumi.output(identity?.oidcIssuerUrl);
    for (const [noun, one] of federatedIdentities(args)) {
      const subject = pulumi.interpolate`system:serviceaccount:${instance.namespace ?? aioNamespace}:${serviceAccount}`;
      const federation = buildFederation(one, subject);
      const options = { parent: this };
      const credential = new managedidentity.FederatedIdentityCredential(`${name}-${noun}`, federation, options);
      this.oidcIssuerUrl = after(credential, this.oidcIssuerUrl);
    }

    const { dataflowNames, oidcIssuerUrl } = this;
    this.registerOutputs({ profileName: this.profileName, dataflowNames, oidcIssuerUrl });
  }
}

/** Service account of AIO's dataflows. @see Azure IoT Operations, Enable secure settings */
const serviceAccount = "aio-dataflow";

function listClaims(component: pulumi.Resource, profileName: string, args: AioDataflowsArgs): Claim[] {
  const { instance, profile, dataflows, identity = {}, furtherIdentities = {} } = args;
  const { cluster } = placesOf(component);
  const own = { kind: "DataflowProfile", resourceName: profileName, path: "profile.profileName" } as const;
  const names = Object.keys(dataflows);
  return [
    ...(profile?.existing === true ? [] : [aioClaim(instance, cluster, own)]),
    ...names.map((key) =>
      aioClaim(instance, cluster, { kind: "Dataflow", resourceName: key, path: `dataflows.${key}` }),
    ),
    ...aioCredentialClaim("identity.oidcIssuerUrl", identity, instance.namespace),
    ...Object.entries(furtherIdentities).flatMap(([key, one]) =>
      aioCredentialClaim(`furtherIdentities.${key}.oidcIssuerUrl`, one, instance.namespace),
    ),
  ];
}

function checkAioDataflows(profileName: string, args: AioDataflowsArgs): Problem[] {
  return [
    ...checkAioInstance("instance", args.instance),
    ...checkProfile("profile", profileName, args.profile ?? {}),
    ...Object.entries(args.dataflows).flatMap(([key, dataflow]) => [
      ...checkDataflowName(`dataflows.${key}`, key),
      ...checkEngine(`dataflows.${key}.engine`, dataflow),
      ...checkEngineFields(`dataflows.${key}`, dataflow),
      ...checkEnds(`dataflows.${key}`, dataflow, args.endpoints),
    ]),
  ];
}

function checkEngine(path: string, dataflow: DataflowArgs): Problem[] {
  if (isForAio(dataflow)) return [];
  const problem = `is ${dataflow.engine ?? DataflowEngine.Relay}, and this is AIO's engine`;
  return [{ path, problem, remedy: `set it to "${DataflowEngine.AzureIoTOperations}"` }];
}

function checkEnds(path: string, dataflow: DataflowArgs, endpoints: AioDataflowsArgs["endpoints"]): Problem[] {
  return (["source", "destination"] as const)
    .filter((end) => endpoints[dataflow[end]] === undefined)
    .map((end) => ({
      path: `${path}.${end}`,
      problem: `names the endpoint "${dataflow[end]}", which does not exist`,
      remedy: "add it to endpoints, or name another",
    }));
}
