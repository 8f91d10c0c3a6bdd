import { randomUUID } from "node:crypto";

import type { IConnackPacket } from "mqtt-packet";

import { topicNameProblem } from "../../runtime/contract/topic/filter.ts";
import type { Authentication, Credentials, Identity } from "../authentication/authenticator.ts";
import { checkCredentials } from "../authentication/check-credentials.ts";
import type { BrokerCore } from "../core.ts";
import { defaultReceiveMaximum, unlimited } from "../limits.ts";
import type { Limits } from "../limits.ts";
import type { ConnectedClient, Connection } from "../network/connection.ts";
import type { ConnectPacket, ForeignConnect } from "../packet/connect-packet.ts";
import type { ProtocolViolation } from "../packet/protocol-violation.ts";
import { ReasonCode } from "../packet/reason-code.ts";
import type { Violation } from "../rules.ts";
import type { Receiver } from "../session/delivery-queue.ts";
import { buildConnack, encodeRefusal } from "./connack.ts";
import { watchExpiry } from "./identity-expiry.ts";

const mqtt5 = 5;
/** A server ends the connection when nothing comes for so many keep alives. @see [MQTT-3.1.2-22] */
const keepAliveFactor = 1.5;

/** Answers a CONNECT that can't be read, or that MQTT 5 does not allow. */
export function refuseMalformedConnect(connection: Connection, { reasonCode, message }: ProtocolViolation): void {
  connection.refuse("", reasonCode, message, encodeRefusal(reasonCode, mqtt5));
}

/** Answers a CONNECT of another version, in the form of that version. */
export function refuseForeignConnect(connection: Connection, { protocolVersion }: ForeignConnect): void {
  const reasonCode = ReasonCode.unsupportedProtocolVersion;
  connection.refuse("", reasonCode, "only MQTT 5 is spoken here", encodeRefusal(reasonCode, protocolVersion));
}

/** Authenticates a client and gives it its session, or refuses it. */
export async function handleConnect(core: BrokerCore, connection: Connection, packet: ConnectPacket): Promise<void> {
  const assigned = packet.clientId === "" ? randomUUID() : undefined;
  const clientId = assigned ?? packet.clientId;
  const refuse = ({ reasonCode, why }: Violation) => {
    const { maximumPacketSize = Infinity } = packet.properties;
    const bytes = encodeRefusal(reasonCode, mqtt5);
    // Nothing larger than the client takes: [MQTT-3.1.2-24].
    connection.refuse(clientId, reasonCode, why, bytes.length <= maximumPacketSize ? bytes : undefined);
  };
  if (core.faults.droppedConnacks.take(clientId)) return;
  const violation = faultOf(core, clientId) ?? checkConnect(core, packet);
  if (violation) {
    refuse(violation);
    return;
  }
  const authentication = await checkCredentials(core.authenticators, readCredentials(connection, packet, clientId));
  if (!connection.isOpen) return;
  if (authentication.kind === "refused") refuse(authentication);
  else {
    const refusal = core.sessions.refusal(clientId, authentication.identity);
    if (refusal) refuse(refusal);
    else accept(core, connection, packet, clientId, assigned, authentication);
  }
}

function faultOf(core: BrokerCore, clientId: string): Violation | undefined {
  const reasonCode = core.faults.refusedConnections.take(clientId);
  return reasonCode === undefined ? undefined : { reasonCode, why: "fault: refused" };
}

function checkConnect(core: BrokerCore, packet: ConnectPacket): Violation | undefined {
  const limits = core.limits();
  const will = packet.will?.publish;
  if (will !== undefined && will.qos > limits.maxQos) {
    return { reasonCode: ReasonCode.qosNotSupported, why: "the QoS of the will message is not supported" };
  }
  if (will?.retain === true && !limits.retainAvailable) {
    return { reasonCode: ReasonCode.retainNotSupported, why: "the will message may not be retained" };
  }
  const willProblem = will && topicNameProblem(will.topic);
  if (willProblem !== undefined) {
    return { reasonCode: ReasonCode.topicNameInvalid, why: `the topic of the will message ${willProblem}` };
  }
  return core.rules.violation("connect", packet);
}

function readCredentials(connection: Connection, packet: ConnectPacket, clientId: string): Credentials {
  return {
    clientId,
    method: packet.properties.authenticationMethod,
    data: packet.properties.authenticationData,
    userName: packet.userName,
    password: packet.password,
    certificate: connection.certificate,
  };
}

