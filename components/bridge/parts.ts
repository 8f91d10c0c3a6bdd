import * as pulumi from "@pulumi/pulumi";

import type { AioDataflows } from "../aio-dataflows.ts";
import type { AioDataflowsArgs } from "../aio/settings.ts";
import { mountsOf } from "../endpoint/mounts.ts";
import type { RelayArgs } from "../relay/settings.ts";
import type { VaultArgs, VaultIdentityArgs } from "../vault/settings.ts";
import { identitiesOfAio, identitiesOfRelay, mapIdentities } from "./identity-uses.ts";
import { dataflowsOf } from "./plan.ts";
import type { Plan } from "./plan.ts";
import type { BridgeIdentityArgs } from "./settings.ts";

/** The outputs of an endpoint's component that others are made of. */
export interface CreatedEndpoint {
  readonly endpointName: pulumi.Output<string>;
  readonly config: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
}

/** What AIO's engine runs; `undefined` when it runs nothing. */
export function planAioDataflows(
  plan: Plan,
  created: ReadonlyMap<string, CreatedEndpoint>,
): AioDataflowsArgs | undefined {
  const { instance, dataflowProfile: profile } = plan.args;
  const dataflows = dataflowsOf(plan, "aio");
  if (instance === undefined || Object.keys(dataflows).length === 0) return undefined;
  const endpoints = Object.fromEntries([...created].map(([key, { endpointName }]) => [key, endpointName]));
  return {
    instance,
    dataflows,
    endpoints,
    ...(profile === undefined ? {} : { profile }),
    ...identitiesOfAio(plan),
  };
}

/** What the relay runs; `undefined` when there is none. */
export function planRelay(
  plan: Plan,
  created: ReadonlyMap<string, CreatedEndpoint>,
  aioDataflows: AioDataflows | undefined,
): RelayArgs | undefined {
  const { site, relay } = plan.args;
  if (relay === undefined || !plan.hasRelay) return undefined;
  const endpoints = plan.endpoints.flatMap(({ name, hostType, fields, isRelayed }) => {
    const endpoint = created.get(name);
    if (endpoint === undefined || !isRelayed) return [];
    // What a declaration says is known at once; an output of the component would be waited for like a resource.
    const { config, port } = endpoint;
    return [[name, { config, port, hostType, ...mountsOf(fields) }] as const];
  });
  return {
    ...relay,
    ...(relay.vault === undefined ? {} : { vault: vaultAfter(relay.vault, aioDataflows) }),
    site,
    dataflows: dataflowsOf(plan, "relay"),
    endpoints: Object.fromEntries(endpoints),
    ...mapIdentities(identitiesOfRelay(plan), (one) => relayIdentity(one, aioDataflows)),
  };
}

/** A vault's identity may be AIO's too. */
function vaultAfter(vault: VaultArgs, aioDataflows: AioDataflows | undefined): VaultArgs {
  const { secretSync } = vault;
  if (secretSync === undefined) return vault;
  return { ...vault, secretSync: { ...secretSync, identity: relayIdentity(secretSync.identity, aioDataflows) } };
}

/** The relay's federated credential comes after AIO's: Azure refuses two at a time of one identity. */
function relayIdentity<T extends BridgeIdentityArgs | VaultIdentityArgs>(
  identity: T,
  aioDataflows: AioDataflows | undefined,
): T {
  const { oidcIssuerUrl } = identity;
  if (oidcIssuerUrl === undefined || aioDataflows === undefined) return identity;
  return { ...identity, oidcIssuerUrl: pulumi.all([oidcIssuerUrl, aioDataflows.oidcIssuerUrl]).apply(([url]) => url) };
}
