import { checkCredentials } from "../authentication/check-credentials.ts";
import type { BrokerCore } from "../core.ts";
import type { ConnectedClient, Connection } from "../network/connection.ts";
import type { AuthPacket } from "../packet/control-packets.ts";
import { ProtocolViolation } from "../packet/protocol-violation.ts";
import { ReasonCode } from "../packet/reason-code.ts";
import { watchExpiry } from "./identity-expiry.ts";

/** Authenticates a connected client again. @see MQTT 5.0 §4.12.1 */
export async function handleAuth(
  core: BrokerCore,
  connection: Connection,
  client: ConnectedClient,
  packet: AuthPacket,
): Promise<void> {
  checkAuth(client, packet);
  const { authenticationMethod: method, authenticationData: data } = packet.properties;
  const authentication = await checkCredentials(core.authenticators, { clientId: client.clientId, method, data });
  if (!connection.isOpen) return;
  if (authentication.kind === "refused") {
    connection.disconnect(authentication.reasonCode, "ClientAuthenticationError", authentication.why);
    return;
  }
  const { authenticationName } = authentication.identity;
  if (authenticationName !== client.identity.authenticationName) {
    const why = `re-authentication changes "${client.identity.authenticationName}" to "${authenticationName}"`;
    connection.disconnect(ReasonCode.notAuthorized, "ClientAuthenticationError", why);
    return;
  }
  client.identity = authentication.identity;
  watchExpiry(connection, client, authentication.expiresAtMs);
  const properties =
    client.authenticationMethod === undefined ? {} : { authenticationMethod: client.authenticationMethod };
  connection.send({ cmd: "auth", reasonCode: ReasonCode.success, properties });
  core.onEvent?.({ kind: "reauthenticate", clientId: client.clientId, authenticationName });
}

function checkAuth(client: ConnectedClient, packet: AuthPacket): void {
  if (client.authenticationMethod === undefined) {
    throw new ProtocolViolation(ReasonCode.protocolError, "AUTH without Authentication Method in CONNECT"); // [MQTT-4.12.0-7]
  }
  if (packet.reasonCode !== ReasonCode.reauthenticate) {
    throw new ProtocolViolation(ReasonCode.protocolError, "AUTH after CONNACK has to be 0x19, re-authenticate");
  }
  if (packet.properties.authenticationMethod !== client.authenticationMethod) {
    throw new ProtocolViolation(ReasonCode.protocolError, "AUTH changes the Authentication Method"); // [MQTT-4.12.1-1]
  }
}
