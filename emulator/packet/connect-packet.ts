import { readerOf } from "./control-packets.ts";
import { nameProperties, readProperties } from "./properties.ts";
import type { NamedProperties } from "./properties.ts";
import { ProtocolViolation } from "./protocol-violation.ts";
import { keepProperties } from "./publish.ts";
import type { PublishPacket } from "./publish.ts";
import { malformed, protocolError } from "./reader.ts";
import type { Reader } from "./reader.ts";
import { ReasonCode } from "./reason-code.ts";

/** The will message that a CONNECT has. @see MQTT 5.0 §3.1.2.5 */
export interface Will {
  readonly publish: PublishPacket;
  readonly delaySeconds: number;
}

/** A CONNECT of MQTT 5. */
export interface ConnectPacket {
  readonly cmd: "connect";
  readonly clientId: string;
  readonly cleanStart: boolean;
  readonly keepAliveSeconds: number;
  readonly userName: string | undefined;
  readonly password: Buffer | undefined;
  readonly properties: NamedProperties;
  readonly will: Will | undefined;
}

/** A CONNECT of another version of MQTT, of which nothing more is read. */
export interface ForeignConnect {
  readonly cmd: "foreign connect";
  /** `"MQTT"`, or `"MQIsdp"` of MQTT 3.1. */
  readonly protocolName: string;
  readonly protocolVersion: number;
}

const mqtt5 = 5;
const mqtt31 = 3;

/**
 * Parses a whole CONNECT. Copies what lasts.
 * @throws {ProtocolViolation} when it breaks a rule of MQTT 5.0 §3.1
 */
export function parseConnect(packet: Buffer): ConnectPacket | ForeignConnect {
  const reader = readerOf(packet, "CONNECT");
  const protocolName = reader.text();
  const protocolVersion = reader.byte();
  const isOld = protocolName === "MQIsdp" && protocolVersion === mqtt31;
  // [MQTT-3.1.2-1]
  if (protocolName !== "MQTT" && !isOld) {
    const what = `the protocol "${protocolName}" is not spoken here`;
    throw new ProtocolViolation(ReasonCode.unsupportedProtocolVersion, what);
  }
  if (protocolVersion !== mqtt5) return { cmd: "foreign connect", protocolName, protocolVersion };
  const flags = readConnectFlags(reader.byte());
  const keepAliveSeconds = reader.uint16();
  const properties = nameProperties(reader.bytes, readProperties(reader, "CONNECT"));
  if (properties.authenticationData !== undefined && properties.authenticationMethod === undefined) {
    throw protocolError("Authentication Data comes without Authentication Method"); // §3.1.2.11.10
  }
  const clientId = reader.text();
  const will = flags.hasWill ? readWill(reader, flags) : undefined;
  const userName = flags.hasUserName ? reader.text() : undefined;
  const password = flags.hasPassword ? Buffer.from(reader.binary()) : undefined;
  reader.finish();
  const { cleanStart } = flags;
  return { cmd: "connect", clientId, cleanStart, keepAliveSeconds, userName, password, properties, will };
}

interface ConnectFlags {
  readonly cleanStart: boolean;
  readonly hasWill: boolean;
  readonly willQos: number;
  readonly willRetain: boolean;
  readonly hasPassword: boolean;
  readonly hasUserName: boolean;
}

function readConnectFlags(flags: number): ConnectFlags {
  const isSet = (bit: number) => (flags & bit) !== 0;
  const [hasWill, willQos, willRetain] = [isSet(0x04), (flags >> 3) & 0x03, isSet(0x20)];
  if (isSet(0x01)) throw malformed("the reserved Connect Flag is set"); // [MQTT-3.1.2-3]
  if (willQos === 3) throw malformed("the Will QoS is 3"); // [MQTT-3.1.2-12]
  // [MQTT-3.1.2-11], [MQTT-3.1.2-13]
  if (!hasWill && (willQos > 0 || willRetain)) throw malformed("the Connect Flags describe a will that is not there");
  return { cleanStart: isSet(0x02), hasWill, willQos, willRetain, hasPassword: isSet(0x40), hasUserName: isSet(0x80) };
}

function readWill(reader: Reader, { willQos: qos, willRetain: retain }: ConnectFlags): Will {
  const properties = keepProperties(reader.bytes, readProperties(reader, "will"));
  const topic = reader.text();
  const payload = Buffer.from(reader.binary());
  const { willDelaySeconds: delaySeconds = 0, messageExpirySeconds } = properties;
  const keptProperties = Buffer.from(properties.keptProperties);
  const publish = { topic, qos, retain, dup: false, packetIdentifier: 1, payload, keptProperties };
  return {
    publish: messageExpirySeconds === undefined ? publish : { ...publish, messageExpirySeconds },
    delaySeconds,
  };
}
