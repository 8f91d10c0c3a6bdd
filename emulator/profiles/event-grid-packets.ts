import type { Identity } from "../authentication/authenticator.ts";
import type { TopicSpaceAccess } from "../access/topic-space-access.ts";
import { readMessageProperties } from "../packet/message-properties.ts";
import type { PublishPacket } from "../packet/publish.ts";
import { isFailure, ReasonCode } from "../packet/reason-code.ts";
import type { CheckedPackets, PacketRule, Violation } from "../rules.ts";
import { EventGridPage } from "./event-grid-pages.ts";

const { mqttSupport, quotas, entraAuthentication } = EventGridPage;
const maxTopicBytes = 256;
const maxSegments = 15;
const maxPropertyBytes = 256;
const maxUserPropertiesBytes = 32 * 1024;
const maxAuthenticationBytes = 8 * 1024;
const maxRetainedBytes = 64 * 1024;

/**
 * The rules of Event Grid's MQTT broker about packets. No page says which reason code answers which violation, so
 * the codes are the nearest ones of MQTT 5.
 */
export function eventGridPacketRules(access: TopicSpaceAccess): PacketRule[] {
  return [
    ...userPropertyRules(),
    rule("connect", "authentication data has at most 8 KB", quotas, ({ properties }) =>
      tooLong("the Authentication Data", properties.authenticationData?.length, maxAuthenticationBytes),
    ),
    rule("auth", "authentication data of AUTH has at most 8 KB", quotas, ({ properties }) =>
      tooLong("the Authentication Data", properties.authenticationData?.length, maxAuthenticationBytes),
    ),
    rule("puback", "a client's PUBACK with an error code ends the connection", mqttSupport, ({ reasonCode }) =>
      violation(isFailure(reasonCode), ReasonCode.implementationSpecificError, "PUBACK has an error code"),
    ),
    rule("publish", "a topic name has at most 256 bytes and 15 segments", quotas, ({ topic }) =>
      oversizedTopic("the topic name", topic, ReasonCode.topicNameInvalid),
    ),
    rule("filter", "a topic filter has at most 256 bytes and 15 segments", quotas, (filter) =>
      oversizedTopic("the topic filter", filter, ReasonCode.topicFilterInvalid),
    ),
    rule("publish", "the properties of a PUBLISH are limited in size", quotas, oversizedProperties),
    rule("publish", "a retained message has at most 64 KB", quotas, ({ retain, payload }) =>
      tooLong("the retained payload", retain ? payload.length : 0, maxRetainedBytes),
    ),
    rule(
      "publish",
      "publishing takes the Publisher role on a topic space",
      entraAuthentication,
      ({ topic }, identity) =>
        violation(!identity || !access.mayPublish(identity, topic), ReasonCode.notAuthorized, `no role for "${topic}"`),
    ),
    rule("filter", "subscribing takes the Subscriber role on a topic space", entraAuthentication, (filter, identity) =>
      violation(
        !identity || !access.maySubscribe(identity, filter),
        ReasonCode.notAuthorized,
        `no role for "${filter}"`,
      ),
    ),
  ];
}

function rule<K extends keyof CheckedPackets>(
  about: K,
  name: string,
  source: string,
  check: (packet: CheckedPackets[K], identity: Identity | undefined) => Violation | undefined,
): PacketRule {
  // TypeScript does not narrow the mapped union by a type parameter.
  return { about, name, source, check } as unknown as PacketRule;
}

/** User properties are for PUBLISH only. UNSUBSCRIBE is not in the page's list, but is no PUBLISH. */
function userPropertyRules(): PacketRule[] {
  const kinds = ["connect", "subscribe", "unsubscribe", "puback", "auth", "disconnect"] as const;
  return kinds.map((kind) =>
    rule(kind, `${kind.toUpperCase()} may not have user properties`, mqttSupport, ({ properties }) =>
      violation(
        properties.userProperties !== undefined,
        ReasonCode.implementationSpecificError,
        "user properties are for PUBLISH only",
      ),
    ),
  );
}

function oversizedTopic(what: string, topic: string, reasonCode: number): Violation | undefined {
  const bytes = Buffer.byteLength(topic);
  const segments = topic.split("/").length;
  if (bytes > maxTopicBytes) return { reasonCode, why: `${what} has ${bytes} bytes, more than ${maxTopicBytes}` };
  return violation(segments > maxSegments, reasonCode, `${what} has ${segments} segments, more than ${maxSegments}`);
}

function oversizedProperties({ keptProperties }: PublishPacket): Violation | undefined {
  if (keptProperties.length <= maxPropertyBytes) return undefined;
  const { responseTopic, contentType, correlationData, userProperties } = readMessageProperties(keptProperties);
  const userBytes = userProperties.flat().reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return (
    tooLong("the Response Topic", byteLength(responseTopic), maxPropertyBytes) ??
    tooLong("the Content Type", byteLength(contentType), maxPropertyBytes) ??
    tooLong("the Correlation Data", correlationData?.length, maxPropertyBytes) ??
    tooLong("the User Properties", userBytes, maxUserPropertiesBytes)
  );
}

function byteLength(text = ""): number {
  return Buffer.byteLength(text);
}

function tooLong(what: string, bytes = 0, maximum: number): Violation | undefined {
  return violation(bytes > maximum, ReasonCode.quotaExceeded, `${what}: ${bytes} bytes, more than ${maximum}`);
}

function violation(isBroken: boolean, reasonCode: number, why: string): Violation | undefined {
  return isBroken ? { reasonCode, why } : undefined;
}
