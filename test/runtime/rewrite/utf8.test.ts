import fc from "fast-check";

import { decodeUtf8, escapeBytes, showUtf8, withoutControls } from "../../../runtime/rewrite/utf8.ts";

test("decodes what is UTF-8, and nothing that would be other bytes when it is encoded again", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), fc.string({ unit: "binary" }), (random, text) => {
      const well = Buffer.from(text.toWellFormed());
      const bytes = Buffer.concat([Buffer.from("<"), well, Buffer.from(random), Buffer.from(">")]);

      const decoded = decodeUtf8(bytes, 1 + well.length, bytes.length - 1);

      expect(decodeUtf8(bytes, 1, 1 + well.length)).toBe(text.toWellFormed());
      if (decoded !== undefined) expect(Buffer.from(decoded).equals(Buffer.from(random))).toBe(true);
      else expect(Buffer.from(Buffer.from(random).toString()).equals(Buffer.from(random))).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["the replacement character itself", [0xef, 0xbf, 0xbd], "\u{fffd}"],
  ["half a character", [0xc3], undefined],
  ["a longer form than needed", [0xc0, 0xaf], undefined],
  ["a surrogate", [0xed, 0xa0, 0x80], undefined],
])("%s", (_case, bytes, expected) => {
  expect(decodeUtf8(Buffer.from(bytes), 0, bytes.length)).toBe(expected);
});

test("shows bytes that are no text one by one", () => {
  expect(showUtf8(Buffer.from([0x61, 0xff, 0x0a, 0x62]), 0, 4)).toBe("a\\xff\\x0ab");
  expect(showUtf8(Buffer.from("°C"), 0, 3)).toBe("°C");
});

test("escapes the characters that no MQTT text should have", () => {
  expect(withoutControls("a\u0000\u001b\u007f\u0085 °")).toBe("a\\x00\\x1b\\x7f\\x85 °");
});

test.each([
  ["a/b", "a/b"],
  ["a\xff", "a\\xff"],
  ["a\\b", "a\\x5cb"],
  ["\n\x7f", "\\x0a\\x7f"],
])("escapeBytes shows %j as %s", (bytes, shown) => {
  expect(escapeBytes(Buffer.from(bytes, "latin1"))).toBe(shown);
});

test("escapeBytes cuts a long text off", () => {
  expect(escapeBytes(Buffer.alloc(60_000, "a"))).toBe(`${"a".repeat(200)}…`);
});
