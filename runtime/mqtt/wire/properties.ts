import { malformedPacket, protocolError } from "./protocol-error.ts";
import { checkText } from "./text.ts";
import { readUint16, readVariableInteger, variableIntegerLength } from "./variable-integer.ts";

/** Packets of a server that have properties, but for PUBLISH, which `PublishView` reads. */
export type PropertyOwner = "CONNACK" | "PUBACK" | "SUBACK" | "UNSUBACK" | "DISCONNECT" | "AUTH";

type ValueType = "byte" | "uint16" | "uint32" | "text" | "binary" | "pair";
type Value = number | string | Buffer | undefined;

interface Property {
  readonly name: string;
  readonly type: ValueType;
  readonly owners: readonly PropertyOwner[];
  /** Values that are allowed, where not all that the type has. */
  readonly least?: number;
  readonly most?: number;
}

const onlyConnack = ["CONNACK"] as const;
const flag = { type: "byte", owners: onlyConnack, most: 1 } as const;

/** Properties by identifier. Subscription Identifier and the others of PUBLISH alone are not here. @see MQTT 5.0 §2.2.2.2 */
const properties: Readonly<Partial<Record<number, Property>>> = {
  // DISCONNECT may have a Session Expiry Interval only where a client sends it: [MQTT-3.14.2-2]
  0x11: { name: "sessionExpiryInterval", type: "uint32", owners: onlyConnack },
  0x12: { name: "assignedClientIdentifier", type: "text", owners: onlyConnack },
  0x13: { name: "serverKeepAlive", type: "uint16", owners: onlyConnack },
  0x15: { name: "authenticationMethod", type: "text", owners: ["CONNACK", "AUTH"] },
  0x16: { name: "authenticationData", type: "binary", owners: ["CONNACK", "AUTH"] },
  0x1a: { name: "responseInformation", type: "text", owners: onlyConnack },
  0x1c: { name: "serverReference", type: "text", owners: ["CONNACK", "DISCONNECT"] },
  0x1f: {
    name: "reasonString",
    type: "text",
    owners: ["CONNACK", "PUBACK", "SUBACK", "UNSUBACK", "DISCONNECT", "AUTH"],
  },
  0x21: { name: "receiveMaximum", type: "uint16", owners: onlyConnack, least: 1 },
  0x22: { name: "topicAliasMaximum", type: "uint16", owners: onlyConnack },
  0x24: { name: "maximumQoS", ...flag },
  0x25: { name: "retainAvailable", ...flag },
  0x26: {
    name: "userProperties",
    type: "pair",
    owners: ["CONNACK", "PUBACK", "SUBACK", "UNSUBACK", "DISCONNECT", "AUTH"],
  },
  0x27: { name: "maximumPacketSize", type: "uint32", owners: onlyConnack, least: 1 },
  0x28: { name: "wildcardSubscriptionAvailable", ...flag },
  0x29: { name: "subscriptionIdentifiersAvailable", ...flag },
  0x2a: { name: "sharedSubscriptionAvailable", ...flag },
};

/** Values by the names above; user properties are checked and left out. */
export type PropertyValues = Readonly<Partial<Record<string, number | string | Buffer>>>;

const none: PropertyValues = {};

/**
 * Reads the length of the properties at `at`, and the properties behind it.
 * @returns what they say, and where they end
 * @throws {ProtocolError} when they can't be read, do not belong to the packet, come twice, or have a value that is not allowed
 */
export function readProperties(
  bytes: Buffer,
  at: number,
  packetEnd: number,
  owner: PropertyOwner,
): { readonly values: PropertyValues; readonly end: number } {
  const length = readVariableInteger(bytes, at, packetEnd);
  const start = at + variableIntegerLength(length);
  const end = start + length;
  if (end > packetEnd) throw malformedPacket(`a ${owner} whose properties end behind it`);
  if (length === 0) return { values: none, end };
  const values: Record<string, number | string | Buffer> = {};
  for (let position = start; position < end;) {
    const property = propertyAt(bytes, position, owner);
    const next = valueEnd(bytes, position + 1, end, property.type);
    if (next > end) throw malformedPacket(`a ${owner} whose properties end too early`);
    const value = readValue(bytes, position + 1, next, property, owner);
    if (value !== undefined) {
      if (values[property.name] !== undefined) throw protocolError(`a ${owner} with two properties ${property.name}`);
      values[property.name] = value;
    }
    position = next;
  }
  return { values, end };
}

function propertyAt(bytes: Buffer, at: number, owner: PropertyOwner): Property {
  const identifier = bytes[at] ?? 0;
  const property = properties[identifier];
  if (property?.owners.includes(owner) !== true)
    throw malformedPacket(
      `a ${owner} with the property 0x${identifier.toString(16).padStart(2, "0")}, which it can't have`,
    );
  return property;
}

function valueEnd(bytes: Buffer, at: number, end: number, type: ValueType): number {
  switch (type) {
    case "byte":
      return at + 1;
    case "uint16":
      return at + 2;
    case "uint32":
      return at + 4;
    case "text":
    case "binary":
      return at + 2 + readUint16(bytes, at, end);
    case "pair": {
      const middle = at + 2 + readUint16(bytes, at, end);
      return middle + 2 + readUint16(bytes, middle, end);
    }
  }
}

/** The value that lies whole between `at` and `end`; `undefined` for a user property, which may come more than once. */
function readValue(bytes: Buffer, at: number, end: number, property: Property, owner: PropertyOwner): Value {
  const what = `a ${owner} whose ${property.name}`;
  switch (property.type) {
    case "byte":
    case "uint16":
    case "uint32": {
      const value = bytes.readUIntBE(at, end - at);
      const { least = 0, most = Infinity } = property;
      if (value < least || value > most) throw protocolError(`${what} is ${value}`);
      return value;
    }
    case "text":
      checkText(bytes, at + 2, end, what);
      return bytes.toString("utf8", at + 2, end);
    case "binary":
      return Buffer.from(bytes.subarray(at + 2, end));
    case "pair": {
      const middle = at + 2 + bytes.readUInt16BE(at);
      checkText(bytes, at + 2, middle, what);
      checkText(bytes, middle + 2, end, what);
      return undefined;
    }
  }
}
