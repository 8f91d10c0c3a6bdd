/**
 * What has properties: packets, and the will within a CONNECT. DISCONNECT has others where a client sends it. PUBREC, PUBREL and
 * PUBCOMP are not here: nobody here uses QoS 2.
 */
export type PropertyOwner =
  | "CONNECT"
  | "will"
  | "CONNACK"
  | "PUBLISH"
  | "PUBACK"
  | "SUBSCRIBE"
  | "SUBACK"
  | "UNSUBSCRIBE"
  | "UNSUBACK"
  | "DISCONNECT"
  | "DISCONNECT of a client"
  | "AUTH";

/** How a value is encoded: integers of 1, 2, 4 or 1 to 4 bytes, UTF-8, bytes, and two texts. @see MQTT 5.0 §1.5 */
export type PropertyType = "byte" | "uint16" | "uint32" | "variableInteger" | "text" | "binary" | "pair";

/** What the standard says of one property. */
export interface Property {
  /** Its name in the standard, in camel case. */
  readonly name: string;
  readonly type: PropertyType;
  readonly owners: readonly PropertyOwner[];
  /** Whether a packet may have it more than once. */
  readonly isRepeatable?: true;
  /** Smallest value that is no Protocol Error; omitted: any that the type has. */
  readonly least?: number;
  /** Largest one. */
  readonly most?: number;
}

/** Identifiers of properties that code asks for by name. */
export const PropertyId = {
  payloadFormatIndicator: 0x01,
  messageExpiryInterval: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  subscriptionIdentifier: 0x0b,
  willDelayInterval: 0x18,
  topicAlias: 0x23,
  userProperty: 0x26,
} as const;

const message = ["PUBLISH", "will"] as const;
const answers = ["CONNACK", "PUBACK", "SUBACK", "UNSUBACK", "DISCONNECT", "DISCONNECT of a client", "AUTH"] as const;
const requests = ["CONNECT", "SUBSCRIBE", "UNSUBSCRIBE"] as const;
const onlyConnack = ["CONNACK"] as const;
const flag = { type: "byte", most: 1 } as const;

/**
 * Every property by its identifier. Who reads packets asks here which one belongs where, how often and in which bounds, on
 * either side. A Topic Alias of 0 has a reason code of its own, and no bound here.
 * @see MQTT 5.0 §2.2.2.2, table 2-4
 */
export const mqttProperties: Readonly<Partial<Record<number, Property>>> = {
  [PropertyId.payloadFormatIndicator]: { name: "payloadFormatIndicator", ...flag, owners: message },
  [PropertyId.messageExpiryInterval]: { name: "messageExpiryInterval", type: "uint32", owners: message },
  [PropertyId.contentType]: { name: "contentType", type: "text", owners: message },
  [PropertyId.responseTopic]: { name: "responseTopic", type: "text", owners: message },
  [PropertyId.correlationData]: { name: "correlationData", type: "binary", owners: message },
  // Repeatable in a PUBLISH of a server alone: each subscription that the message meets has one.
  [PropertyId.subscriptionIdentifier]: {
    name: "subscriptionIdentifier",
    type: "variableInteger",
    owners: ["PUBLISH", "SUBSCRIBE"],
    least: 1,
  },
  // A server's DISCONNECT has none: [MQTT-3.14.2-2]
  0x11: {
    name: "sessionExpiryInterval",
    type: "uint32",
    owners: ["CONNECT", "CONNACK", "DISCONNECT of a client"],
  },
  0x12: { name: "assignedClientIdentifier", type: "text", owners: onlyConnack },
  0x13: { name: "serverKeepAlive", type: "uint16", owners: onlyConnack },
  0x15: { name: "authenticationMethod", type: "text", owners: ["CONNECT", "CONNACK", "AUTH"] },
  0x16: { name: "authenticationData", type: "binary", owners: ["CONNECT", "CONNACK", "AUTH"] },
  0x17: { name: "requestProblemInformation", ...flag, owners: ["CONNECT"] },
  [PropertyId.willDelayInterval]: { name: "willDelayInterval", type: "uint32", owners: ["will"] },
  0x19: { name: "requestResponseInformation", ...flag, owners: ["CONNECT"] },
  0x1a: { name: "responseInformation", type: "text", owners: onlyConnack },
  // Only a server has a use for it; table 2-4 gives it to DISCONNECT, and no statement forbids it to a client.
  0x1c: {
    name: "serverReference",
    type: "text",
    owners: ["CONNACK", "DISCONNECT", "DISCONNECT of a client"],
  },
  0x1f: { name: "reasonString", type: "text", owners: answers },
  0x21: { name: "receiveMaximum", type: "uint16", owners: ["CONNECT", "CONNACK"], least: 1 },
  0x22: { name: "topicAliasMaximum", type: "uint16", owners: ["CONNECT", "CONNACK"] },
  [PropertyId.topicAlias]: { name: "topicAlias", type: "uint16", owners: ["PUBLISH"] },
  0x24: { name: "maximumQoS", ...flag, owners: onlyConnack },
  0x25: { name: "retainAvailable", ...flag, owners: onlyConnack },
  [PropertyId.userProperty]: {
    name: "userProperties",
    type: "pair",
    owners: [...message, ...answers, ...requests],
    isRepeatable: true,
  },
  0x27: { name: "maximumPacketSize", type: "uint32", owners: ["CONNECT", "CONNACK"], least: 1 },
  0x28: { name: "wildcardSubscriptionAvailable", ...flag, owners: onlyConnack },
  0x29: { name: "subscriptionIdentifiersAvailable", ...flag, owners: onlyConnack },
  0x2a: { name: "sharedSubscriptionAvailable", ...flag, owners: onlyConnack },
};
