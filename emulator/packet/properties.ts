import { mqttProperties } from "../../runtime/contract/mqtt-properties.ts";
import type { Property, PropertyOwner, PropertyType } from "../../runtime/contract/mqtt-properties.ts";
import { malformed, protocolError, Reader } from "./reader.ts";

/** One property where it stands: the bytes from `start` up to, and without, `end`. */
export interface PropertySlice {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Takes the properties at the reader apart, in the order they stand.
 * @throws {ProtocolViolation} when one is malformed, belongs elsewhere, is out of its bounds, or there twice although it may be
 *   there once
 */
export function readProperties(reader: Reader, owner: PropertyOwner): PropertySlice[] {
  const length = reader.variableInteger();
  return length === 0 ? [] : listProperties(reader.part(length), owner);
}

function listProperties(part: Reader, owner: PropertyOwner): PropertySlice[] {
  const slices: PropertySlice[] = [];
  const seen: number[] = []; // the table bounds how many of them there are
  // User properties come in runs.
  let last: Property | undefined;
  let lastId = -1;
  while (!part.isAtEnd()) {
    const start = part.at;
    const id = part.byte();
    const property = id === lastId ? last : mqttProperties[id];
    if (property === undefined || (property !== last && !property.owners.includes(owner))) {
      throw malformed(`a ${owner} can't have the property 0x${id.toString(16).padStart(2, "0")}`);
    }
    [lastId, last] = [id, property];
    checkValue(part, property, owner);
    if (property.isRepeatable !== true) {
      if (seen.includes(id)) throw protocolError(`a ${owner} has the property ${property.name} twice`);
      seen.push(id);
    }
    slices.push({ id, start, end: part.at });
  }
  return slices;
}

/** Reads past a value. Texts are not decoded: most go on to subscribers as the bytes they are. */
function checkValue(reader: Reader, property: Property, owner: PropertyOwner): void {
  if (property.type === "text") reader.skipText();
  else if (property.type === "binary") reader.binary();
  else if (property.type === "pair") {
    reader.skipText();
    reader.skipText();
  } else {
    const { name, type, least = 0, most = Infinity } = property;
    const value = readNumber(reader, type);
    if (value < least || value > most) throw protocolError(`${name} of a ${owner} is ${value}`);
  }
}

function readNumber(reader: Reader, type: NumberType): number {
  switch (type) {
    case "byte":
      return reader.byte();
    case "uint16":
      return reader.uint16();
    case "uint32":
      return reader.uint32();
    case "variableInteger":
      return reader.variableInteger();
  }
}

type NumberType = Exclude<PropertyType, "text" | "binary" | "pair">;

/** The properties that handlers and rules of a profile ask for, by name. */
export interface NamedProperties {
  readonly sessionExpiryInterval?: number;
  readonly receiveMaximum?: number;
  readonly maximumPacketSize?: number;
  readonly authenticationMethod?: string;
  readonly authenticationData?: Buffer;
  readonly subscriptionIdentifier?: number;
  readonly payloadFormatIndicator?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
  /** In the order they stand. */
  readonly userProperties?: readonly (readonly [name: string, value: string])[];
}

/** Names the properties of a packet, whose bytes may be overwritten afterwards. */
export function nameProperties(bytes: Buffer, slices: readonly PropertySlice[]): NamedProperties {
  const named: Record<string, unknown> = {};
  const userProperties: [name: string, value: string][] = [];
  for (const { id, start, end } of slices) {
    const reader = new Reader(bytes, start + 1, end, "property");
    const { name = "", type = "binary" } = mqttProperties[id] ?? {};
    if (type === "pair") userProperties.push([reader.text(), reader.text()]);
    else if (type === "text") named[name] = reader.text();
    else named[name] = type === "binary" ? Buffer.from(reader.binary()) : readNumber(reader, type);
  }
  return userProperties.length === 0 ? named : { ...named, userProperties };
}

/** Names properties that stand without their length, such as those that a message keeps. */
export function nameKeptProperties(kept: Buffer): NamedProperties {
  return nameProperties(kept, listProperties(new Reader(kept, 0, kept.length, "PUBLISH"), "PUBLISH"));
}

/** Writes a variable byte integer and returns where it ends. */
export function writeVariableInteger(bytes: Buffer, value: number, at: number): number {
  let rest = value;
  let end = at;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    bytes[end] = rest > 0 ? byte + 128 : byte;
    end += 1;
  } while (rest > 0);
  return end;
}

/** Bytes that a variable byte integer takes: 1 to 4. */
export function variableIntegerBytes(value: number): number {
  if (value < 2 ** 7) return 1;
  if (value < 2 ** 14) return 2;
  return value < 2 ** 21 ? 3 : 4;
}
