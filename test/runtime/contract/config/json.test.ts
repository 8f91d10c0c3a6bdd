import fc from "fast-check";

import { parseJson } from "../../../../runtime/contract/config/json.ts";

describe("parseJson", () => {
  test.each([
    ["an object", '{"a": [1, "b", null, true]}', { a: [1, "b", null, true] }],
    ["a byte order mark before it", '\uFEFF{"a":1}', { a: 1 }],
    ["white space around it", "\n 7 \n", 7],
  ])("reads %s", (_case, text, value) => {
    expect(parseJson(text)).toEqual({ value });
  });

  test.each([
    ["nothing", "", "Unexpected end of JSON input", 1, 1],
    ["an open object", '{"a":1', "Expected ',' or '}' after property value", 1, 7],
    ["a comma too many", '{\n  "a": 1,\n}', "Expected double-quoted property name", 3, 1],
    ["a missing comma", '{"a": 1\n "b": 2}', "Expected ',' or '}' after property value", 2, 2],
    ["a value without quotes", '{\n  "a": hunter2\n}', "Unexpected token 'h'", 2, 8],
    ["a slip far from the start", `{"a": "${"x".repeat(500)}",\n "b": tru}`, "Unexpected token '}'", 2, 10],
    ["a line break in a text", '{"a": "x\ny"}', "Bad control character in string literal", 1, 9],
    ["text after the end", '{"a": 1} x', "Unexpected non-whitespace character after JSON", 1, 10],
    ["JavaScript's undefined", "undefined", "Unexpected text", 1, 1],
    ["single quotes", "{'a': 1}", "Expected property name or '}'", 1, 2],
  ])("says where %s stops being JSON", (_case, text, problem, line, column) => {
    expect(parseJson(text)).toEqual({ problem, line, column });
  });

  test("never repeats more than one character of the document", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (noise) => {
        const result = parseJson(`{"password": s3cr3t${noise}`);
        expect(JSON.stringify(result)).not.toContain("s3cr");
      }),
    );
  });

  test("reads what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parseJson(JSON.stringify(value))).toEqual({ value: JSON.parse(JSON.stringify(value)) as unknown });
      }),
    );
  });
});
