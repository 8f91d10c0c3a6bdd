import type { Problem } from "../../runtime/contract/errors.ts";
import { checkSharedClientIds } from "../checks/client-ids.ts";
import type { DeclaredSession } from "../checks/client-ids.ts";
import { checkFederatedCredentials } from "../checks/federated-credentials.ts";
import { SiteBridges } from "../checks/shared-sites.ts";
import type { SiteFindings } from "../checks/shared-sites.ts";
import { checkSharedSessions } from "../checks/session-limit.ts";
import { isKnown, knownFields } from "../known.ts";
import type { MqttBridgeArgs } from "../mqtt-bridge.ts";
import { aioNamespace } from "../relay/defaults.ts";
import { brokerOf, declarationOf, listAioSessions, listSessions, sessionsAt } from "./flows.ts";
import type { BridgeDeclaration } from "./flows.ts";
import { endpointsAtBroker } from "./endpoints.ts";

/** What the bridges of one program have declared so far, for rules that no bridge breaks alone. */
export class Fleet {
  private readonly sessions: DeclaredSession[] = [];
  /** Federated identity credentials by managed identity. */
  private readonly credentials = new Map<string, number>();
  /** Sessions by broker and identity. */
  private readonly load = new Map<string, number>();

  /** Sessions at brokers that have the same name in every plant. */
  private readonly sites = new SiteBridges();

  /**
   * Adds what a bridge does at the brokers of its site, and compares it with the bridges that were added before.
   * @param cluster tells the cluster that it is in from others; `undefined` when nobody knows
   */
  addSite(bridge: string, args: MqttBridgeArgs, cluster: unknown): SiteFindings {
    return this.sites.add({ bridge, site: args.site, cluster, sessions: siteSessions(declarationOf(args)) });
  }

  /** Adds a bridge, and lists what is wrong with it beside those that were added before. */
  add(bridge: string, args: MqttBridgeArgs): Problem[] {
    const declaration = declarationOf(args);
    const sessions = [...sharedSessions(declaration, listSessions), ...sharedSessions(declaration, listAioSessions)];
    const problems = [
      ...checkSharedClientIds(sessions, this.sessions),
      ...this.addCredential(args),
      ...this.addLoad(declaration),
    ];
    this.sessions.push(...sessions.map((session) => ({ ...session, path: `bridge "${bridge}"` })));
    return problems;
  }

  private addCredential({ identity }: MqttBridgeArgs): Problem[] {
    if (identity?.oidcIssuerUrl === undefined) return [];
    const { resourceGroupName, identityName } = identity;
    if (typeof resourceGroupName !== "string" || typeof identityName !== "string") return [];
    const key = `${resourceGroupName}/${identityName}`.toLowerCase();
    const count = (this.credentials.get(key) ?? 0) + 1;
    this.credentials.set(key, count);
    return checkFederatedCredentials("identity.identityName", identityName, count);
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
function sharedSessions(
  declaration: BridgeDeclaration,
  list: (declaration: BridgeDeclaration) => DeclaredSession[],
): DeclaredSession[] {
  const shared = declaration.endpoints
    .filter(({ name, hostType, fields: { host } }) => {
      const isOwn = endpointsAtBroker(declaration.args).includes(name);
      return hostType === "EventGrid" && !isOwn && host !== undefined && isKnown(host);
    })
    .map((endpoint) => brokerOf(declaration.args, endpoint));
  return list(declaration).filter(({ broker }) => shared.includes(broker));
}

/** Sessions at AIO's own broker, and at others of which the host is known. A name without a dot is one of the relay's namespace. */
function siteSessions(declaration: BridgeDeclaration): DeclaredSession[] {
  const { args, endpoints } = declaration;
  const namespace = knownFields({ namespace: args.relay?.namespace ?? aioNamespace }).namespace;
  const brokers = new Map(
    endpoints.flatMap((endpoint): [string, string][] => {
      const { hostType, fields } = endpoint;
      if (hostType === "EventGrid" || fields.host === undefined || !isKnown(fields.host)) return [];
      const broker = brokerOf(args, endpoint);
      if (hostType === "LocalBroker" || broker.split(":")[0]?.includes(".") === true) return [[broker, broker]];
      return namespace === undefined ? [] : [[broker, `${broker} in namespace "${namespace}"`]];
    }),
  );
  return [...listSessions(declaration), ...listAioSessions(declaration)].flatMap((session) => {
    const broker = brokers.get(session.broker);
    return broker === undefined ? [] : [{ ...session, broker }];
  });
}

/** The fleets by program: Pulumi runs several in one process in tests and through its Automation API. */
const fleets = new WeakMap<object, Fleet>();

/** The fleet of a program, told by an object that each has of its own. */
export function fleetOf(program: object): Fleet {
  const fleet = fleets.get(program) ?? new Fleet();
  fleets.set(program, fleet);
  return fleet;
}
