import type { Problem } from "../../runtime/contract/errors.ts";
import { describeSameId, keyOfSession } from "./client-ids.ts";
import type { DeclaredSession } from "./client-ids.ts";
import { byRule } from "./rules.ts";

/** What one bridge does at the brokers of its site, which have the same name in every plant: AIO's, or one of a host name. */
export interface SiteBridge {
  readonly bridge: string;
  readonly site: string;
  /** Tells one cluster from another, in which these brokers are looked up. `undefined`: nobody knows which cluster it is. */
  readonly cluster: unknown;
  readonly sessions: readonly DeclaredSession[];
}

/** What a bridge does to those that were declared before. */
export interface SiteFindings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** The bridges of one program at the brokers of their sites. */
export class SiteBridges {
  /** The bridges that open a session, by broker and client identifier. */
  private readonly users = new Map<string, SiteBridge[]>();

  /**
   * Refuses sessions that another bridge opens in the same cluster: that is the same broker. In clusters that may be two, bridges of
   * one site draw a warning, and those of two sites nothing.
   */
  add(own: SiteBridge): SiteFindings {
    const problems: Problem[] = [];
    const warnings: Problem[] = [];
    for (const session of own.sessions) {
      const key = keyOfSession(session);
      // A plugin may construct a bridge once more.
      const others = (this.users.get(key) ?? []).filter(({ bridge }) => bridge !== own.bridge);
      const near = others.find(({ cluster }) => cluster !== undefined && cluster === own.cluster);
      const alike = others.find(({ site }) => site === own.site);
      if (near !== undefined) problems.push(...describeSameId(session, `bridge "${near.bridge}"`));
      else if (alike !== undefined) warnings.push(describeSite(own, alike, session));
      this.users.set(key, [...others, own]);
    }
    // Of many sessions one says it.
    return { problems, warnings: byRule("client-id", warnings.slice(0, 1)) };
  }
}

function describeSite({ site }: SiteBridge, { bridge }: SiteBridge, { path, clientId }: DeclaredSession): Problem {
  const problem = `is "${site}", the site of bridge "${bridge}" too, and ${path} opens the session "${clientId}" as that does: if at one broker, each ends the other's`;
  const remedy = "give each bridge a site of its own, unless each is in a cluster with a broker of its own";
  return { path: "site", problem, remedy };
}

/** Federated identity credentials that one user-assigned managed identity can have. @see Microsoft Entra, service limits and restrictions of federated credentials */
export const maxFederatedCredentials = 20;

/** Refuses one credential too many for an identity that many sites share. */
export function checkFederatedCredentials(path: string, identityName: string, count: number): Problem[] {
  if (count <= maxFederatedCredentials) return [];
  const problem = `is "${identityName}", which would get ${count} federated identity credentials of the ${maxFederatedCredentials} that an identity can have`;
  const remedy = `use another managed identity from the ${maxFederatedCredentials + 1}st site on`;
  return byRule("federated-credentials", [{ path, problem, remedy }]);
}
