import type { Problem } from "../../runtime/contract/errors.ts";
import { byRule } from "./rules.ts";

/** A session, and the part of the declaration that opens it. */
export interface DeclaredSession {
  readonly path: string;
  /** Broker that it is opened at; the same text for the same broker. */
  readonly broker: string;
  readonly clientId: string;
}

/** Refuses two sessions of one client identifier at one broker: each would take the other's over, again and again. */
export function checkClientIds(sessions: readonly DeclaredSession[]): Problem[] {
  return sessions.flatMap((session, index) => checkAgainst(session, sessions.slice(0, index)));
}

/** Refuses sessions with the client identifier of one that another part of the same program opens at the same broker. */
export function checkSharedClientIds(
  sessions: readonly DeclaredSession[],
  others: readonly DeclaredSession[],
): Problem[] {
  return sessions.flatMap((session) => checkAgainst(session, others));
}

function checkAgainst({ path, broker, clientId }: DeclaredSession, others: readonly DeclaredSession[]): Problem[] {
  const other = others.find((one) => one.broker === broker && one.clientId === clientId);
  if (other === undefined) return [];
  const problem = `opens the session "${clientId}", which ${other.path} opens at the same broker`;
  return byRule("client-id", [{ path, problem, remedy: "give one of the endpoints another clientIdPrefix" }]);
}
