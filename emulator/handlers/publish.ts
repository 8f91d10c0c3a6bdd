import { summarize } from "../core.ts";
import type { BrokerCore } from "../core.ts";
import type { ConnectedClient, Connection } from "../network/connection.ts";
import { ProtocolViolation } from "../packet/protocol-violation.ts";
import type { PublishPacket } from "../packet/publish.ts";
import { isFailure, ReasonCode } from "../packet/reason-code.ts";
import { acceptPublish } from "../publishing.ts";
import type { PublishOutcome } from "../publishing.ts";

/**
 * Takes a PUBLISH in, routes it, and acknowledges it.
 * @throws {ProtocolViolation} when it breaks what CONNACK announced
 */
export function handlePublish(
  core: BrokerCore,
  connection: Connection,
  client: ConnectedClient,
  packet: PublishPacket,
): void {
  const publish = { ...packet, topic: resolveTopic(client, packet) };
  checkAnnounced(client, publish);
  const { qos, packetIdentifier, dup } = publish;
  // Also with DUP: a client sends again on a new connection only, [MQTT-4.4.0-1].
  const isInUse = qos > 0 && client.unacknowledged.has(packetIdentifier);
  if (qos > 0) occupyWindow(client, packetIdentifier);
  const outcome = isInUse ? packetIdentifierInUse : judge(core, client, publish);
  const { clientId } = client;
  core.onEvent?.({ kind: "publish", clientId, packetIdentifier, dup, message: summarize(publish), ...outcome });
  if (qos > 0) acknowledge(core, connection, client, packetIdentifier, outcome.reasonCode);
}

const packetIdentifierInUse: PublishOutcome = {
  reasonCode: ReasonCode.packetIdentifierInUse,
  why: "an earlier PUBLISH with this packet identifier has no PUBACK yet",
};

function resolveTopic(client: ConnectedClient, { topic, topicAlias }: PublishPacket): string {
  if (topicAlias === undefined) return topic;
  if (topicAlias > client.limits.topicAliasMaximum) {
    const why = `topic alias ${topicAlias} is not in 1 to ${client.limits.topicAliasMaximum}`;
    throw new ProtocolViolation(ReasonCode.topicAliasInvalid, why); // [MQTT-3.3.2-9]
  }
  if (topic !== "") {
    client.topicAliases.set(topicAlias, topic);
    return topic;
  }
  const known = client.topicAliases.get(topicAlias);
  if (known !== undefined) return known;
  throw new ProtocolViolation(ReasonCode.protocolError, `topic alias ${topicAlias} stands for no topic name yet`);
}

function checkAnnounced({ limits }: ConnectedClient, { qos, retain }: PublishPacket): void {
  if (qos > limits.maxQos) {
    throw new ProtocolViolation(ReasonCode.qosNotSupported, `QoS ${qos} is above ${limits.maxQos}`); // [MQTT-3.2.2-11]
  }
  if (retain && !limits.retainAvailable) {
    throw new ProtocolViolation(ReasonCode.retainNotSupported, "retained messages are not available"); // [MQTT-3.2.2-14]
  }
}

function occupyWindow({ unacknowledged, limits }: ConnectedClient, packetIdentifier: number): void {
  unacknowledged.add(packetIdentifier);
  if (unacknowledged.size <= limits.receiveMaximum) return;
  const why = `${unacknowledged.size} PUBLISHes are unacknowledged, more than ${limits.receiveMaximum}`;
  throw new ProtocolViolation(ReasonCode.receiveMaximumExceeded, why); // MQTT 5.0 §4.9
}

function judge(core: BrokerCore, { clientId, identity }: ConnectedClient, publish: PublishPacket): PublishOutcome {
  const reasonCode = core.faults.publishAnswers.take(clientId);
  if (reasonCode === undefined) return acceptPublish(core, identity, clientId, publish);
  if (!isFailure(reasonCode)) acceptPublish(core, identity, clientId, publish);
  else core.statistics.countRefusal("PUBACK", reasonCode);
  return { reasonCode, why: "fault: answered" };
}

function acknowledge(
  core: BrokerCore,
  connection: Connection,
  client: ConnectedClient,
  packetIdentifier: number,
  reasonCode: number,
): void {
  if (core.faults.droppedPubacks.take(client.clientId)) return;
  core.faults.passPuback(client.clientId, () => {
    client.unacknowledged.delete(packetIdentifier);
    connection.send({ cmd: "puback", messageId: packetIdentifier, reasonCode });
  });
}
