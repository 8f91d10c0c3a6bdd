import type * as pulumi from "@pulumi/pulumi";

import type { Problem } from "../../runtime/contract/errors.ts";
import { checkSharedClientIds } from "../checks/client-ids.ts";
import type { DeclaredSession } from "../checks/client-ids.ts";
import { checkFederatedCredentials } from "../checks/federated-credentials.ts";
import { checkSharedSessions } from "../checks/session-limit.ts";
import { placesOf } from "../claims.ts";
import { isKnown } from "../known.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";
import { ownerOf, Owners, ownersOf } from "../owners.ts";
import { bridgeClaims } from "./claims.ts";
import { brokerOf, declarationOf, listSessions, sessionsAt } from "./flows.ts";
import type { BridgeDeclaration } from "./flows.ts";
import { endpointsAtBroker } from "./endpoints.ts";
import { listIdentities } from "./identities.ts";
import type { DeclaredIdentity } from "./identities.ts";

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

  /** Adds a bridge, and lists what is wrong with it beside those that were added before. */
  add(bridge: string, args: MqttBridgeArgs, component?: pulumi.Resource): Problem[] {
    const declaration = declarationOf(args);
    const sessions = sharedSessions(declaration);
    const owner = ownerOf(component, "MqttBridge", bridge);
    const own = `bridge "${bridge}"`;
    const problems = [
      ...this.owners.claim(owner, bridgeClaims(bridge, declaration, placesOf(component))),
      ...checkSharedClientIds(
        sessions,
        // A plugin may construct a bridge once more.
        this.sessions.filter(({ path }) => path !== own),
      ),
      ...listIdentities(args).flatMap((identity) => this.addCredential(identity)),
      ...this.addLoad(declaration),
    ];
    this.sessions.push(...sessions.map((session) => ({ ...session, path: own })));
    return problems;
  }

  private addCredential({ path, identity }: DeclaredIdentity): Problem[] {
    if (identity.oidcIssuerUrl === undefined) return [];
    const { resourceGroupName, identityName } = identity;
    if (typeof resourceGroupName !== "string" || typeof identityName !== "string") return [];
    const key = `${resourceGroupName}/${identityName}`.toLowerCase();
    const count = (this.credentials.get(key) ?? 0) + 1;
    this.credentials.set(key, count);
    return checkFederatedCredentials(`${path}.identityName`, identityName, count);
  }

  private addLoad({ args, endpoints }: BridgeDeclaration): Problem[] {
    return endpoints.flatMap((endpoint) => {
      const { clientId, authenticationMethod, host } = endpoint.fields;
      if (endpoint.hostType !== "EventGrid" || endpointsAtBroker(args).includes(endpoint.name)) return [];
      if (authenticationMethod !== "UserAssignedManagedIdentity" || typeof clientId !== "string") return [];
      if (host === undefined || !isKnown(host)) return [];
      const key = `${brokerOf(args, endpoint)} ${clientId}`;
      const total = (this.load.get(key) ?? 0) + sessionsAt(args, endpoint.name);
      this.load.set(key, total);
      return checkSharedSessions(endpoint.path, brokerOf(args, endpoint), total);
    });
  }
}

/**
 * Sessions at existing namespaces, where other bridges may be too. Other brokers may have the same host name in each
 * cluster or plant, and be another one each time.
 */
function sharedSessions(declaration: BridgeDeclaration): DeclaredSession[] {
  const shared = declaration.endpoints
    .filter(({ name, hostType, fields: { host } }) => {
      const isOwn = endpointsAtBroker(declaration.args).includes(name);
      return hostType === "EventGrid" && !isOwn && host !== undefined && isKnown(host);
    })
    .map((endpoint) => brokerOf(declaration.args, endpoint));
  return listSessions(declaration).filter(({ broker }) => shared.includes(broker));
}

/** The fleets by program: Pulumi runs several in one process in tests and through its Automation API. */
const fleets = new WeakMap<object, Fleet>();

/** The fleet of a program, told by an object that each has of its own. */
export function fleetOf(program: object): Fleet {
  const fleet = fleets.get(program) ?? new Fleet(ownersOf(program));
  fleets.set(program, fleet);
  return fleet;
}
