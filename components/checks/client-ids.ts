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
  const before = new Map<string, DeclaredSession>();
  return sessions.flatMap((session) => {
    const problems = checkAgainst(session, before);
    if (problems.length === 0) before.set(keyOfSession(session), session);
    return problems;
  });
}

/** Refuses sessions with the client identifier of one that another part of the same program opens at the same broker. */
export function checkSharedClientIds(
  sessions: readonly DeclaredSession[],
  others: readonly DeclaredSession[],
): Problem[] {
  // Of several the first, as in the order of the program.
  const known = new Map(others.toReversed().map((session) => [keyOfSession(session), session]));
  return sessions.flatMap((session) => checkAgainst(session, known));
}

/** The same text for sessions that are one at the broker. */
export function keyOfSession({ broker, clientId }: DeclaredSession): string {
  return JSON.stringify([broker, clientId]);
}

function checkAgainst(session: DeclaredSession, others: ReadonlyMap<string, DeclaredSession>): Problem[] {
  const other = others.get(keyOfSession(session));
  return other === undefined ? [] : describeSameId(session, other.path);
}

/** Says that a session is another one's too, which somebody opens at the same broker. */
export function describeSameId({ path, clientId }: DeclaredSession, opener: string): Problem[] {
  const problem = `opens the session "${clientId}", which ${opener} opens at the same broker`;
  return byRule("client-id", [{ path, problem, remedy: "give one of the endpoints another clientIdPrefix" }]);
}
