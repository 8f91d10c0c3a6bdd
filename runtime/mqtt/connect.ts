import { maxPublishPacketId } from "../contract/packet-ids.ts";
import { isFailure, mqtt5Remedy } from "../contract/reason-codes.ts";
import { encodeControlPacket, type IConnackPacket } from "./control-packets.ts";

/** What CONNECT says. @see MQTT 5.0 §3.1 */
export interface ConnectOptions {
  /** The broker, as messages name it: `source aio-broker:18883`. */
  readonly peer: string;
  readonly clientId: string;
  readonly cleanStart: boolean;
  readonly sessionExpirySeconds: number;
  readonly keepAliveSeconds: number;
  /** QoS 1 messages that the server may send before an acknowledgement. */
  readonly receiveMaximum: number;
  readonly username?: string;
  readonly password?: Buffer;
  readonly authenticationMethod?: string;
  readonly authenticationData?: Buffer;
  /** Time for CONNACK, SUBACK and UNSUBACK to come. */
  readonly timeoutMs: number;
}

/** What the server announced in CONNACK, its defaults filled in. @see MQTT 5.0 §3.2.2.3 */
export interface ServerLimits {
  readonly sessionPresent: boolean;
  /** At most {@link maxPublishPacketId}: no more messages can be in flight. */
  readonly receiveMaximum: number;
  readonly maximumQoS: number;
  readonly retainAvailable: boolean;
  readonly maximumPacketBytes: number;
  readonly sharedSubscriptionAvailable: boolean;
  readonly wildcardSubscriptionAvailable: boolean;
  readonly subscriptionIdentifiersAvailable: boolean;
  /** How long the server keeps the session, where it keeps it for another time than CONNECT asked for. */
  readonly sessionExpirySeconds: number | undefined;
}

/** Encodes CONNECT. */
export function encodeConnect(options: ConnectOptions): Buffer {
  const { clientId, cleanStart, keepAliveSeconds, username, password, authenticationMethod, authenticationData } =
    options;
  return encodeControlPacket({
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 5,
    clientId,
    clean: cleanStart,
    keepalive: keepAliveSeconds,
    ...(username === undefined ? {} : { username }),
    // mqtt-packet keeps to MQTT 3's rule that a password needs a user name; an empty one says as little as none.
    ...(password === undefined ? {} : { username: username ?? "", password }),
    properties: {
      sessionExpiryInterval: options.sessionExpirySeconds,
      receiveMaximum: options.receiveMaximum,
      ...(authenticationMethod === undefined ? {} : { authenticationMethod }),
      ...(authenticationData === undefined ? {} : { authenticationData }),
    },
  });
}

/** Bytes behind the fixed header of a CONNACK of MQTT 3.1.1. MQTT 5 has the length of the properties behind them. */
const oldConnackBytes = 2;

/**
 * Finds a CONNACK that is none of MQTT 5, such as that of a broker with MQTT 3.1.1 only; `undefined` when it is one.
 * A failure of MQTT 5 counts as one also where the properties are left out.
 * @see MQTT 3.1.1 §3.2.2.3
 */
export function describeOldConnack({ length = 0, reasonCode = 0 }: IConnackPacket): string | undefined {
  if (length >= oldConnackBytes && isFailure(reasonCode)) return undefined;
  if (length > oldConnackBytes && reasonCode === 0) return undefined;
  return `does not speak MQTT 5 (the return code of its CONNACK is ${reasonCode}); ${mqtt5Remedy}`;
}

/** Reads what a CONNACK announces. Defaults: MQTT 5.0 §3.2.2.3. */
export function readLimits({ sessionPresent, properties }: IConnackPacket): ServerLimits {
  return {
    sessionPresent,
    receiveMaximum: Math.min(properties?.receiveMaximum ?? maxPublishPacketId, maxPublishPacketId),
    maximumQoS: properties?.maximumQoS ?? 2,
    retainAvailable: properties?.retainAvailable ?? true,
    maximumPacketBytes: properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    sharedSubscriptionAvailable: properties?.sharedSubscriptionAvailable ?? true,
    wildcardSubscriptionAvailable: properties?.wildcardSubscriptionAvailable ?? true,
    subscriptionIdentifiersAvailable: properties?.subscriptionIdentifiersAvailable ?? true,
    sessionExpirySeconds: properties?.sessionExpiryInterval,
  };
}