/** What both sides of an accepted CONNECT agreed on. */
interface Agreement {
  readonly limits: Limits;
  readonly keepAliveSeconds: number;
  readonly askedExpirySeconds: number;
  readonly expirySeconds: number;
}

/** Opens the session, answers CONNACK, and starts delivery: in this order, in one turn. */
function accept(
  core: BrokerCore,
  connection: Connection,
  packet: ConnectPacket,
  clientId: string,
  assignedClientIdentifier: string | undefined,
  authentication: Extract<Authentication, { kind: "accepted" }>,
): void {
  const agreement = agree(core.limits(), packet);
  const { limits, keepAliveSeconds, expirySeconds } = agreement;
  const { identity } = authentication;
  const { will, cleanStart } = packet;
  const { session, isPresent } = core.sessions.open({ clientId, identity, cleanStart, expirySeconds });
  const client = createClient(clientId, session, identity, limits, packet);
  session.connection = connection;
  session.will = will;
  connection.client = client;
  connection.send(answer(agreement, packet, isPresent, assignedClientIdentifier));
  if (!connection.isOpen) return;
  connection.expectPacketsEvery(keepAliveSeconds * keepAliveFactor * core.clock.secondMs);
  watchExpiry(connection, client, authentication.expiresAtMs);
  core.statistics.count("connects");
  const receiver = createReceiver(core, connection, packet);
  core.onEvent?.({
    kind: "connect",
    clientId,
    ...identity,
    sessionPresent: isPresent,
    cleanStart,
    receiveMaximum: receiver.receiveMaximum,
    sessionExpirySeconds: expirySeconds,
    keepAliveSeconds,
  });
  session.queue.attach(receiver);
}

function agree(limits: Limits, { properties, keepAliveSeconds }: ConnectPacket): Agreement {
  const askedExpirySeconds = properties.sessionExpiryInterval ?? 0;
  const expirySeconds = Math.min(askedExpirySeconds, limits.maxSessionExpirySeconds);
  return { limits, keepAliveSeconds: agreeKeepAlive(keepAliveSeconds, limits), askedExpirySeconds, expirySeconds };
}

function answer(
  { limits, keepAliveSeconds, askedExpirySeconds, expirySeconds }: Agreement,
  packet: ConnectPacket,
  sessionPresent: boolean,
  assignedClientIdentifier: string | undefined,
): IConnackPacket {
  const isExpiryTold = limits.isSessionExpiryAnnounced && expirySeconds !== askedExpirySeconds;
  const facts = {
    sessionPresent,
    assignedClientIdentifier,
    serverKeepAliveSeconds: keepAliveSeconds === packet.keepAliveSeconds ? undefined : keepAliveSeconds,
    sessionExpirySeconds: isExpiryTold ? expirySeconds : undefined,
    authenticationMethod: packet.properties.authenticationMethod,
  };
  return buildConnack(facts, limits);
}

function createClient(
  clientId: string,
  session: ConnectedClient["session"],
  identity: Identity,
  limits: Limits,
  { properties: { authenticationMethod, maximumPacketSize = Infinity } }: ConnectPacket,
): ConnectedClient {
  const topicAliases = new Map<number, string>();
  const unacknowledged = new Set<number>();
  return {
    clientId,
    session,
    identity,
    limits,
    maxSentBytes: maximumPacketSize,
    authenticationMethod,
    topicAliases,
    unacknowledged,
    expiryTimer: undefined,
  };
}

/** The keep alive that holds; 0 is none. */
function agreeKeepAlive(asked: number, { serverKeepAliveSeconds, maxKeepAliveSeconds }: Limits): number {
  if (serverKeepAliveSeconds !== undefined) return serverKeepAliveSeconds;
  if (maxKeepAliveSeconds === Infinity) return asked;
  return asked === 0 ? maxKeepAliveSeconds : Math.min(asked, maxKeepAliveSeconds);
}

function createReceiver(core: BrokerCore, connection: Connection, { properties }: ConnectPacket): Receiver {
  return {
    receiveMaximum: properties.receiveMaximum ?? defaultReceiveMaximum,
    maxPacketBytes: properties.maximumPacketSize ?? unlimited.maxPacketBytes,
    isCongested: () => connection.isCongested,
    isReceiveMaximumIgnored: () => core.faults.isReceiveMaximumIgnored,
    send: (bytes) => {
      connection.sendBytes(bytes);
    },
  };
}
