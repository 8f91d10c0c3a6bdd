import { PropertyId } from "../contract/mqtt-properties.ts";
import { encodeUserProperty, forEachProperty, isHopProperty, type PropertiesView } from "../mqtt/publish.ts";

/** User property that counts the relays which a message has passed. Each relay that counts raises it by one. */
export const hopProperty = "mqtt-dataflow-hops";

const name = Buffer.from(hopProperty);

/** How many relays that count hops a message has passed; a property that is no number counts as none. */
export function readHops(properties: PropertiesView): number {
  let hops = 0;
  forEachProperty(properties, (identifier, start, end) => {
    if (!isHopCount(properties.bytes, identifier, start)) return;
    const text = properties.bytes.toString("latin1", start + 5 + name.length, end);
    if (/^[0-9]{1,9}$/.test(text)) hops = Number(text);
  });
  return hops;
}

/** Makes the properties of a message that has passed so many relays; those of its connection are left out. */
export function writeHops(properties: PropertiesView, hops: number): Buffer {
  const kept: Buffer[] = [];
  forEachProperty(properties, (identifier, start, end) => {
    if (!isHopProperty(identifier) && !isHopCount(properties.bytes, identifier, start))
      kept.push(properties.bytes.subarray(start, end));
  });
  return Buffer.concat([...kept, encodeHops(hops)]);
}

/** Encodes the user property that counts hops. */
export function encodeHops(hops: number): Buffer {
  return encodeUserProperty(hopProperty, String(hops));
}

/** Tells whether the property that begins at `start` is the user property that counts hops. */
export function isHopCount(bytes: Buffer, identifier: number, start: number): boolean {
  if (identifier !== PropertyId.userProperty || bytes.readUInt16BE(start + 1) !== name.length) return false;
  return bytes.compare(name, 0, name.length, start + 3, start + 3 + name.length) === 0;
}
