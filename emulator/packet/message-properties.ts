import { nameKeptProperties } from "./properties.ts";

/** The properties of a PUBLISH that an application reads. */
export interface MessageProperties {
  /** `true` when the payload is said to be UTF-8 text. */
  payloadFormatIndicator?: boolean;
  contentType?: string;
  responseTopic?: string;
  correlationData?: Buffer;
  /** In the order they stand, duplicates included: `[["a", "1"], ["b", "2"], ["a", "3"]]`. */
  userProperties: (readonly [name: string, value: string])[];
}

/** Reads the kept properties of a PUBLISH, which its parser has checked. */
export function readMessageProperties(keptProperties: Buffer): MessageProperties {
  if (keptProperties.length === 0) return { userProperties: [] };
  const { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties } =
    nameKeptProperties(keptProperties);
  return {
    ...(payloadFormatIndicator === undefined ? {} : { payloadFormatIndicator: payloadFormatIndicator === 1 }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData }),
    userProperties: [...(userProperties ?? [])],
  };
}
