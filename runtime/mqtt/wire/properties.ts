import {
  mqttProperties,
  type Property,
  type PropertyOwner,
  type PropertyType,
} from "../../contract/mqtt-properties.ts";
import { malformedPacket, protocolError } from "./protocol-error.ts";
import { checkText } from "./text.ts";
import { readUint16, readVariableInteger, variableIntegerLength } from "./variable-integer.ts";

/** Packets of a server that have properties, but for PUBLISH, which `PublishView` reads. */
export type ServerPropertyOwner = Extract<
  PropertyOwner,
  "CONNACK" | "PUBACK" | "SUBACK" | "UNSUBACK" | "DISCONNECT" | "AUTH"
>;

type Value = number | string | Buffer | undefined;

/** Values by the names that {@link mqttProperties} has; user properties are checked and left out. */
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
  owner: ServerPropertyOwner,
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

function propertyAt(bytes: Buffer, at: number, owner: ServerPropertyOwner): Property {
  const identifier = bytes[at] ?? 0;
  const property = mqttProperties[identifier];
  if (property?.owners.includes(owner) !== true)
    throw malformedPacket(
      `a ${owner} with the property 0x${identifier.toString(16).padStart(2, "0")}, which it can't have`,
    );
  return property;
}

function valueEnd(bytes: Buffer, at: number, end: number, type: PropertyType): number {
  switch (type) {
    case "byte":
      return at + 1;
    case "uint16":
      return at + 2;
    case "uint32":
      return at + 4;
    case "variableInteger":
      return at + variableIntegerLength(readVariableInteger(bytes, at, end));
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
function readValue(bytes: Buffer, at: number, end: number, property: Property, owner: ServerPropertyOwner): Value {
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
    case "variableInteger":
      return readVariableInteger(bytes, at, end);
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
