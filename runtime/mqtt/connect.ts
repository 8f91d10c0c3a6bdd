import { maxPublishPacketId } from "../contract/packet-ids.ts";
import { isFailure, mqtt5Remedy } from "../contract/reason-codes.ts";
import { encodeControlPacket } from "./control-packets.ts";
import { protocolError } from "./wire/protocol-error.ts";
import { readConnack, type Connack, type PacketBytes } from "./wire/server-packets.ts";

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
  /** What else must not stand in a message, should the server repeat it; password and authentication data are known. */
  readonly secrets?: readonly string[];
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
 * @param length bytes behind the fixed header
 * @see MQTT 3.1.1 §3.2.2.3
 */
export function describeOldConnack(length: number, reasonCode: number): string | undefined {
  if (length >= oldConnackBytes && isFailure(reasonCode)) return undefined;
  if (length > oldConnackBytes && reasonCode === 0) return undefined;
  return `does not speak MQTT 5 (the return code of its CONNACK is ${reasonCode}); ${mqtt5Remedy}`;
}

/**
 * Reads the CONNACK that answers a CONNECT.
 * @param onAccepted called when it accepts the connection, before the rest of it is read
 * @returns what it says; `old` where it is none of MQTT 5: what the server does, for a message
 * @throws {ProtocolError} when it can't be read, or does not answer this CONNECT
 */
export function readConnackAnswer(
  packet: PacketBytes,
  { cleanStart, authenticationMethod: ours }: Pick<ConnectOptions, "cleanStart" | "authenticationMethod">,
  onAccepted: () => void,
): Connack | { readonly old: string } {
  const at = packet.start + packet.headerLength;
  const length = packet.end - at;
  const code = length < oldConnackBytes ? 0 : (packet.bytes[at + 1] ?? 0);
  if (length >= oldConnackBytes && code === 0) onAccepted();
  const old = describeOldConnack(length, code);
  if (old !== undefined) return { old };
  const connack = readConnack(packet);
  // [MQTT-3.2.2-4]
  if (connack.sessionPresent && cleanStart)
    throw protocolError("a CONNACK with Session Present for a CONNECT with Clean Start");
  const { authenticationMethod: theirs } = connack.properties;
  // [MQTT-4.12.0-5], [MQTT-4.12.0-6]
  if (theirs !== undefined && theirs !== ours)
    throw protocolError("a CONNACK with another authentication method than CONNECT");
  return connack;
}

/** The part of a CONNACK that announces something. */
type LimitsOf = Pick<Connack, "sessionPresent"> & Partial<Pick<Connack, "properties">>;

/** Reads what a CONNACK announces. Defaults: MQTT 5.0 §3.2.2.3. */
export function readLimits({ sessionPresent, properties }: LimitsOf): ServerLimits {
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
