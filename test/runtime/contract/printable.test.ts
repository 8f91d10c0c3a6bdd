import { printable, printableLines } from "../../../runtime/contract/printable.ts";

const obeyed: readonly (readonly [kind: string, from: number, to: number])[] = [
  ["C0 control", 0x00, 0x1f],
  ["DEL and C1 controls", 0x7f, 0x9f],
  ["line and paragraph separators", 0x2028, 0x2029],
  ["bidirectional embeddings and overrides", 0x202a, 0x202e],
  ["bidirectional isolates", 0x2066, 0x2069],
  ["zero-width characters and marks", 0x200b, 0x200f],
  ["byte order mark", 0xfeff, 0xfeff],
  ["tag characters", 0xe0020, 0xe007f],
  ["halves of surrogate pairs", 0xd800, 0xdfff],
];

test.each(obeyed)("escapes each %s", (_kind, from, to) => {
  for (let code = from; code <= to; code++) {
    const shown = printable(`a${String.fromCodePoint(code)}b`);
    expect(shown).toMatch(/^a(\\u[0-9a-f]{4}){1,2}b$/);
    expect(JSON.parse(`"${shown}"`)).toBe(`a${String.fromCodePoint(code)}b`);
  }
});

test.each(["sites/oslo/temp", 'a "b" \\ c', "Ærø, 東京, 😀 —…", ""])("leaves %j as it is", (text) => {
  expect(printable(text)).toBe(text);
});

test("keeps the line feeds of a text of several lines, and nothing else of its kind", () => {
  expect(printableLines("one\n  two\r\n\u001b[2J\u0085\u2028")).toBe("one\n  two\\u000d\n\\u001b[2J\\u0085\\u2028");
});
