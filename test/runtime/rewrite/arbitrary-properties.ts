import fc from "fast-check";

import { encodeText, encodeUserProperty } from "../../../runtime/mqtt/publish.ts";

const text = fc.string({ unit: "grapheme", maxLength: 12 }).filter((value) => !value.includes("\u0000"));

/** Names of CloudEvents' attributes, and others that differ from them a little. */
const attributeName = fc.constantFrom(
  ...["specversion", "type", "source", "id", "subject", "time", "dataschema"],
  ...["", "Type", "tame", "iD", "sourcf", "ids", "i", "specversiom", "specversion ", "bubject", "dataSchema", "\u{e5}"],
);

/** All four that make a message a CloudEvent, so that one with all of them is not rare. */
const required = ["specversion", "type", "source", "id"].map((name) => encodeUserProperty(name, `${name} that came`));

const userProperty = fc
  .tuple(fc.oneof(attributeName, text), text)
  .map(([name, value]) => encodeUserProperty(name, value));

const textual = (identifier: number, value: fc.Arbitrary<string>) =>
  value.map((one) => Buffer.concat([Buffer.of(identifier), encodeText(one)]));

const once = fc
  .tuple(
    fc.constantFrom(Buffer.of(0x01, 0), Buffer.of(0x01, 1)),
    fc.uint8Array({ minLength: 4, maxLength: 4 }).map((seconds) => Buffer.of(0x02, ...seconds)),
    textual(0x03, text),
    textual(0x08, fc.constantFrom("a", "a/b")),
    textual(0x09, text),
  )
  .chain((properties) => fc.subarray(properties));

const subscriptionIdentifier = fc.constantFrom(Buffer.of(0x0b, 7), Buffer.of(0x0b, 0x85, 0x02));

/** The encoded properties of a PUBLISH, in any order: any of those that a server may send, attributes of CloudEvents among them. */
export const encodedProperties: fc.Arbitrary<Buffer> = fc
  .tuple(
    once,
    fc.array(subscriptionIdentifier, { maxLength: 3 }),
    fc.oneof(fc.constant<Buffer[]>([]), fc.constant(required), fc.subarray(required)),
    fc.array(userProperty, { maxLength: 6 }),
  )
  .map((groups) => groups.flat())
  .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }))
  .map((all) => Buffer.concat(all));
