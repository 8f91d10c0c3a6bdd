import fc from "fast-check";

import type { TextDocument } from "../../../../runtime/contract/documents/text-document.ts";
import { readYaml, yamlLimits } from "../../../../runtime/contract/documents/yaml-text.ts";

function read(text: string): readonly TextDocument[] {
  const documents = readYaml(text, "doc.yaml");
  if ("problem" in documents) throw new Error(documents.problem);
  return documents;
}

test("reads each document of a text, and leaves out those that are empty", () => {
  const documents = read("# a comment\n---\na: 1\n---\n# nothing\n---\n- b\n...\n");

  expect(documents.map(({ value }) => value)).toEqual([{ a: 1 }, ["b"]]);
  expect(documents[1]!.positionsOf(["[0]"]).get("[0]")).toEqual({ line: 7, column: 3 });
});

test.each([
  ["on and off are texts", "a: off\nb: yes", { a: "off", b: "yes" }],
  ["true, numbers and null are what JSON has", "a: true\nb: 7\nc: ~\nd: 1e3", { a: true, b: 7, c: null, d: 1000 }],
  ["dates are texts", "a: 2026-03-01", { a: "2026-03-01" }],
  ["a byte order mark is ignored", "\uFEFFa: 1", { a: 1 }],
  ["an alias stands for what it names", "a: &x { b: 1 }\nc: *x", { a: { b: 1 }, c: { b: 1 } }],
  ["a key is a text", "1: a\ntrue: b", { 1: "a", true: "b" }],
  ["a key may be named as members of objects are", '"__proto__": a', JSON.parse('{"__proto__": "a"}')],
])("%s", (_case, text, value) => {
  expect(read(text)[0]!.value).toEqual(value);
});

test.each([
  ["a: [1, 2", "the indentation does not fit the lines before, or a bracket is missing", 1, 9],
  ['a: "hunter2', "a character such as a quote, a colon or a bracket is missing", 1, 12],
  ["a:\n\tb: 1", "a tab stands where blanks indent", 2, 1],
  ["a: @hunter2", "a value starts with a character that has to be in quotes", 1, 4],
  ["a: b: hunter2", "a key and its value stand where one value belongs", 1, 4],
  ["a: 1\n b: 2", "a key and its value stand where one value belongs", 1, 4],
])("%j: says what is wrong and where, and repeats nothing of it", (text, reason, line, column) => {
  expect(readYaml(text, "doc.yaml")).toEqual({
    problem: `is not YAML (${reason})`,
    remedy: "correct it there",
    line,
    column,
  });
});

test("refuses a key that comes twice, in any document and any object", () => {
  const slip = readYaml("a: 1\n---\nb:\n  - { c: 1, d: 2, 'c': 3 }\n", "doc.yaml");

  expect(slip).toMatchObject({ problem: "has a key twice in one object", line: 4, column: 19 });
});

test.each(["a: *hunter2", "a: &hunter2 [*hunter2]"])("refuses an alias that names nothing before it: %s", (text) => {
  expect(readYaml(text, "doc.yaml")).toMatchObject({ problem: "has an alias that names nothing before it", line: 1 });
});

test("refuses aliases that grow without bound, and takes as many as there are values left", () => {
  const item = (count: number) => `a: &a [${"x, ".repeat(99)}x]\nb: [${"*a, ".repeat(count)}*a]`;

  expect(readYaml(item(900), "doc.yaml")).not.toHaveProperty("problem");
  expect(readYaml(item(1100), "doc.yaml")).toMatchObject({
    problem: `has more than ${yamlLimits.values} values, with its aliases written out`,
  });
});

test("never throws, and never repeats a text that may be a secret", () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 30, unit: fc.constantFrom(...Array.from("[]{}:-,&*!|>'\"%@`#? \n\ta1")) }),
      (noise) => {
        const result = readYaml(`password: s3cr3t${noise}`, "doc.yaml");

        if ("problem" in result) expect(JSON.stringify(result)).not.toContain("s3cr");
      },
    ),
    { numRuns: 500 },
  );
});

test.each([
  ["words", "- ".repeat(yamlLimits.tokens), `has more than ${yamlLimits.tokens} words and marks`],
  ["documents", "--- a\n".repeat(yamlLimits.documents + 1), `has more than ${yamlLimits.documents} documents`],
])("refuses a text of too many %s", (_case, text, problem) => {
  expect(readYaml(text, "doc.yaml")).toMatchObject({ problem });
});

test.each([
  ["lists", "[".repeat(10_000)],
  ["objects", "{a: ".repeat(10_000)],
])("refuses %s that stand too deep within each other", (_case, text) => {
  expect(readYaml(text, "doc.yaml")).toHaveProperty("problem");
});
