import type { Identity } from "./authentication/authenticator.ts";
import type { BrokerCore } from "./core.ts";
import type { Message } from "./message.ts";
import type { PublishPacket } from "./packet/publish.ts";
import { ReasonCode } from "./packet/reason-code.ts";

/** What answers a PUBLISH. */
export interface PublishOutcome {
  readonly reasonCode: number;
  readonly why?: string;
}

/**
 * Checks a PUBLISH against the rules, keeps it when it is retained, and routes it.
 * @returns the reason code for its PUBACK, and why when it is a failure
 */
export function acceptPublish(
  core: BrokerCore,
  identity: Identity,
  clientId: string,
  publish: PublishPacket,
): PublishOutcome {
  const violation = core.rules.violation("publish", publish, identity);
  if (violation) {
    core.statistics.countRefusal("PUBACK", violation.reasonCode);
    return violation;
  }
  const message = toMessage(core, publish);
  if (publish.retain) core.retained.store(message);
  core.statistics.count("published");
  const isMatched = core.router.route(message, clientId) > 0;
  return { reasonCode: isMatched ? ReasonCode.success : ReasonCode.noMatchingSubscribers };
}

function toMessage({ clock }: BrokerCore, publish: PublishPacket): Message {
  const { topic, qos, retain, payload, keptProperties, messageExpirySeconds } = publish;
  const message = { topic, qos, retain, payload, keptProperties };
  if (messageExpirySeconds === undefined) return message;
  return { ...message, expiresAtMs: clock.nowMs() + messageExpirySeconds * clock.secondMs };
}
