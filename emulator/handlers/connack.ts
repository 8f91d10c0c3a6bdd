import { generate } from "mqtt-packet";
import type { IConnackPacket } from "mqtt-packet";

import { defaultReceiveMaximum, unlimited } from "../limits.ts";
import type { Limits } from "../limits.ts";
import { ReasonCode } from "../packet/reason-code.ts";

type ConnackProperties = NonNullable<IConnackPacket["properties"]>;

/** What CONNACK says beyond the limits. */
export interface ConnackFacts {
  readonly sessionPresent: boolean;
  readonly assignedClientIdentifier?: string | undefined;
  /** Only when it differs from what the client asked for. */
  readonly serverKeepAliveSeconds?: number | undefined;
  /** Only when it differs from what the client asked for. */
  readonly sessionExpirySeconds?: number | undefined;
  readonly authenticationMethod?: string | undefined;
}

/** Builds the CONNACK of an accepted connection. What has MQTT's default value is left out. @see MQTT 5.0 §3.2.2.3 */
export function buildConnack(facts: ConnackFacts, limits: Limits): IConnackPacket {
  const all: { [K in keyof ConnackProperties]: ConnackProperties[K] | undefined } = {
    sessionExpiryInterval: facts.sessionExpirySeconds,
    receiveMaximum: unlessDefault(limits.receiveMaximum, defaultReceiveMaximum),
    maximumQoS: limits.maxQos,
    retainAvailable: unlessDefault(limits.retainAvailable, true),
    maximumPacketSize: unlessDefault(limits.maxPacketBytes, unlimited.maxPacketBytes),
    assignedClientIdentifier: facts.assignedClientIdentifier,
    topicAliasMaximum: unlessDefault(limits.topicAliasMaximum, 0),
    wildcardSubscriptionAvailable: unlessDefault(limits.wildcardSubscriptionAvailable, true),
    subscriptionIdentifiersAvailable: unlessDefault(limits.subscriptionIdentifiersAvailable, true),
    sharedSubscriptionAvailable: unlessDefault(limits.sharedSubscriptionAvailable, true),
    serverKeepAlive: facts.serverKeepAliveSeconds,
    authenticationMethod: facts.authenticationMethod,
  };
  const said = Object.entries(all).filter(([, value]) => value !== undefined);
  const properties: ConnackProperties = Object.fromEntries(said);
  return { cmd: "connack", reasonCode: ReasonCode.success, sessionPresent: facts.sessionPresent, properties };
}

function unlessDefault<T>(value: T, mqttDefault: T): T | undefined {
  return value === mqttDefault ? undefined : value;
}

/** The version byte of MQTT 3.1.1's CONNECT. */
const mqtt311 = 4;
/** "Unacceptable protocol version". @see MQTT 3.1.1 §3.2.2.3 */
const unacceptableVersion = 1;

/** Encodes the CONNACK that refuses a connection, in the form of the client's protocol version. */
export function encodeRefusal(reasonCode: number, protocolVersion: number): Buffer {
  if (protocolVersion < 5) {
    const options = { protocolVersion: mqtt311 };
    return generate({ cmd: "connack", returnCode: unacceptableVersion, sessionPresent: false }, options);
  }
  return generate({ cmd: "connack", reasonCode, sessionPresent: false }, { protocolVersion: 5 });
}
