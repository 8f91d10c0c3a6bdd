import { parsePropertySlices, PropertyId, readText } from "./properties.ts";

/** The properties of a PUBLISH that an application reads. */
export interface MessageProperties {
  /** `true` when the payload is said to be UTF-8 text. */
  payloadFormatIndicator?: boolean;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Buffer;
  /** In the order they stand, duplicates included: `[["a", "1"], ["b", "2"], ["a", "3"]]`. */
  userProperties: [name: string, value: string][];
}

/** Reads the kept properties of a PUBLISH, which its parser has checked. */
export function readMessageProperties(keptProperties: Buffer): MessageProperties {
  const properties: MessageProperties = { userProperties: [] };
  for (const { id, start } of parsePropertySlices(keptProperties, 0, keptProperties.length)) {
    const valueAt = start + 1;
    if (id === PropertyId.payloadFormatIndicator) properties.payloadFormatIndicator = keptProperties[valueAt] === 1;
    if (id === PropertyId.contentType) properties.contentType = readText(keptProperties, valueAt);
    if (id === PropertyId.responseTopic) properties.responseTopic = readText(keptProperties, valueAt);
    if (id === PropertyId.correlationData) {
      const length = keptProperties.readUInt16BE(valueAt);
      properties.correlationData = keptProperties.subarray(valueAt + 2, valueAt + 2 + length);
    }
    if (id === PropertyId.userProperty) {
      const name = readText(keptProperties, valueAt);
      const value = readText(keptProperties, valueAt + 2 + keptProperties.readUInt16BE(valueAt));
      properties.userProperties.push([name, value]);
    }
  }
  return properties;
}
