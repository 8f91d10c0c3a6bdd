import fc from "fast-check";

import { readJson } from "../../../../runtime/contract/documents/json-text.ts";
import { step, type TextDocument } from "../../../../runtime/contract/documents/text-document.ts";
import { readYaml } from "../../../../runtime/contract/documents/yaml-text.ts";

function read(text: string): TextDocument {
  const document = readJson(text, "doc.json");
  if ("problem" in document) throw new Error(document.problem);
  return document;
}

function positionOf(text: string, path: string) {
  return read(text).positionsOf([path]).get(path);
}

/** Paths of everything in a value. */
function pathsOf(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...entries.flatMap(([key, inner]) => pathsOf(inner, step(path, key)))];
}

const text = `{
  "a": { "b": [1, { "c": "x" }] },
  "with.dot": { "d": null }
}`;

test.each([
  ["", 1, 1],
  ["a", 2, 3],
  ["a.b", 2, 10],
  ["a.b[0]", 2, 16],
  ["a.b[1].c", 2, 21],
  ["with.dot.d", 3, 17],
])("finds where %p stands", (path, line, column) => {
  expect(positionOf(text, path)).toEqual({ line, column });
});

test.each([
  ["a.b[1].nosuch", 2, 19],
  ["a.b[7]", 2, 10],
  ["a.nosuch.c", 2, 3],
  ["nosuch", 1, 1],
  ["__proto__", 1, 1],
])("of what is not there, %p, it finds what is around it", (path, line, column) => {
  expect(positionOf(text, path)).toEqual({ line, column });
});

test("finds the same places as a reader of YAML does, of which JSON is a part", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(3), (value, indent) => {
      fc.pre(typeof value === "object" && value !== null);
      const written = JSON.stringify(value, undefined, indent);
      const paths = pathsOf(value);
      const yaml = readYaml(written, "doc.yaml");
      fc.pre(!("problem" in yaml));

      expect(read(written).positionsOf(paths)).toEqual((yaml as TextDocument[])[0]!.positionsOf(paths));
    }),
  );
});

test("takes the comments of a template, and finds what stands behind them", () => {
  const commented = '{ // one "quote\n  /* two\n lines */ "a": "http://x", "b": 1 /**/ }';

  expect(read(commented).value).toEqual({ a: "http://x", b: 1 });
  expect(positionOf(commented, "a")).toEqual({ line: 3, column: 11 });
});

test.each([
  ["an object", '{"a": 1, "b": 2,\n "a": 3}', 2, 2],
  ["an object in a list", '[{"a": 1}, {"b": {"c": 1, "c": 1}}]', 1, 27],
  ["a key that is written otherwise", '{"a": 1, "\\u0061": 2}', 1, 10],
])("refuses a key that comes twice in %s", (_case, twice, line, column) => {
  expect(readJson(twice, "doc.json")).toMatchObject({ problem: "has a key twice in one object", line, column });
});

test("takes the same key in two objects, and a text that is like a key", () => {
  expect(read('[{"a": "a"}, {"a": ["a", "a"]}]').value).toEqual([{ a: "a" }, { a: ["a", "a"] }]);
});

test("goes through an object of many keys, and through many lists within each other, in little time", () => {
  const keys = JSON.stringify(Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`k${index}`, 1])));
  const lists = "[".repeat(500_000) + "]".repeat(500_000);

  expect(read(keys).positionsOf(["k59999"]).get("k59999")?.line).toBe(1);
  expect(read(lists).positionsOf([""]).get("")).toEqual({ line: 1, column: 1 });
});
