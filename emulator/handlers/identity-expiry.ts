import { maxTimerMs } from "../clock.ts";
import type { ConnectedClient, Connection } from "../network/connection.ts";
import { ReasonCode } from "../packet/reason-code.ts";

/**
 * Ends the connection when the client's proof of identity expires, unless it authenticates again before.
 * No page says what Event Grid does then; ClientAuthenticationError is an inference from its life cycle events.
 */
export function watchExpiry(connection: Connection, client: ConnectedClient, expiresAtMs: number | undefined): void {
  clearTimeout(client.expiryTimer);
  client.expiryTimer = undefined;
  if (expiresAtMs === undefined) return;
  const leftMs = Math.min(Math.max(0, expiresAtMs - Date.now()), maxTimerMs);
  client.expiryTimer = setTimeout(() => {
    connection.disconnect(ReasonCode.notAuthorized, "ClientAuthenticationError", "the token expired");
  }, leftMs);
}
