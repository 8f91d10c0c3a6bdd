import { mqttProperties } from "../../runtime/contract/mqtt-properties.ts";
import { parseConnect } from "../../emulator/packet/connect-packet.ts";
import { checkFirstByte, parseControl } from "../../emulator/packet/control-packets.ts";
import { PacketFramer } from "../../emulator/packet/framer.ts";
import { nameKeptProperties, type NamedProperties } from "../../emulator/packet/properties.ts";
import { ProtocolViolation } from "../../emulator/packet/protocol-violation.ts";
import { parsePublish, type PublishPacket } from "../../emulator/packet/publish.ts";
import { ReasonCode } from "../../emulator/packet/reason-code.ts";
import { hex } from "./cursor.ts";
import type { Fields, Verdict } from "./verdict.ts";

/** Reads the first packet as the emulator does, and says of it what the oracle does. */
export function readOfClient(bytes: Buffer, isFirst: boolean): Verdict {
  let fields: Fields | undefined;
  const framer = new PacketFramer({
    maxPacketBytes: () => Infinity,
    checkFirstByte: (firstByte) => {
      if (fields === undefined) checkFirstByte(firstByte, isFirst);
    },
    isHalted: () => fields !== undefined, // one packet only
    onPacket: (packet) => {
      fields = readWhole(packet);
    },
  });
  try {
    framer.push(bytes);
  } catch (error) {
    if (error instanceof ProtocolViolation) return { kind: "fault", codes: new Set([error.reasonCode]) };
    throw error;
  }
  return fields === undefined ? { kind: "incomplete" } : { kind: "accepted", fields };
}

function readWhole(packet: Buffer): Fields {
  switch ((packet[0] ?? 0) >> 4) {
    case 1:
      return readConnect(packet);
    case 3:
      return publishFields(parsePublish(packet));
    default:
      return readControl(packet);
  }
}

function readControl(bytes: Buffer): Fields {
  const packet = parseControl(bytes);
  if (packet.cmd === "pingreq") return {};
  const properties = listProperties(packet.properties);
  switch (packet.cmd) {
    case "puback":
      return { packetId: packet.packetIdentifier, code: packet.reasonCode, properties };
    case "subscribe": {
      const filters = packet.subscriptions.map((asked) => ({ ...asked, filter: textHex(asked.filter) }));
      return { packetId: packet.packetIdentifier, filters, properties };
    }
    case "unsubscribe":
      return { packetId: packet.packetIdentifier, filters: packet.filters.map(textHex), properties };
    case "disconnect":
    case "auth":
      return { code: packet.reasonCode, properties };
  }
}

function readConnect(bytes: Buffer): Fields {
  const packet = parseConnect(bytes);
  if (packet.cmd === "foreign connect") {
    // MQTT 3.1 is told in its own form; to MQTT 5 it is another protocol.
    if (packet.protocolName !== "MQTT") throw new ProtocolViolation(ReasonCode.unsupportedProtocolVersion, "MQTT 3.1");
    return { version: packet.protocolVersion };
  }
  const { will, userName, password } = packet;
  return {
    version: 5,
    clientId: textHex(packet.clientId),
    clean: packet.cleanStart,
    keepAlive: packet.keepAliveSeconds,
    userName: userName === undefined ? undefined : textHex(userName),
    password: password === undefined ? undefined : hex(password),
    properties: listProperties(packet.properties),
    will: will === undefined ? undefined : willFields(will.publish, will.delaySeconds),
  };
}

function willFields(publish: PublishPacket, delaySeconds: number): Fields {
  const { topic, payload, qos, retain, properties } = publishFields(publish) as Record<string, unknown>;
  return { topic, payload, qos, retain, properties: [...(properties as Listed[]), [0x18, delaySeconds]] };
}

function publishFields(publish: PublishPacket): Fields {
  const { topic, qos, retain, dup, packetIdentifier: packetId, payload, keptProperties } = publish;
  const taken: Listed[] = [];
  if (publish.messageExpirySeconds !== undefined) taken.push([0x02, publish.messageExpirySeconds]);
  if (publish.topicAlias !== undefined) taken.push([0x23, publish.topicAlias]);
  const properties = [...listProperties(nameKeptProperties(keptProperties)), ...taken];
  return { topic: textHex(topic), qos, retain, dup, packetId, payload: hex(payload), properties };
}

type Listed = readonly [identifier: number, value: number | string];

const identifiers = new Map(Object.entries(mqttProperties).map(([id, property]) => [property?.name, Number(id)]));

function listProperties(named: NamedProperties): Listed[] {
  return Object.entries(named).flatMap(([name, value]): Listed[] => {
    const id = identifiers.get(name) ?? 0;
    if (Array.isArray(value))
      return (value as [string, string][]).map(([key, text]) => [id, `${textHex(key)}=${textHex(text)}`]);
    if (Buffer.isBuffer(value)) return [[id, hex(value)]];
    return [[id, typeof value === "string" ? textHex(value) : (value as number)]];
  });
}

function textHex(text: string): string {
  return hex(Buffer.from(text));
}
