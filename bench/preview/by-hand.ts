import { createHash } from "node:crypto";

import * as authorization from "@pulumi/azure-native/authorization/index.js";
import * as eventgrid from "@pulumi/azure-native/eventgrid/index.js";
import * as apps from "@pulumi/kubernetes/apps/v1/index.js";
import * as core from "@pulumi/kubernetes/core/v1/index.js";
import * as networking from "@pulumi/kubernetes/networking/v1/index.js";
import * as pulumi from "@pulumi/pulumi";

import { roleAssignmentName, roleDefinitionId, topicSpaceRoles } from "../../components/event-grid/roles.ts";
import type { TopicSpaceRole } from "../../components/event-grid/roles.ts";
import type { Registered } from "../../test/components/mocks.ts";

/** What each resource of a site may have as its parent; none in a program without components. */
export interface SiteParents {
  readonly broker?: pulumi.Resource;
  readonly access?: pulumi.Resource;
  readonly relay?: pulumi.Resource;
}

/** The properties that the components give to the resources of one site, by the resource's name. */
export type SiteResources = ReadonlyMap<string, Registered["inputs"]>;

/**
 * Creates the resources of one site without components, as a program that is written out resource by resource does: each
 * of its SDK's own class, literal where its value is known, and by an output where it refers to another resource.
 */
export function createByHand(name: string, resources: SiteResources, parents: SiteParents = {}): void {
  const below = (parent: pulumi.Resource | undefined) => (parent === undefined ? {} : { parent });
  const [inBroker, inAccess, inRelay] = [below(parents.broker), below(parents.access), below(parents.relay)];
  const inputsOf = <Noun extends keyof SiteInputs>(noun: Noun) => {
    const inputs = resources.get(`${name}-${noun}`);
    if (inputs === undefined) throw new Error(`${name}-${noun}: the components register no such resource`);
    return inputs as unknown as SiteInputs[Noun];
  };
  const namespace = new eventgrid.Namespace(`${name}-broker-ns`, inputsOf("broker-ns"), { ...inBroker, protect: true });
  const spaces = Object.fromEntries(
    (["plant", "commands"] as const).map((space) => {
      const inputs = inputsOf(`broker-${space}`);
      return [
        space,
        new eventgrid.TopicSpace(`${name}-broker-${space}`, { ...inputs, namespaceName: namespace.name }, inBroker),
      ] as const;
    }),
  );
  const assign = (space: "plant" | "commands", role: TopicSpaceRole) => {
    const inputs = inputsOf(`access-${space}-${role}`);
    const scope = spaces[space]?.id ?? "";
    const definition = pulumi.output(scope).apply((id) => roleDefinitionId(id, role) ?? topicSpaceRoles[role].roleName);
    const assignment = pulumi
      .all([scope, inputs.principalId])
      .apply(([id, principalId]) => roleAssignmentName(id, principalId, role));
    const args = { ...inputs, scope, roleDefinitionId: definition, roleAssignmentName: assignment };
    new authorization.RoleAssignment(`${name}-access-${space}-${role}`, args, inAccess);
  };
  assign("commands", "subscriber");
  assign("plant", "publisher");

  const account = new core.ServiceAccount(`${name}-relay-sa`, inputsOf("relay-sa"), inRelay);
  const text = namespace.topicSpacesConfiguration.apply((configuration) =>
    JSON.stringify({ host: configuration?.hostname }),
  );
  const data = { "config.json": text };
  const config = new core.ConfigMap(`${name}-relay-cfg`, { ...inputsOf("relay-cfg"), data }, inRelay);
  const service = new core.Service(`${name}-relay-svc`, inputsOf("relay-svc"), inRelay);
  const set = inputsOf("relay-set");
  const [, ...volumes] = set.spec.template.spec.volumes;
  const checksum = text.apply((known) => createHash("sha256").update(known).digest("hex"));
  const { template } = set.spec;
  const claim = new core.PersistentVolumeClaimPatch(`${name}-relay-spool-0`, inputsOf("relay-spool-0"), {
    ...inRelay,
    protect: true,
    retainOnDelete: true,
  });
  new apps.StatefulSet(
    `${name}-relay-set`,
    {
      ...set,
      spec: {
        ...set.spec,
        serviceName: service.metadata.name,
        template: {
          ...template,
          metadata: { ...template.metadata, annotations: { "mqtt-dataflow/config-sha256": checksum } },
          spec: {
            ...template.spec,
            serviceAccountName: account.metadata.name,
            volumes: [{ name: "config", configMap: { name: config.metadata.name } }, ...volumes],
          },
        },
      },
    } as unknown as apps.StatefulSetArgs,
    { ...inRelay, deleteBeforeReplace: true, dependsOn: [claim] },
  );
  new networking.NetworkPolicy(`${name}-relay-net`, inputsOf("relay-net"), inRelay);
}

/** What the components register for one site, by what stands behind the site in the resource's name. */
interface SiteInputs {
  readonly "broker-ns": eventgrid.NamespaceArgs;
  readonly "broker-plant": eventgrid.TopicSpaceArgs;
  readonly "broker-commands": eventgrid.TopicSpaceArgs;
  readonly [grant: `access-${string}`]: authorization.RoleAssignmentArgs;
  readonly "relay-sa": core.ServiceAccountArgs;
  readonly "relay-cfg": core.ConfigMapArgs;
  readonly "relay-svc": core.ServiceArgs;
  readonly "relay-spool-0": core.PersistentVolumeClaimPatchArgs;
  readonly "relay-set": PlainStatefulSet;
  readonly "relay-net": networking.NetworkPolicyArgs;
}

/** The part of a StatefulSet that refers to other resources. */
interface PlainStatefulSet {
  readonly spec: {
    readonly template: {
      readonly metadata: object;
      readonly spec: { readonly volumes: readonly object[] };
    };
  };
}
