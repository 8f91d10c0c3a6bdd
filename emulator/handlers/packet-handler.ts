import type { BrokerCore } from "../core.ts";
import type { ConnectedClient, Connection, PacketHandler } from "../network/connection.ts";
import { parseConnect } from "../packet/connect-packet.ts";
import { PacketType, parseControl } from "../packet/control-packets.ts";
import type { AuthPacket, DisconnectPacket, PubackPacket } from "../packet/control-packets.ts";
import { ProtocolViolation } from "../packet/protocol-violation.ts";
import { parsePublish } from "../packet/publish.ts";
import { isFailure, ReasonCode } from "../packet/reason-code.ts";
import { handleAuth } from "./auth.ts";
import { handleConnect, refuseForeignConnect, refuseMalformedConnect } from "./connect.ts";
import { handlePublish } from "./publish.ts";
import { handleSubscribe, handleUnsubscribe } from "./subscribe.ts";

/** Handles the packets of a connection, whose first byte was checked: CONNECT comes first, and once. */
export const handlePacket: PacketHandler = (core, connection, bytes) => {
  const { client } = connection;
  if (!client) return handleFirst(core, connection, bytes);
  if ((bytes[0] ?? 0) >> 4 === PacketType.publish) {
    handlePublish(core, connection, client, parsePublish(bytes));
    return undefined;
  }
  return handleControl(core, connection, client, bytes);
};

function handleFirst(core: BrokerCore, connection: Connection, bytes: Buffer): Promise<void> | undefined {
  try {
    const packet = parseConnect(bytes);
    if (packet.cmd === "connect") return handleConnect(core, connection, packet);
    refuseForeignConnect(connection, packet);
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error;
    refuseMalformedConnect(connection, error);
  }
  return undefined;
}

function handleControl(
  core: BrokerCore,
  connection: Connection,
  client: ConnectedClient,
  bytes: Buffer,
): Promise<void> | undefined {
  const packet = parseControl(bytes);
  switch (packet.cmd) {
    case "puback":
      handlePuback(core, client, packet);
      return undefined;
    case "subscribe":
      handleSubscribe(core, connection, client, packet);
      return undefined;
    case "unsubscribe":
      handleUnsubscribe(core, connection, client, packet);
      return undefined;
    case "pingreq":
      connection.send({ cmd: "pingresp" });
      return undefined;
    case "disconnect":
      handleDisconnect(core, connection, client, packet);
      return undefined;
    case "auth":
      return checkedAuth(core, connection, client, packet);
  }
}

function checkedAuth(
  core: BrokerCore,
  connection: Connection,
  client: ConnectedClient,
  packet: AuthPacket,
): Promise<void> {
  checkRules(core, "auth", packet, client);
  return handleAuth(core, connection, client, packet);
}

function handlePuback(core: BrokerCore, client: ConnectedClient, packet: PubackPacket): void {
  const { packetIdentifier, reasonCode } = packet;
  checkRules(core, "puback", packet, client);
  const outcome = client.session.queue.acknowledge(packetIdentifier);
  const isKnown = outcome.kind === "acknowledged";
  const topic = isKnown ? outcome.delivery.message.topic : undefined;
  core.statistics.count(isKnown ? "acknowledged" : "unknownPubacks");
  if (isKnown && !outcome.isInOrder) core.statistics.count("outOfOrderPubacks");
  if (isFailure(reasonCode)) core.statistics.countRefusal("client PUBACK", reasonCode);
  core.onEvent?.({ kind: "puback", clientId: client.clientId, packetIdentifier, reasonCode, topic });
}

function handleDisconnect(
  core: BrokerCore,
  connection: Connection,
  client: ConnectedClient,
  packet: DisconnectPacket,
): void {
  checkRules(core, "disconnect", packet, client);
  const { session } = client;
  const expirySeconds = packet.properties.sessionExpiryInterval;
  if (expirySeconds !== undefined) {
    if (session.expirySeconds === 0 && expirySeconds > 0) {
      // [MQTT-3.14.2-2] forbids to start a session expiry here.
      throw new ProtocolViolation(ReasonCode.protocolError, "DISCONNECT sets a session expiry that CONNECT did not");
    }
    session.expirySeconds = Math.min(expirySeconds, client.limits.maxSessionExpirySeconds);
  }
  connection.clientDisconnected(packet.reasonCode);
}

function checkRules(
  core: BrokerCore,
  ...[about, packet, client]:
    | [about: "auth", packet: AuthPacket, client: ConnectedClient]
    | [about: "puback", packet: PubackPacket, client: ConnectedClient]
    | [about: "disconnect", packet: DisconnectPacket, client: ConnectedClient]
): void {
  const violation = core.rules.violation(about, packet, client.identity);
  if (violation) throw new ProtocolViolation(violation.reasonCode, violation.why);
}
