import type { IAuthPacket, IDisconnectPacket, IPubackPacket, Packet } from "mqtt-packet";

import type { BrokerCore } from "../core.ts";
import type { ConnectedClient, Connection, PacketHandler } from "../network/connection.ts";
import { ControlParser } from "../packet/control-parser.ts";
import { ProtocolViolation } from "../packet/protocol-violation.ts";
import { parsePublish, publishType } from "../packet/publish.ts";
import { isFailure, ReasonCode } from "../packet/reason-code.ts";
import { handleAuth } from "./auth.ts";
import { handleConnect, refuseMalformedConnect } from "./connect.ts";
import { handlePublish } from "./publish.ts";
import { handleSubscribe, handleUnsubscribe } from "./subscribe.ts";

const typeMask = 0xf0;
const disconnectType = 0xe0;

/** Creates what handles the packets of one connection, CONNECT first. */
export function createPacketHandler(): PacketHandler {
  const parser = new ControlParser();
  return (core, connection, bytes) => {
    const { client } = connection;
    if (!client) return handleFirst(core, connection, parser, bytes);
    const type = (bytes[0] ?? 0) & typeMask;
    if (type === publishType) {
      handlePublish(core, connection, client, parsePublish(bytes));
      return undefined;
    }
    return handleControl(core, connection, client, parser.parse(bytes), type === disconnectType);
  };
}

function handleFirst(
  core: BrokerCore,
  connection: Connection,
  parser: ControlParser,
  bytes: Buffer,
): Promise<void> | undefined {
  try {
    const packet = parser.parse(bytes);
    if (packet.cmd === "connect") return handleConnect(core, connection, packet);
    throw new ProtocolViolation(ReasonCode.protocolError, `the first packet is ${packet.cmd}, not connect`);
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error;
    refuseMalformedConnect(connection, error);
    return undefined;
  }
}

function handleControl(
  core: BrokerCore,
  connection: Connection,
  client: ConnectedClient,
  packet: Packet,
  isDisconnect: boolean,
): Promise<void> | undefined {
  if (isDisconnect && packet.cmd === "disconnect") handleDisconnect(core, connection, client, packet);
  else if (packet.cmd === "puback") handlePuback(core, client, packet);
  else if (packet.cmd === "subscribe") handleSubscribe(core, connection, client, packet);
  else if (packet.cmd === "unsubscribe") handleUnsubscribe(core, connection, client, packet);
  else if (packet.cmd === "pingreq") connection.send({ cmd: "pingresp" });
  else if (packet.cmd === "auth") return checkedAuth(core, connection, client, packet);
  else throw new ProtocolViolation(ReasonCode.protocolError, `a client may not send ${packet.cmd} here`);
  return undefined;
}

function checkedAuth(
  core: BrokerCore,
  connection: Connection,
  client: ConnectedClient,
  packet: IAuthPacket,
): Promise<void> {
  checkRules(core, "auth", packet, client);
  return handleAuth(core, connection, client, packet);
}

function handlePuback(core: BrokerCore, client: ConnectedClient, packet: IPubackPacket): void {
  const packetIdentifier = packet.messageId ?? 0;
  const reasonCode = packet.reasonCode ?? ReasonCode.success;
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
  packet: IDisconnectPacket,
): void {
  checkRules(core, "disconnect", packet, client);
  const { session } = client;
  const expirySeconds = packet.properties?.sessionExpiryInterval;
  if (expirySeconds !== undefined) {
    if (session.expirySeconds === 0 && expirySeconds > 0) {
      // [MQTT-3.14.2-2] forbids to start a session expiry here.
      throw new ProtocolViolation(ReasonCode.protocolError, "DISCONNECT sets a session expiry that CONNECT did not");
    }
    session.expirySeconds = Math.min(expirySeconds, client.limits.maxSessionExpirySeconds);
  }
  connection.clientDisconnected(packet.reasonCode ?? ReasonCode.success);
}

function checkRules(
  core: BrokerCore,
  ...[about, packet, client]:
    | [about: "auth", packet: IAuthPacket, client: ConnectedClient]
    | [about: "puback", packet: IPubackPacket, client: ConnectedClient]
    | [about: "disconnect", packet: IDisconnectPacket, client: ConnectedClient]
): void {
  const violation = core.rules.violation(about, packet, client.identity);
  if (violation) throw new ProtocolViolation(violation.reasonCode, violation.why);
}
