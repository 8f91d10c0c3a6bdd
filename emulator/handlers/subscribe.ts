import { parseSharedFilter, topicFilterProblem } from "../../runtime/contract/topic/filter.ts";
import type { BrokerCore } from "../core.ts";
import type { ConnectedClient, Connection } from "../network/connection.ts";
import type { AskedSubscription, SubscribePacket, UnsubscribePacket } from "../packet/control-packets.ts";
import { ProtocolViolation } from "../packet/protocol-violation.ts";
import { isFailure, ReasonCode } from "../packet/reason-code.ts";
import type { Violation } from "../rules.ts";
import type { Subscription } from "../session/subscription.ts";

/** What became of one filter of a SUBSCRIBE. */
interface Grant {
  readonly reasonCode: number;
  /** Why it failed. */
  readonly why: string | undefined;
  readonly subscription: Subscription;
  /** Whether the session had no subscription with that filter. */
  readonly isNew: boolean;
}

/** Carries a SUBSCRIBE out: SUBACK first, then retained messages. */
export function handleSubscribe(
  core: BrokerCore,
  connection: Connection,
  client: ConnectedClient,
  packet: SubscribePacket,
): void {
  const { packetIdentifier: messageId } = packet;
  const maxQos = Math.min(client.limits.maxQos, core.faults.grantedQos.take(client.clientId) ?? client.limits.maxQos);
  const refusal = packetRefusal(core, client, packet);
  const identifier = packet.properties.subscriptionIdentifier ?? 0;
  const grants = packet.subscriptions.map((asked): Grant => {
    const { reasonCode, why } = refusal ?? filterRefusal(core, client, asked) ?? granted(Math.min(asked.qos, maxQos));
    const subscription = toSubscription(asked, reasonCode, identifier);
    const isNew = !isFailure(reasonCode) && core.router.subscribe(client.session, subscription);
    return { reasonCode, why, subscription, isNew };
  });
  const filters = grants.map(({ subscription: { filter }, reasonCode, why }) => ({ filter, reasonCode, why }));
  for (const { reasonCode } of grants) if (isFailure(reasonCode)) core.statistics.countRefusal("SUBACK", reasonCode);
  core.onEvent?.({ kind: "subscribe", clientId: client.clientId, filters });
  if (!core.faults.droppedSubacks.take(client.clientId)) {
    connection.send({ cmd: "suback", messageId, granted: grants.map(({ reasonCode }) => reasonCode) });
  }
  for (const grant of grants) sendRetained(core, client, grant);
}

/** Takes the filters of an UNSUBSCRIBE away. */
export function handleUnsubscribe(
  core: BrokerCore,
  connection: Connection,
  client: ConnectedClient,
  packet: UnsubscribePacket,
): void {
  const { packetIdentifier: messageId } = packet;
  const violation = core.rules.violation("unsubscribe", packet, client.identity);
  const filters = packet.filters.map((filter) => {
    if (violation) return { filter, reasonCode: violation.reasonCode };
    const isGone = core.router.unsubscribe(client.session, filter);
    return { filter, reasonCode: isGone ? ReasonCode.success : ReasonCode.noSubscriptionExisted };
  });
  core.onEvent?.({ kind: "unsubscribe", clientId: client.clientId, filters });
  connection.send({ cmd: "unsuback", messageId, granted: filters.map(({ reasonCode }) => reasonCode) });
}

function packetRefusal(core: BrokerCore, client: ConnectedClient, packet: SubscribePacket): Violation | undefined {
  const { maxFiltersPerSubscribe, subscriptionIdentifiersAvailable } = client.limits;
  const filters = packet.subscriptions.length;
  if (filters > maxFiltersPerSubscribe) {
    // No page of Event Grid says which reason code.
    return { reasonCode: ReasonCode.quotaExceeded, why: `${filters} filters, more than ${maxFiltersPerSubscribe}` };
  }
  if (packet.properties.subscriptionIdentifier !== undefined && !subscriptionIdentifiersAvailable) {
    const why = "subscription identifiers are not available";
    return { reasonCode: ReasonCode.subscriptionIdentifiersNotSupported, why };
  }
  return core.rules.violation("subscribe", packet, client.identity);
}

function filterRefusal(core: BrokerCore, client: ConnectedClient, asked: AskedSubscription): Violation | undefined {
  const { limits, session } = client;
  const shared = parseSharedFilter(asked.filter);
  const problem = topicFilterProblem(asked.filter);
  if (problem !== undefined || shared === "malformed") {
    return { reasonCode: ReasonCode.topicFilterInvalid, why: `topic filter "${asked.filter}" ${problem ?? ""}` };
  }
  if (shared && !limits.sharedSubscriptionAvailable) {
    const why = "shared subscriptions are not available";
    return { reasonCode: ReasonCode.sharedSubscriptionsNotSupported, why };
  }
  if (shared && asked.noLocal) {
    throw new ProtocolViolation(ReasonCode.protocolError, "a shared subscription asks for No Local"); // [MQTT-3.8.3-4]
  }
  if (/[+#]/.test(asked.filter) && !limits.wildcardSubscriptionAvailable) {
    const why = "wildcard subscriptions are not available";
    return { reasonCode: ReasonCode.wildcardSubscriptionsNotSupported, why };
  }
  const isOneMore = !session.subscriptions.has(asked.filter);
  if (isOneMore && session.subscriptions.size >= limits.maxSubscriptionsPerSession) {
    const why = `the session already has ${session.subscriptions.size} subscriptions`;
    return { reasonCode: ReasonCode.quotaExceeded, why };
  }
  return core.rules.violation("filter", shared?.filter ?? asked.filter, client.identity);
}

function granted(qos: number): { reasonCode: number; why: string | undefined } {
  return { reasonCode: qos, why: undefined };
}

function toSubscription(asked: AskedSubscription, qos: number, identifier: number): Subscription {
  return { ...asked, qos, identifier };
}

function sendRetained(core: BrokerCore, { session }: ConnectedClient, grant: Grant): void {
  const { subscription, reasonCode, isNew } = grant;
  if (isFailure(reasonCode) || parseSharedFilter(subscription.filter)) return; // [MQTT-3.8.4]: not for shared ones
  if (subscription.retainHandling === 2 || (subscription.retainHandling === 1 && !isNew)) return;
  for (const message of core.retained.matching(subscription.filter)) {
    core.router.sendRetained(session, subscription, message);
  }
}
