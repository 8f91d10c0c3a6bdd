import type { Identity } from "./authentication/authenticator.ts";
import type { BrokerCore } from "./core.ts";
import type { Message } from "./message.ts";
import type { PublishPacket } from "./packet/publish.ts";
import { ReasonCode } from "./packet/reason-code.ts";

/**
 * Checks a PUBLISH against the rules, keeps it when it is retained, and routes it.
 * @returns the reason code for its PUBACK
 */
export function acceptPublish(core: BrokerCore, identity: Identity, clientId: string, publish: PublishPacket): number {
  const violation = core.rules.violation("publish", publish, identity);
  if (violation) {
    core.statistics.countRefusal("PUBACK", violation.reasonCode);
    return violation.reasonCode;
  }
  const message = toMessage(core, publish);
  if (publish.retain) core.retained.store(message);
  core.statistics.count("published");
  return core.router.route(message, clientId) > 0 ? ReasonCode.success : ReasonCode.noMatchingSubscribers;
}

function toMessage({ clock }: BrokerCore, publish: PublishPacket): Message {
  const { topic, qos, retain, payload, keptProperties, messageExpirySeconds } = publish;
  const message = { topic, qos, retain, payload, keptProperties };
  if (messageExpirySeconds === undefined) return message;
  return { ...message, expiresAtMs: clock.nowMs() + messageExpirySeconds * clock.secondMs };
}
