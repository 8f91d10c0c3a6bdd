import fc from "fast-check";

import { ProtocolError } from "../../../../runtime/mqtt/wire/protocol-error.ts";
import { checkText, checkTopicName } from "../../../../runtime/mqtt/wire/text.ts";

type Check = typeof checkText;

/** Reason code of what is wrong with a text that stands anywhere in other bytes; 0 when nothing is. */
function faultOf(check: Check, text: Buffer, before = 0): number {
  const bytes = Buffer.concat([Buffer.alloc(before, 0xff), text, Buffer.from([0xff, 0, 0x23])]);
  try {
    check(bytes, before, before + text.length, "a text that");
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return (error as ProtocolError).reasonCode;
  }
  return 0;
}

describe.each([
  ["checkText", checkText],
  ["checkTopicName", checkTopicName],
] as const)("%s", (_name, check) => {
  test("takes every text that has no U+0000 and no wildcard, wherever it stands", () => {
    const text = fc.string({ unit: "binary", maxLength: 40 }).filter((value) => !/[\0+#]/.test(value));
    fc.assert(
      fc.property(text, fc.nat(7), (value, before) => {
        expect(faultOf(check, Buffer.from(value.toWellFormed()), before)).toBe(0);
      }),
    );
  });

  test("finds one bad byte at every place of a text of every length", () => {
    for (let length = 1; length <= 20; length++) {
      for (let at = 0; at < length; at++) {
        for (const bad of [0x00, 0x80, 0xff]) {
          const text = Buffer.alloc(length, "a");
          text[at] = bad;
          expect(faultOf(check, text, length % 4)).toBe(0x81);
        }
      }
    }
  });
});

test("only a topic name may have no wildcard, at any place", () => {
  for (let length = 1; length <= 20; length++) {
    for (let at = 0; at < length; at++) {
      for (const wildcard of ["+", "#"]) {
        const text = Buffer.alloc(length, "é/");
        if (text.length % 3 !== 0) text.fill("a");
        text.fill("a", at);
        text.write(wildcard, at);
        if (faultOf(checkText, text) !== 0) continue; // a character was cut
        expect(faultOf(checkTopicName, text)).toBe(0x82);
      }
    }
  }
});
