import type * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";
import { checkSharedClientIds } from "../checks/client-ids.ts";
import type { DeclaredSession } from "../checks/client-ids.ts";
import { checkFederatedCredentials, SiteBridges } from "../checks/shared-sites.ts";
import type { SiteFindings } from "../checks/shared-sites.ts";
import { checkSharedSessions } from "../checks/session-limit.ts";
import { placesOf } from "../claims.ts";
import { isKnown } from "../known.ts";
import { ownerOf, Owners, ownersOf } from "../owners.ts";
import { bridgeClaims } from "./claims.ts";
import { listIdentities } from "./identities.ts";
import type { WorkloadIdentityArgs } from "../relay/settings.ts";
import type { Plan, PlannedEndpoint } from "./plan.ts";
import { listAioSessions, listSessions, sessionsAt } from "./sessions.ts";

/** What the bridges of one program have declared so far, for rules that no bridge breaks alone. */
export class Fleet {
  private readonly sessions: DeclaredSession[] = [];
  /** Federated identity credentials by managed identity. */
  private readonly credentials = new Map<string, number>();
  /** Sessions by broker and identity. */
  private readonly load = new Map<string, number>();
  private readonly owners: Owners;

  /** @param owners what the program's components create, bridges or not */
  constructor(owners = new Owners()) {
    this.owners = owners;
  }

  /** Sessions at brokers that have the same name in every plant. */
  private readonly sites = new SiteBridges();

  /**
   * Adds what a bridge does at the brokers of its site, and compares it with the bridges that were added before.
   * @param cluster tells the cluster that it is in from others; `undefined` when nobody knows
   */
  addSite(plan: Plan, cluster: unknown): SiteFindings {
    return this.sites.add({ bridge: plan.name, site: plan.args.site, cluster, sessions: siteSessions(plan) });
  }

  /** Adds a bridge, and lists what is wrong with it beside those that were added before. */
  add(plan: Plan, component?: pulumi.Resource): Problem[] {
    const sessions = sharedSessions(plan);
    const owner = ownerOf(component, "MqttBridge", plan.name);
    const own = `bridge "${plan.name}"`;
    const problems = [
      ...this.owners.claim(owner, bridgeClaims(plan, placesOf(component))),
      ...checkSharedClientIds(
        sessions,
        // A plugin may construct a bridge once more.
        this.sessions.filter(({ path }) => path !== own),
      ),
      ...[...listIdentities(plan.args), ...vaultIdentity(plan)].flatMap((identity) => this.addCredential(identity)),
      ...this.addLoad(plan),
    ];
    this.sessions.push(...sessions.map((session) => ({ ...session, path: own })));
    return problems;
  }

  private addCredential({ path, identity }: FederatedIdentity): Problem[] {
    if (identity.oidcIssuerUrl === undefined) return [];
    const { resourceGroupName, identityName } = identity;
    if (typeof resourceGroupName !== "string" || typeof identityName !== "string") return [];
    const key = `${resourceGroupName}/${identityName}`.toLowerCase();
    const count = (this.credentials.get(key) ?? 0) + 1;
    this.credentials.set(key, count);
    return checkFederatedCredentials(`${path}.identityName`, identityName, count);
  }

  private addLoad(plan: Plan): Problem[] {
    return existingNamespaces(plan).flatMap((endpoint) => {
      const { clientId, authenticationMethod } = endpoint.fields;
      if (authenticationMethod !== "UserAssignedManagedIdentity" || typeof clientId !== "string") return [];
      const key = `${endpoint.broker} ${clientId}`;
      const total = (this.load.get(key) ?? 0) + sessionsAt(plan, endpoint);
      this.load.set(key, total);
      return checkSharedSessions(endpoint.path, endpoint.broker, total);
    });
  }
}

/** An identity that may get a federated identity credential. */
interface FederatedIdentity {
  readonly path: string;
  readonly identity: Pick<WorkloadIdentityArgs, "resourceGroupName" | "identityName" | "oidcIssuerUrl">;
}

/** The identity that secret sync reads a vault with: its service account takes one more credential of it. */
function vaultIdentity({ args: { relay }, hasRelay }: Plan): FederatedIdentity[] {
  const identity = relay?.vault?.secretSync?.identity;
  return identity === undefined || !hasRelay ? [] : [{ path: "relay.vault.secretSync.identity", identity }];
}

/** Endpoints at namespaces that others may use too, as far as they are known. */
function existingNamespaces({ endpoints }: Plan): PlannedEndpoint[] {
  return endpoints.filter(
    ({ hostType, isAtOwnNamespace, fields: { host } }) =>
      hostType === "EventGrid" && !isAtOwnNamespace && host !== undefined && isKnown(host),
  );
}

/**
 * Sessions at existing namespaces, where other bridges may be too. Other brokers may have the same host name in each
 * cluster or plant, and be another one each time.
 */
function sharedSessions(plan: Plan): DeclaredSession[] {
  const shared = existingNamespaces(plan).map(({ broker }) => broker);
  return [...listSessions(plan), ...listAioSessions(plan)].filter(({ broker }) => shared.includes(broker));
}

/** Sessions at AIO's own broker, and at others of which the host is known. A name without a dot is one of the relay's namespace. */
function siteSessions(plan: Plan): DeclaredSession[] {
  const { endpoints, relayNamespace } = plan;
  const brokers = new Map(
    endpoints.flatMap(({ hostType, fields, broker }): [string, string][] => {
      if (hostType === "EventGrid" || fields.host === undefined || !isKnown(fields.host)) return [];
      if (hostType === "LocalBroker" || broker.split(":")[0]?.includes(".") === true) return [[broker, broker]];
      return isKnown(relayNamespace) ? [[broker, `${broker} in namespace "${relayNamespace}"`]] : [];
    }),
  );
  return [...listSessions(plan), ...listAioSessions(plan)].flatMap((session) => {
    const broker = brokers.get(session.broker);
    return broker === undefined ? [] : [{ ...session, broker }];
  });
}

/** The fleets by program: Pulumi runs several in one process in tests and through its Automation API. */
const fleets = new WeakMap<object, Fleet>();

/** The fleet of a program, told by an object that each has of its own. */
export function fleetOf(program: object): Fleet {
  const fleet = fleets.get(program) ?? new Fleet(ownersOf(program));
  fleets.set(program, fleet);
  return fleet;
}
